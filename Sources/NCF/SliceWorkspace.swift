/// The scratch memory of one worker: the activations and gradients of one slice of a mini-batch.
final class SliceWorkspace: Sendable {
    let userInputs: AlignedBuffer<Float>
    let itemInputs: AlignedBuffer<Float>
    /// Of the first layer, the part that the samples of a group share.
    let groupSums: AlignedBuffer<Float>
    /// One per layer.
    let activations: [AlignedBuffer<Float>]
    /// One per layer: the loss's gradient before its ReLU.
    let gradients: [AlignedBuffer<Float>]
    /// One row of an embedding table, at least.
    let row: AlignedBuffer<Float>

    init(groups: Int, samplesPerGroup: Int, model: TrainableModel) {
        let samples = groups * samplesPerGroup
        let mlp = model.users.mlp
        let sizes = model.dense.layerSizes.map(\.output)
        userInputs = AlignedBuffer(count: groups * mlp, repeating: 0)
        itemInputs = AlignedBuffer(count: samples * mlp, repeating: 0)
        groupSums = AlignedBuffer(count: groups * (sizes.first ?? 0), repeating: 0)
        activations = sizes.map { AlignedBuffer(count: samples * $0, repeating: 0) }
        gradients = sizes.map { AlignedBuffer(count: samples * $0, repeating: 0) }
        row = AlignedBuffer(count: model.users.stride, repeating: 0)
    }
}
