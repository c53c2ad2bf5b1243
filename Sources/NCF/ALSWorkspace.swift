/// One thread's scratch for the normal equations of one row: A p = b.
@safe
// Unchecked: a worker of the parallel loop is one thread at a time.
final class ALSWorkspace: @unchecked Sendable {
    /// Observed rows gathered for one product: as many as stay in the cache beside A.
    private static let rowsPerProduct = 256

    private let dimension: Int
    private let matrix: AlignedBuffer<Float>
    private let rightSide: AlignedBuffer<Float>
    private let gathered: AlignedBuffer<Float>

    init(dimension: Int) {
        self.dimension = dimension
        matrix = AlignedBuffer(count: dimension * dimension, repeating: 0)
        rightSide = AlignedBuffer(count: dimension, repeating: 0)
        gathered = AlignedBuffer(count: Self.rowsPerProduct * dimension, repeating: 0)
    }

    /// A = `gram` (upper triangle), b = 0.
    func begin(gram: AlignedBuffer<Float>) {
        unsafe matrix.base.update(from: gram.base, count: dimension * dimension)
        rightSide.fill(0)
    }

    /// A += Σ |w| q qᵀ over the observed rows `columns` of `others`, and b += Σ w q over those with w > 0: what is observed is 1
    /// where w is above 0, and 0 where it is below, a dislike.
    func add(_ columns: ArraySlice<Int32>, weights: ArraySlice<Float>, of others: AlignedBuffer<Float>) {
        var first = columns.startIndex
        while first < columns.endIndex {
            let count = min(Self.rowsPerProduct, columns.endIndex - first)
            for offset in 0..<count {
                let weight = weights[weights.startIndex + (first - columns.startIndex) + offset]
                let root = abs(weight).squareRoot()
                let target = weight < 0 ? 0 : root
                let source = Int(columns[first + offset]) * dimension
                precondition(source >= 0 && source + dimension <= others.count)
                let (from, to) = unsafe (others.base + source, gathered.base + offset * dimension)
                let b = unsafe rightSide.base
                for k in 0..<dimension {
                    let element = unsafe root * from[k]
                    unsafe to[k] = element
                    unsafe b[k] += target * element
                }
            }
            unsafe Kernels.addGram(rows: count, columns: dimension, of: gathered.base, scale: 1, into: matrix.base)
            first += count
        }
    }

    /// b += `weight` times the row of `rows` that begins at `start`: a penalty of this weight is then on the distance from it.
    func addPrior(_ rows: AlignedBuffer<Float>, at start: Int, weight: Float) {
        for k in 0..<dimension { rightSide[k] += weight * rows[start + k] }
    }

    /// Solves (A + `penalty` I) x = b and stores x in `factors` from `start` on; where there is no solution, nothing.
    func solve(penalty: Float, into factors: AlignedBuffer<Float>, at start: Int) {
        for k in 0..<dimension { matrix[k * dimension + k] += penalty }
        guard unsafe Kernels.solve(size: dimension, matrix: matrix.base, rightSide: rightSide.base) else { return }
        precondition(start >= 0 && start + dimension <= factors.count)
        unsafe (factors.base + start).update(from: rightSide.base, count: dimension)
    }
}
