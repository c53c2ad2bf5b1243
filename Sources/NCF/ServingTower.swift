internal import CKernels

/// The dense layers in the form that serving's kernels read: weights in groups of outputs, padded with zeros.
///
/// Made once per model, of a few hundred kilobytes at most; immutable.
@safe
// Unchecked: all memory is written in init only.
final class ServingTower: @unchecked Sendable {
    private let memory: AlignedBuffer<Float>
    private let layers: UnsafeMutablePointer<nectar_serving_layer>
    private let tower: UnsafeMutablePointer<nectar_serving_tower>
    private let kernels: ServingKernels
    private let inputs: Int
    /// Outputs of the first layer.
    let half: Int
    /// How many elements of scratch memory scoring needs.
    let scratchCount: Int
    /// Multiplications for one item.
    let multiplications: Int

    /// - Parameters:
    ///   - layers: All dense layers; with none the tower is silent.
    ///   - outputWeights: The tower's part of h.
    init(_ layers: [ScoringModel.Layer], mlpWidth: Int, outputWeights: [Float], kernels: ServingKernels) {
        let group = Int(NECTAR_TOWER_GROUP)
        func padded(_ count: Int) -> Int { (count + group - 1) / group * group }
        let later = layers.dropFirst()
        half = layers.first?.outputs ?? 0
        inputs = mlpWidth
        self.kernels = kernels
        multiplications = later.reduce(outputWeights.count) { $0 + $1.inputs * $1.outputs }
        scratchCount = Int(NECTAR_TOWER_ROWS) * later.reduce(half) { $0 + padded($1.outputs) }
        // The first layer's left half, for users, then its bias.
        var numbers: [Float] = []
        for input in 0..<(half > 0 ? mlpWidth : 0) {
            for output in 0..<half { numbers.append(layers[0].weights[output * layers[0].inputs + input]) }
        }
        numbers += layers.first.map { Array($0.bias) } ?? []
        var offsets: [(weights: Int, bias: Int)] = []
        for layer in later {
            let weights = numbers.count
            for first in stride(from: 0, to: layer.outputs, by: group) {
                for input in 0..<layer.inputs {
                    for output in first..<first + group {
                        numbers.append(output < layer.outputs ? layer.weights[output * layer.inputs + input] : 0)
                    }
                }
            }
            offsets.append((weights, numbers.count))
            numbers += Array(layer.bias) + Array(repeating: 0, count: padded(layer.outputs) - layer.outputs)
        }
        let output = numbers.count
        numbers += outputWeights + Array(repeating: 0, count: padded(outputWeights.count) - outputWeights.count)
        memory = AlignedBuffer(count: numbers.count, repeating: 0)
        for (index, number) in numbers.enumerated() { memory[index] = number }
        unsafe self.layers = .allocate(capacity: max(1, later.count))
        for (index, layer) in later.enumerated() {
            unsafe (self.layers + index).initialize(
                to: nectar_serving_layer(
                    inputs: Int32(layer.inputs), outputs: Int32(padded(layer.outputs)),
                    weights: memory.base + offsets[index].weights, bias: memory.base + offsets[index].bias))
        }
        unsafe tower = .allocate(capacity: 1)
        unsafe tower.initialize(
            to: nectar_serving_tower(
                half: Int32(half), layer_count: Int32(later.count), layers: self.layers,
                output_weights: memory.base + output))
    }

    deinit {
        unsafe tower.deallocate()
        unsafe layers.deallocate()
    }

    /// Writes W_1ᵁ p_M + b_1, the part of the first layer that is the same for all items; ``half`` elements.
    func writeUserHalf(of user: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        unsafe kernels.userHalf(
            inputs: inputs, outputs: half, weights: memory.base, bias: memory.base + inputs * half, user: user,
            into: out)
    }

    /// The derivatives of a logit by p_M from those by the first layer's outputs: `half` · W_1ᵁᵀ, ``half`` elements to each
    /// of `count` columns of `outer`, which become rows of the width of p_M.
    func pullBack(_ outer: UnsafePointer<Float>, count: Int, into gradients: UnsafeMutablePointer<Float>) {
        unsafe ServingProducts.transposedProduct(
            outer, columns: count, inner: half, memory.base, width: inputs, into: gradients)
    }

    /// Adds the tower's part to the scores of `count` items.
    @inline(__always)
    func add(
        count: Int, halves: UnsafePointer<Float>, shift: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to scores: UnsafeMutablePointer<Float>
    ) {
        unsafe kernels.add(tower, count: count, halves: halves, shift: shift, scratch: scratch, to: scores)
    }

    /// The same, and gradients[k · `count` + i] = ∂score i / ∂(half k of item i).
    func add(
        count: Int, halves: UnsafePointer<Float>, shift: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to scores: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>
    ) {
        unsafe kernels.add(
            tower, count: count, halves: halves, shift: shift, scratch: scratch, to: scores, gradients: gradients)
    }
}
