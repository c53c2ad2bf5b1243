import CKernels

/// Inverted dropout (Srivastava et al. 2014) on the outputs of the dense layers: in training each is left out with a probability,
/// and the others are scaled up so that their mean stays; serving does nothing.
///
/// What is left out of a sample depends on the seed, the epoch, the place of its group in it, the layer and the output alone, not
/// on who computes it.
struct Dropout: Sendable {
    private let seed: UInt64
    /// Hashes below are left out.
    private let threshold: UInt32
    /// What the others are multiplied with.
    let scale: Float

    /// nil where nothing is left out.
    init?(rate: Double, seed: UInt64) {
        guard rate > 0 else { return nil }
        self.seed = seed
        threshold = UInt32((rate * 0x1p32).rounded())
        scale = Float(1 / (1 - rate))
    }

    /// Where the hashes of a group begin, for one of its layers.
    func key(epoch: Int, place: Int, layer: Int) -> UInt64 {
        // Positive epochs begin the streams of orders and initial values, negative ones those of negatives.
        var random = SplitMix64(seed: seed, Int.min + epoch, place)
        for _ in 0..<layer { _ = random.next() }
        return random.next()
    }

    /// Drops out of the outputs of a layer for the samples of one group, `count` in all.
    func apply(to outputs: UnsafeMutablePointer<Float>, count: Int, key: UInt64) {
        unsafe nectar_dropout(Int32(count), key, threshold, scale, outputs)
    }
}

extension TrainingStep {
    /// Drops out of one layer's activations of the groups `range` of `batch`, which begin at `activations`.
    func drop(
        _ dropout: Dropout, layer: Int, outputs: Int, groups range: Range<Int>, of batch: MiniBatch,
        _ activations: UnsafeMutablePointer<Float>
    ) {
        let count = samplesPerGroup * outputs
        for group in range {
            let key = dropout.key(epoch: batch.epoch, place: batch.firstPlace + group, layer: layer)
            unsafe dropout.apply(to: activations + (group - range.lowerBound) * count, count: count, key: key)
        }
    }
}
