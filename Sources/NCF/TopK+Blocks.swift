extension TopK {
    /// A bit for each item of a block.
    private typealias Words = InlineArray<6, UInt64>

    /// Offers a block of items, which begins at a multiple of 64, except those whose bit in `hidden` is set: one
    /// comparison finds for many at a time whether they reach the K-th.
    ///
    /// - Parameters:
    ///   - scores: The block's, in memory for ``ScoringModel/blockItems``.
    ///   - hidden: A bit for each item of the catalogue.
    @unsafe @inline(__always)
    mutating func offer(
        _ block: Range<Int>, _ scores: UnsafePointer<Float>, hidden: UnsafePointer<UInt64>, by kernels: ServingKernels
    ) {
        unsafe visit(block, scores, hidden: hidden, by: kernels) { $0.offer(item: $1, score: $2) }
    }

    /// Calls `body` with each item of the block whose score reached the K-th when the block began.
    @unsafe @inline(__always)
    mutating func visit(
        _ block: Range<Int>, _ scores: UnsafePointer<Float>, hidden: UnsafePointer<UInt64>, by kernels: ServingKernels,
        _ body: (inout TopK, Int, Float) -> Void
    ) {
        precondition(block.count <= Words.count * 64, "a block is longer than its words")
        var found = Words(repeating: 0)
        var words = found.mutableSpan
        unsafe words.withUnsafeMutableBufferPointer { found in
            guard let found = found.baseAddress,
                unsafe kernels.reaching(
                    threshold, count: block.count, scores, hidden: hidden + block.lowerBound / 64, found: found)
            else { return }
            for word in 0..<(block.count + 63) / 64 {
                var left = unsafe found[word]
                while left != 0 {
                    let place = word * 64 + left.trailingZeroBitCount
                    left &= left - 1
                    unsafe body(&self, block.lowerBound + place, scores[place])
                }
            }
        }
    }
}
