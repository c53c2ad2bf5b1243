import CKernels

/// What the optimiser remembers of some parameters; no memory for what its method does not.
///
/// Different threads may step on different parameters at once.
@safe
final class OptimizerState: Sendable {
    private let first: AlignedBuffer<Float>
    private let second: AlignedBuffer<Float>

    /// `numbers` (0 to 2) zeros for each of `count` parameters.
    init(count: Int, numbers: Int) {
        first = AlignedBuffer(count: numbers > 0 ? count : 0, repeating: 0)
        second = AlignedBuffer(count: numbers > 1 ? count : 0, repeating: 0)
    }

    /// One step on `count` parameters from `start` on, which lie at `parameters`; for them it is the `step`th, the first being 1.
    ///
    /// `decay` times the parameter is added to the gradient first (L2). Both pointers hold `count` elements.
    func step(
        from start: Int, count: Int, parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        decay: Float, optimizer: Optimizer, step: Int
    ) {
        let (size, rate) = (Int32(count), Float(optimizer.learningRate))
        // Everything the method remembers is there: the trap for a state that was made for another one.
        precondition(optimizer.numbersPerParameter < 1 || start + count <= first.count)
        precondition(optimizer.numbersPerParameter < 2 || start + count <= second.count)
        switch optimizer.method {
        case .adam:
            let correction = optimizer.correction(step: step)
            unsafe nectar_adam(
                size, parameters, first.base + start, second.base + start, gradient, decay, rate,
                Float(Optimizer.beta1), Float(Optimizer.beta2), Float(Optimizer.epsilon), correction.first,
                correction.second)
        case .adagrad:
            unsafe nectar_adagrad(
                size, parameters, first.base + start, gradient, decay, rate, Float(Optimizer.adagradEpsilon))
        case .sgd where optimizer.momentum > 0:
            unsafe nectar_momentum(
                size, parameters, first.base + start, gradient, decay, rate, Float(optimizer.momentum))
        case .sgd:
            unsafe nectar_descend(size, parameters, gradient, decay, rate)
        }
    }

    /// What is remembered, to be kept.
    func checkpointParts(_ name: String) -> [CheckpointPart] {
        [.numbers("\(name).first", first), .numbers("\(name).second", second)]
    }

    /// Asks for what is remembered of `count` parameters from `start` on to be brought near.
    func prefetch(from start: Int, count: Int) {
        let bytes = Int64(count * MemoryLayout<Float>.size)
        if start + count <= first.count { unsafe nectar_prefetch(first.base + start, bytes) }
        if start + count <= second.count { unsafe nectar_prefetch(second.base + start, bytes) }
    }
}
