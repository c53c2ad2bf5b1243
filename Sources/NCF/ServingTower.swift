internal import CKernels

/// The dense layers in the form that serving's kernels read: transposed, columns padded with zeros to whole vectors.
///
/// Made once per model, of a few hundred kilobytes at most; immutable.
@safe
final class ServingTower: @unchecked Sendable {
    // Sendable because all memory is written in init only.
    private let memory: AlignedBuffer<Float>
    private let layers: AlignedBuffer<UInt8>
    private let layerCount: Int
    private let inputs: Int
    private let outputOffset: Int
    /// Outputs of the first layer.
    let half: Int
    /// How many elements of scratch memory scoring needs.
    let scratchCount: Int

    /// - Parameters:
    ///   - layers: All dense layers; with none the tower is silent.
    ///   - outputWeights: The tower's part of h.
    init(_ layers: [ScoringModel.Layer], mlpWidth: Int, outputWeights: [Float]) {
        half = layers.first?.outputs ?? 0
        inputs = mlpWidth
        layerCount = max(0, layers.count - 1)
        func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
        var numbers: [Float] = []
        // The first layer's left half, for users, then its bias.
        for input in 0..<(half > 0 ? mlpWidth : 0) {
            for output in 0..<half { numbers.append(layers[0].weights[output * layers[0].inputs + input]) }
        }
        numbers += layers.first.map { Array($0.bias) } ?? []
        var offsets: [(weights: Int, bias: Int)] = []
        for layer in layers.dropFirst() {
            let weights = numbers.count
            for input in 0..<layer.inputs {
                for output in 0..<padded(layer.outputs) {
                    numbers.append(output < layer.outputs ? layer.weights[output * layer.inputs + input] : 0)
                }
            }
            offsets.append((weights, numbers.count))
            numbers += Array(layer.bias) + Array(repeating: 0, count: padded(layer.outputs) - layer.outputs)
        }
        outputOffset = numbers.count
        numbers += outputWeights + Array(repeating: 0, count: padded(outputWeights.count) - outputWeights.count)
        memory = AlignedBuffer(count: numbers.count, repeating: 0)
        for (index, number) in numbers.enumerated() { memory[index] = number }
        let stride = unsafe MemoryLayout<nectar_serving_layer>.stride
        self.layers = AlignedBuffer(count: layerCount * stride, repeating: 0)
        for (index, layer) in layers.dropFirst().enumerated() {
            let entry = unsafe nectar_serving_layer(
                inputs: Int32(layer.inputs), outputs: Int32(padded(layer.outputs)),
                weights: memory.base + offsets[index].weights, bias: memory.base + offsets[index].bias)
            unsafe UnsafeMutableRawPointer(self.layers.base + index * stride).storeBytes(
                of: entry, as: nectar_serving_layer.self)
        }
        scratchCount = Int(NECTAR_TOWER_ROWS) * layers.reduce(0) { $0 + padded($1.outputs) }
    }

    /// Writes W_1ᵁ p_M + b_1, the part of the first layer that is the same for all items; ``half`` elements.
    func writeUserHalf(of user: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        unsafe nectar_user_half(
            Int32(inputs), Int32(half), memory.base, memory.base + inputs * half, user, out)
    }

    /// Adds the tower's part to the scores of `count` items, and returns the greatest score.
    @inline(__always)
    func add(
        count: Int, halves: UnsafePointer<Float>, shift: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to scores: UnsafeMutablePointer<Float>
    ) -> Float {
        unsafe nectar_add_tower(
            Int32(count), Int32(half), halves, shift, Int32(layerCount),
            UnsafeRawPointer(layers.base).assumingMemoryBound(to: nectar_serving_layer.self),
            memory.base + outputOffset, scratch, scores)
    }
}
