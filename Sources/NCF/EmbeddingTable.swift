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

    /// One step on the rows in `slots` of `groups`, each one's own, by their `gradients` (`slots` × ``stride``).
    ///
    /// The penalty `decay` times the row is added to the gradient for each of its samples. On the sphere, what of the gradient
    /// changes a row's length is taken from it, and with it the penalty's; `gradients` have it so afterwards. A row without any
    /// stands still there: most negatives are beyond the margin.
    func update(
        _ slots: Range<Int>, of groups: RowGroups, gradients: UnsafeMutablePointer<Float>, decay: Float,
        optimizer: Optimizer
    ) {
        guard isUnit || optimizer.method != .adam else {
            return unsafe state.stepByAdam(
                on: rows, stride: stride, steps: steps, slots, of: groups, gradients: gradients, decay: decay,
                optimizer: optimizer)
        }
        for slot in slots {
            let (row, samples) = unsafe groups.entry(slot)
            unsafe update(
                row: row, gradient: gradients + (slot - slots.lowerBound) * stride,
                decay: decay * Float(samples.count), optimizer: optimizer)
        }
    }

    private func update(row: Int, gradient: UnsafeMutablePointer<Float>, decay: Float, optimizer: Optimizer) {
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
