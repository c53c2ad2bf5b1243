/// The scratch memory of one worker: the activations and gradients of one slice of a mini-batch.
///
/// Slices take its addresses rather than itself: to hold an object is to write to it, which threads that hold the same ones wait for
/// each other for.
@safe
// Unchecked: one worker at a time uses what is at the addresses.
final class SliceWorkspace: @unchecked Sendable {
    /// One dense layer.
    @unsafe
    struct Layer: BitwiseCopyable {
        let input: Int
        let output: Int
        /// Where W and b begin among the dense parameters.
        let weights: Int
        let bias: Int
        /// The slice's samples × ``output``.
        let activations: UnsafeMutablePointer<Float>
        /// The loss's gradient before its ReLU.
        let gradients: UnsafeMutablePointer<Float>
    }

    /// Where it all lies.
    @unsafe
    struct Addresses: BitwiseCopyable {
        let userInputs: UnsafeMutablePointer<Float>
        let itemInputs: UnsafeMutablePointer<Float>
        /// Of the first layer, the part that the samples of a group share.
        let groupSums: UnsafeMutablePointer<Float>
        /// One row of an embedding table, at least.
        let row: UnsafeMutablePointer<Float>
        /// The gradients of the rows of a task.
        let rowGradients: UnsafeMutablePointer<Float>
        let layers: UnsafeBufferPointer<Layer>
    }

    let addresses: Addresses
    private let numbers: AlignedBuffer<Float>
    private let layers: UnsafeMutableBufferPointer<Layer>

    /// For slices of so many groups, and tasks of so many rows.
    init(groups: Int, samplesPerGroup: Int, rows: Int, model: TrainableModel) {
        let samples = groups * samplesPerGroup
        let (mlp, stride) = (model.users.mlp, model.users.stride)
        let sizes = model.dense.layerSizes
        let counts =
            [groups * mlp, samples * mlp, groups * (sizes.first?.output ?? 0), stride, rows * stride]
            + sizes.flatMap { [samples * $0.output, samples * $0.output] }
        // Each begins a cache line.
        let lines = counts.map { ($0 + 15) / 16 * 16 }
        numbers = AlignedBuffer(count: lines.reduce(0, +), repeating: 0)
        var next = unsafe numbers.base
        var parts = unsafe lines.map { count in
            defer { unsafe next += count }
            return unsafe next
        }[...]
        let (userInputs, itemInputs, groupSums) = unsafe (parts.removeFirst(), parts.removeFirst(), parts.removeFirst())
        let (row, rowGradients) = unsafe (parts.removeFirst(), parts.removeFirst())
        unsafe layers = .allocate(capacity: sizes.count)
        for (index, (size, offset)) in zip(sizes, model.dense.layerOffsets).enumerated() {
            unsafe layers.initializeElement(
                at: index,
                to: Layer(
                    input: size.input, output: size.output, weights: offset.weights, bias: offset.bias,
                    activations: parts.removeFirst(), gradients: parts.removeFirst()))
        }
        unsafe addresses = unsafe Addresses(
            userInputs: userInputs, itemInputs: itemInputs, groupSums: groupSums, row: row, rowGradients: rowGradients,
            layers: UnsafeBufferPointer(layers))
    }

    deinit {
        unsafe layers.deallocate()
    }
}
