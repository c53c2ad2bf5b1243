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
            unsafe nectar_adam(
                optimizer.adam, size, optimizer.correction(step: step), decay, parameters, first.base + start,
                second.base + start, gradient)
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

    /// One step of Adam on the rows in `slots` of `groups`, of `stride` parameters each, which lie at `rows` and have taken `steps`.
    ///
    /// Their `gradients` follow each other; `decay` is that of one sample.
    func stepByAdam(
        on rows: AlignedBuffer<Float>, stride: Int, steps: AlignedBuffer<Int32>, _ slots: Range<Int>,
        of groups: RowGroups, gradients: UnsafePointer<Float>, decay: Float, optimizer: Optimizer
    ) {
        precondition(rows.count <= first.count && rows.count <= second.count)
        let table = unsafe nectar_adam_table(
            stride: Int32(stride), rows: rows.base, first: first.base, second: second.base, steps: steps.base)
        unsafe optimizer.corrections.withUnsafeBufferPointer { corrections in
            guard let base = corrections.baseAddress else { return }
            unsafe nectar_adam_rows(
                optimizer.adam, table, groups.kernelGroups, Int32(slots.lowerBound), Int32(slots.upperBound), base,
                Int32(corrections.count), decay, gradients)
        }
    }
}
