extension ScoringModel {
    /// The best `limit` items for each of `users`, as one pass over the catalogue: a block of items is read from memory
    /// once and scored for all of them. A block whose best score does not reach a user's K-th costs that user no more.
    ///
    /// - Parameters:
    ///   - prepare: Prepares the user at a place in the given memory of ``preparedCount`` elements.
    ///   - hidden: The items to leave out for the user at a place, besides `excluding`.
    func best(
        users: Int, limit: Int, excluding: ItemSet?,
        prepare: (Int, UnsafeMutablePointer<Float>) -> PreparedUser,
        hidden: (Int, (UnsafeBufferPointer<Int32>) -> Void) -> Void
    ) -> [[ScoredItem]] {
        guard users > 0, limit > 0, itemCount > 0 else { return Array(repeating: [], count: users) }
        let (items, words) = (catalogue, (itemCount + 63) / 64)
        var best = Array(repeating: TopK(limit: min(limit, itemCount)), count: users)
        let numbers = users * preparedCount + tower.scratchCount + Self.blockItems
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: numbers) { numbers in
            unsafe withUnsafeTemporaryAllocation(of: PreparedUser.self, capacity: users) { prepared in
                unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: users * words) { masks in
                    guard let memory = numbers.baseAddress, let first = prepared.baseAddress else { return }
                    for user in 0..<users {
                        let place = unsafe memory + user * preparedCount
                        unsafe (first + user).initialize(to: prepare(user, place))
                        let mask = unsafe UnsafeMutableBufferPointer(rebasing: masks[user * words..<(user + 1) * words])
                        unsafe Self.fill(mask, excluding, itemCount: itemCount)
                        unsafe hidden(user) { unsafe Self.add($0, to: mask, itemCount: itemCount) }
                    }
                    let scratch = unsafe memory + users * preparedCount
                    let scores = unsafe scratch + tower.scratchCount
                    for start in stride(from: 0, to: itemCount, by: Self.blockItems) {
                        let block = start..<min(itemCount, start + Self.blockItems)
                        for user in 0..<users {
                            let greatest = unsafe score(prepared[user], items, block, scratch: scratch, into: scores)
                            guard best[user].admits(greatest) else { continue }
                            let mask = unsafe UnsafeBufferPointer(rebasing: masks[user * words..<(user + 1) * words])
                            unsafe best[user].offer(block, scores, hidden: mask)
                        }
                    }
                }
            }
        }
        return best.map { $0.ranked() }
    }

    private static func fill(_ mask: UnsafeMutableBufferPointer<UInt64>, _ excluding: ItemSet?, itemCount: Int) {
        unsafe mask.initialize(repeating: 0)
        guard let excluding else { return }
        for (index, word) in excluding.words.enumerated() where index < mask.count { unsafe mask[index] = word }
    }

    private static func add(
        _ hidden: UnsafeBufferPointer<Int32>, to mask: UnsafeMutableBufferPointer<UInt64>, itemCount: Int
    ) {
        for place in 0..<hidden.count {
            let item = unsafe hidden[place]
            guard item >= 0, Int(item) < itemCount else { continue }
            unsafe mask[Int(item) / 64] |= 1 << (UInt64(item) % 64)
        }
    }
}

extension TopK {
    /// Offers a block of scored items, those whose bit in `hidden` is set aside.
    @unsafe
    fileprivate mutating func offer(
        _ block: Range<Int>, _ scores: UnsafePointer<Float>, hidden: UnsafeBufferPointer<UInt64>
    ) {
        for item in block {
            let score = unsafe scores[item - block.lowerBound]
            guard admits(score), unsafe hidden[item / 64] & (1 << (UInt64(item) % 64)) == 0 else { continue }
            offer(item: item, score: score)
        }
    }
}
