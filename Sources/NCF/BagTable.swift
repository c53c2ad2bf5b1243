import CKernels

/// The trainable embeddings of the features in the bags of a table's rows, and the optimiser's state for them.
///
/// The table's rows hold the sums, ID and bag together, so that a step of training knows no bags. Since all rows with a
/// feature share its gradient, it is gathered over many batches and then stepped on once: ``settle(rows:loop:optimizer:)``. That
/// costs O(entries · stride), which for one batch at a time would be many times the batch's own cost.
final class BagTable: Sendable {
    private static let rowsPerTask = 32

    let bags: FeatureBags
    let stride: Int
    /// Features × stride, laid out as the table's rows.
    let features: AlignedBuffer<Float>
    /// Rows × stride: what the batches since the last settlement would have the rows' sums do.
    let rowGradients: AlignedBuffer<Float>
    /// Features × stride: what of it does not pass through a feature, for its row was computed without it.
    let ownGradients: AlignedBuffer<Float>
    private let state: OptimizerState
    private let steps: AlignedBuffer<Int32>

    /// All zero; the optimiser remembers `numbers` of each parameter.
    init(bags: FeatureBags, stride: Int, numbers: Int) {
        self.bags = bags
        self.stride = stride
        let count = bags.byFeature.count * stride
        features = AlignedBuffer(count: count, repeating: 0)
        rowGradients = AlignedBuffer(count: bags.byRow.count * stride, repeating: 0)
        ownGradients = AlignedBuffer(count: count, repeating: 0)
        state = OptimizerState(count: count, numbers: numbers)
        steps = AlignedBuffer(count: 1, repeating: 0)
    }

    /// The features, and what the optimiser knows of them; to be taken after a settlement, when nothing is gathered.
    func checkpointParts(_ name: String, _ withState: Bool) -> [CheckpointPart] {
        [.numbers("\(name).features", features)]
            + (withState ? state.checkpointParts(name) + [.counts("\(name).steps", steps)] : [])
    }

    /// Overwrites one column block of every feature: `width` elements from `offset` on.
    func setColumns(offset: Int, width: Int, to values: [Float]) {
        precondition(values.count == bags.byFeature.count * width)
        for feature in 0..<bags.byFeature.count {
            for k in 0..<width { features[feature * stride + offset + k] = values[feature * width + k] }
        }
    }

    /// Reads one column block of every feature: `width` elements from `offset` on.
    func columns(offset: Int, width: Int) -> [Float] {
        (0..<bags.byFeature.count * width).map { features[$0 / width * stride + offset + $0 % width] }
    }

    /// Adds each row's bag to `rows`: for rows that hold their IDs alone.
    func addSums(to rows: AlignedBuffer<Float>, loop: ParallelLoop) {
        add(features, to: rows, loop)
    }

    /// One step on every feature by what has been gathered; `rows` follow.
    func settle(rows: AlignedBuffer<Float>, loop: ParallelLoop, optimizer: Optimizer) {
        steps[0] += 1
        forEach(bags.byFeature.count, loop) { feature in
            let start = feature * stride
            unsafe add(rowGradients, over: bags.byFeature, of: feature, to: ownGradients.base + start)
            unsafe step(feature, change: ownGradients.base + start, optimizer)
        }
        add(ownGradients, to: rows, loop)
        rowGradients.fill(0)
        ownGradients.fill(0)
    }

    /// Steps on one feature by the gradient at `change`, which becomes what the feature has changed by.
    private func step(_ feature: Int, change: UnsafeMutablePointer<Float>, _ optimizer: Optimizer) {
        let start = feature * stride
        let own = unsafe features.base + start
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: stride) { before in
            for k in 0..<stride { unsafe before[k] = own[k] }
            unsafe state.step(
                from: start, count: stride, parameters: own, gradient: change, decay: 0, optimizer: optimizer,
                step: Int(steps[0]))
            for k in 0..<stride { unsafe change[k] = own[k] - before[k] }
        }
    }

    /// Adds to every row the weighted sum of `values` over its features.
    private func add(_ values: AlignedBuffer<Float>, to rows: AlignedBuffer<Float>, _ loop: ParallelLoop) {
        precondition(rows.count == bags.byRow.count * stride)
        forEach(bags.byRow.count, loop) { row in
            unsafe add(values, over: bags.byRow, of: row, to: rows.base + row * stride)
        }
    }

    private func add(
        _ values: AlignedBuffer<Float>, over side: FeatureBags.Side, of index: Int, to sum: UnsafeMutablePointer<Float>
    ) {
        let entries = side.entries(of: index)
        unsafe side.indices.withUnsafeBufferPointer { indices in
            unsafe side.weights.withUnsafeBufferPointer { weights in
                guard let indices = indices.baseAddress, let weights = weights.baseAddress else { return }
                unsafe nectar_add_rows(
                    Int32(stride), Int32(entries.count), indices + entries.lowerBound, weights + entries.lowerBound,
                    values.base, sum)
            }
        }
    }

    private func forEach(_ count: Int, _ loop: ParallelLoop, _ body: @Sendable (Int) -> Void) {
        loop.run(tasks: (count + Self.rowsPerTask - 1) / Self.rowsPerTask) { _, task in
            for index in task * Self.rowsPerTask..<min(count, (task + 1) * Self.rowsPerTask) { body(index) }
        }
    }
}
