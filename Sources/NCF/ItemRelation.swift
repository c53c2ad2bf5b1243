/// How items speak for each other as a matrix B, in the metric of a Gram matrix G: what ``ItemItemRegression`` brings to a low rank.
///
/// Vectors are rows of as many elements as there are items.
protocol ItemRelation {
    /// Finds B; O(size³).
    ///
    /// - Parameter isCancelled: Asked again and again.
    /// - Returns: Whether G + λ I, λ being `penalty`, was positive definite; nil where `isCancelled` said so.
    func solve(penalty: Float, isCancelled: () -> Bool) -> Bool?

    /// B times each of the `count` vectors.
    func relation(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float>

    /// Bᵀ G B times each of the vectors: how B's predictions look in the metric of G.
    func relationGram(of vectors: AlignedBuffer<Float>, count: Int) -> AlignedBuffer<Float>
}
