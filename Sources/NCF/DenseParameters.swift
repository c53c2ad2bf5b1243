import CKernels

/// Every trainable number that all samples share, in one vector, so that gradients add up and the optimiser steps in one pass:
/// [h: d + last | W_1 | b_1 | … | W_L | b_L | μ].
///
/// Belongs to one thread at a time.
final class DenseParameters: Sendable {
    /// Where a part lies, whether it is trained, and whether the L2 penalty applies to it.
    struct Segment {
        var range: Range<Int>
        var isTrained: Bool
        var isDecayed: Bool
    }

    let layerSizes: [(input: Int, output: Int)]
    /// Where W_l and b_l begin.
    let layerOffsets: [(weights: Int, bias: Int)]
    let outputCount: Int
    let values: AlignedBuffer<Float>
    /// Each W transposed, where it lies among the ``values``: small products take longest with a factor that is to be transposed.
    let transposed: AlignedBuffer<Float>
    private let segments: [Segment]
    private let state: OptimizerState

    var count: Int { values.count }
    var globalBiasOffset: Int { values.count - 1 }

    init(
        gmf: Int, layerSizes: [(input: Int, output: Int)], trainsGMFOutput: Bool, trainsGlobalBias: Bool, numbers: Int
    ) {
        self.layerSizes = layerSizes
        let last = layerSizes.last?.output ?? 0
        outputCount = gmf + last
        var segments = [
            Segment(range: 0..<gmf, isTrained: trainsGMFOutput, isDecayed: false),
            Segment(range: gmf..<gmf + last, isTrained: true, isDecayed: true),
        ]
        var offsets: [(weights: Int, bias: Int)] = []
        var end = gmf + last
        for (input, output) in layerSizes {
            let bias = end + input * output
            offsets.append((end, bias))
            segments.append(Segment(range: end..<bias, isTrained: true, isDecayed: true))
            segments.append(Segment(range: bias..<bias + output, isTrained: true, isDecayed: false))
            end = bias + output
        }
        segments.append(Segment(range: end..<end + 1, isTrained: trainsGlobalBias, isDecayed: false))
        layerOffsets = offsets
        self.segments = segments
        values = AlignedBuffer(count: end + 1, repeating: 0)
        transposed = AlignedBuffer(count: end + 1, repeating: 0)
        state = OptimizerState(count: end + 1, numbers: numbers)
    }

    /// One step on what is trained; `gradient` holds ``count`` elements.
    func update(gradient: UnsafePointer<Float>, decay: Float, optimizer: Optimizer, step: Int) {
        for segment in segments where segment.isTrained && !segment.range.isEmpty {
            let start = segment.range.lowerBound
            unsafe state.step(
                from: start, count: segment.range.count, parameters: values.base + start, gradient: gradient + start,
                decay: segment.isDecayed ? decay : 0, optimizer: optimizer, step: step)
        }
        transpose(weightsIn: 0..<count)
    }

    /// Brings ``transposed`` up to date; for who has written to ``values`` in `range`.
    func transpose(weightsIn range: Range<Int>) {
        for ((input, output), offset) in zip(layerSizes, layerOffsets)
        where range.overlaps(offset.weights..<offset.bias) {
            unsafe nectar_transpose(
                Int32(output), Int32(input), values.base + offset.weights, transposed.base + offset.weights)
        }
    }

    /// The vector, and what the optimiser knows of it.
    func checkpointParts(_ name: String, _ withState: Bool) -> [CheckpointPart] {
        [.numbers("\(name).values", values)] + (withState ? state.checkpointParts(name) : [])
    }

    /// A copy of part of the vector.
    func slice(_ range: Range<Int>) -> [Float] {
        range.map { values[$0] }
    }

    /// Overwrites the vector from `start` on.
    func set(_ numbers: [Float], at start: Int) {
        for (index, number) in numbers.enumerated() { values[start + index] = number }
        transpose(weightsIn: start..<start + numbers.count)
    }
}
