import CKernels

/// The trainable rows of all users or all items: everything about one of them side by side, and the optimiser's
/// state for it.
///
/// A row is [GMF embedding: d | MLP embedding: m | bias: 1 | zeros up to a multiple of 8], so that a sample costs one
/// place in memory, and an update one pass. Different threads may update different rows at once.
final class EmbeddingTable: Sendable {
    let layout: nectar_row_layout
    let rowCount: Int
    let rows: AlignedBuffer<Float>
    /// Whether rows have length 1 and no bias, and steps lead along the sphere.
    let isUnit: Bool
    private let state: OptimizerState
    private let steps: AlignedBuffer<Int32>

    /// All zero, with a model's branches of `gmf` and `mlp` elements, of each of which the optimiser remembers `numbers`.
    init(rowCount: Int, gmf: Int, mlp: Int, numbers: Int, isUnit: Bool = false) {
        let stride = (gmf + mlp + 1 + 7) / 8 * 8
        layout = nectar_row_layout(gmf: Int32(gmf), mlp: Int32(mlp), stride: Int32(stride))
        self.rowCount = rowCount
        self.isUnit = isUnit
        rows = AlignedBuffer(count: rowCount * stride, repeating: 0)
        state = OptimizerState(count: rowCount * stride, numbers: numbers)
        steps = AlignedBuffer(count: rowCount, repeating: 0)
    }

    /// Elements from one row to the next.
    var stride: Int { Int(layout.stride) }
    /// d.
    var gmf: Int { Int(layout.gmf) }
    /// m.
    var mlp: Int { Int(layout.mlp) }

    /// Adds the penalty `decay` times the row to `gradient` (`stride` elements) and takes one step of the row's own.
    ///
    /// On the sphere, what of the gradient changes a row's length is taken from it, and with it the penalty's; `gradient` has it so
    /// afterwards. A row without any stands still there: most negatives are beyond the margin.
    func update(row: Int, gradient: UnsafeMutablePointer<Float>, decay: Float, optimizer: Optimizer) {
        let start = row * stride
        if isUnit, unsafe nectar_tangent(layout.stride, layout.gmf, rows.base + start, gradient) == 0 { return }
        steps[row] += 1
        unsafe state.step(
            from: start, count: stride, parameters: rows.base + start, gradient: gradient, decay: decay,
            optimizer: optimizer, step: Int(steps[row]))
        if isUnit { unsafe nectar_normalize(layout.gmf, rows.base + start) }
    }

    /// Gives every row the length 1.
    func normalize() {
        for row in 0..<rowCount { unsafe nectar_normalize(layout.gmf, rows.base + row * stride) }
    }

    /// Asks for a row and its state to be brought near, since rows are updated in random order.
    func prefetch(row: Int) {
        precondition(row >= 0 && row < rowCount)
        let start = row * stride
        let bytes = Int64(stride * MemoryLayout<Float>.size)
        unsafe nectar_prefetch(rows.base + start, bytes)
        state.prefetch(from: start, count: stride)
    }

    /// The rows, and what the optimiser knows of them.
    func checkpointParts(_ name: String, _ withState: Bool) -> [CheckpointPart] {
        [.numbers("\(name).rows", rows)]
            + (withState ? state.checkpointParts(name) + [.counts("\(name).steps", steps)] : [])
    }

    /// Reads one column block of every row: `width` elements from `offset` on.
    func columns(offset: Int, width: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(rowCount * width)
        for row in 0..<rowCount {
            for k in 0..<width { values.append(rows[row * stride + offset + k]) }
        }
        return values
    }

    /// Overwrites one column block of every row.
    func setColumns(offset: Int, width: Int, to values: [Float]) {
        precondition(values.count == rowCount * width)
        for row in 0..<rowCount {
            for k in 0..<width { rows[row * stride + offset + k] = values[row * width + k] }
        }
    }
}
