/// The tower's part of some items' logits, and its derivatives by p_M, in memory that one call after the other uses.
@safe
struct TowerGradients {
    private let model: ScoringModel
    private let rows: ItemRows
    private let shift: AlignedBuffer<Float>
    private let scratch: AlignedBuffer<Float>
    /// ∂logit i / ∂(the first layer's output k) at k · count + i.
    private let outer: AlignedBuffer<Float>
    private let sums: AlignedBuffer<Float>
    private let none: AlignedBuffer<Float>

    /// Of the items that `rows` stand for, in `model`, which must have a tower.
    init(_ model: ScoringModel, _ rows: ItemRows) {
        self.model = model
        self.rows = rows
        let half = model.tower.half
        shift = AlignedBuffer(count: ServingKernels.padded(half), repeating: 0)
        scratch = AlignedBuffer(count: model.tower.scratchCount, repeating: 0)
        outer = AlignedBuffer(count: half * rows.count, repeating: 0)
        sums = AlignedBuffer(count: half, repeating: 0)
        none = AlignedBuffer(count: half, repeating: 0)
    }

    /// Adds what the tower says for p_M to `logits`, and keeps the derivatives there.
    func evaluate(at mlp: [Float], addingTo logits: inout [Float]) {
        precondition(mlp.count == model.mlpWidth && logits.count == rows.count)
        unsafe model.tower.writeUserHalf(of: mlp, into: shift.base)
        unsafe rows.halves.withUnsafeBufferPointer { halves in
            guard let halves = halves.baseAddress else { return }
            unsafe model.tower.add(
                count: rows.count, halves: halves, shift: shift.base, scratch: scratch.base, to: &logits,
                gradients: outer.base)
        }
    }

    /// Σ_i slopes[i] · ∂logit i / ∂p_M; `slopes` are padded with zeros.
    func sum(slopes: [Float], into gradient: inout [Float]) {
        precondition(slopes.count >= ServingKernels.padded(rows.count) && gradient.count == model.mlpWidth)
        let columns = unsafe ServingKernels.Rows(
            count: model.tower.half, width: rows.count, base: outer.base, bias: none.base)
        unsafe model.kernels.score(columns, by: slopes, constant: 0, into: sums.base)
        unsafe model.tower.pullBack(sums.base, count: 1, into: &gradient)
    }

    /// ∂logit i / ∂p_M, a row for each item.
    func all() -> [Float] {
        unsafe [Float](count: rows.count * model.mlpWidth) { gradients in
            unsafe model.tower.pullBack(outer.base, count: rows.count, into: gradients)
        }
    }
}
