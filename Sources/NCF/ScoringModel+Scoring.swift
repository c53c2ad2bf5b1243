extension ScoringModel {
    /// Items of a block, a multiple of 64: its rows stay in the second-level cache while several users pass over them.
    static let blockItems = 384

    /// Writes every item's logit for a user given by its vector; `scores` must hold ``itemCount`` elements.
    func score(_ user: UserVector, into scores: inout MutableSpan<Float>) {
        precondition(scores.count == itemCount, "room for \(scores.count) scores of \(itemCount) items")
        unsafe scores.withUnsafeMutableBufferPointer {
            if let result = $0.baseAddress { unsafe score(user, catalogue, into: result) }
        }
    }

    /// Adds what the user's history adds to the logits of `rows`.
    private func add(_ related: RelatedScores, of rows: ItemRows, to result: UnsafeMutablePointer<Float>) {
        guard !related.isEmpty else { return }
        switch rows.meaning {
        case .catalogue: unsafe related.add(to: 0..<rows.count, of: result)
        case .items(let items): for (row, item) in items.enumerated() { unsafe result[row] += related[Int(item)] }
        case .others: break
        }
    }

    /// The logits of a few items.
    func score(_ user: UserVector, items: [Int32]) -> [Float] {
        score(user, gather(items))
    }

    /// The logits of the items that `rows` stand for.
    func score(_ user: UserVector, _ rows: ItemRows) -> [Float] {
        unsafe [Float](count: rows.count) { unsafe score(user, rows, into: $0) }
    }

    private func score(_ user: UserVector, _ rows: ItemRows, into result: UnsafeMutablePointer<Float>) {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: preparedCount + tower.scratchCount + 1) {
            guard let memory = $0.baseAddress else { return }
            let prepared = unsafe prepare(user, in: memory)
            unsafe rows.withPointers { rows in
                for start in unsafe stride(from: 0, to: rows.count, by: Self.blockItems) {
                    let items = unsafe start..<min(rows.count, start + Self.blockItems)
                    unsafe score(prepared, rows, items, scratch: memory + preparedCount, into: result + start)
                }
            }
        }
        unsafe add(user.related, of: rows, to: result)
    }

    /// Writes the logits of the whole catalogue for several users, block by block, so that a block is read from memory once.
    @unsafe
    func score(_ users: ArraySlice<Int>, into result: UnsafeMutablePointer<Float>) {
        let count = users.count * (preparedCount + 1) + tower.scratchCount
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: count + 1) {
            guard let constants = $0.baseAddress else { return }
            let vectors = unsafe constants + users.count
            let scratch = unsafe vectors + users.count * preparedCount
            let prepared = unsafe users.enumerated().map { place, user in
                let user = unsafe prepare(user: user, in: vectors + place * preparedCount)
                unsafe (constants + place).initialize(to: user.constant)
                return unsafe user
            }
            unsafe catalogue.withPointers { rows in
                for start in stride(from: 0, to: itemCount, by: Self.blockItems) {
                    let items = start..<min(itemCount, start + Self.blockItems)
                    var place = 0
                    while place < users.count {
                        let together =
                            users.count - place < ServingKernels.usersTogether ? 1 : ServingKernels.usersTogether
                        let scores = unsafe result + place * itemCount + start
                        if together == 1 {
                            unsafe kernels.score(
                                rows.gmf(items, width: gmfWidth), by: prepared[place].weighted,
                                constant: constants[place], into: scores)
                        } else {
                            unsafe kernels.score(
                                rows.gmf(items, width: gmfWidth), byUsers: prepared[place].weighted,
                                stride: preparedCount, constants: constants + place, into: scores,
                                scoreStride: itemCount)
                        }
                        for other in 0..<together {
                            unsafe addTower(
                                prepared[place + other], rows, items, scratch: scratch, to: scores + other * itemCount)
                        }
                        place += together
                    }
                }
            }
        }
        guard let history, let histories else { return }
        let sums = AlignedBuffer<Float>(count: itemCount, repeating: 0)
        for (place, user) in users.enumerated() {
            sums.fill(0)
            unsafe history.addRelated(to: histories.items(of: user), sums.base)
            // In one sum, as one user's are added.
            for item in 0..<itemCount { unsafe result[place * itemCount + item] += sums[item] }
        }
    }

    /// The logits of the items that `rows` stand for, for a user who is prepared, but for what its history adds to those of neighbours.
    @unsafe
    func score(_ user: PreparedUser, _ rows: ItemRows, scratch: UnsafeMutablePointer<Float>) -> [Float] {
        unsafe [Float](count: rows.count) { result in
            unsafe rows.withPointers { rows in
                for start in unsafe stride(from: 0, to: rows.count, by: Self.blockItems) {
                    let items = unsafe start..<min(rows.count, start + Self.blockItems)
                    unsafe score(user, rows, items, scratch: scratch, into: result + start)
                }
            }
        }
    }

    /// Writes the logits of the rows `items`.
    ///
    /// A row's logit depends on that row and the user alone, bit for bit: not on the block, nor on the other rows.
    @unsafe @inline(__always)
    func score(
        _ user: PreparedUser, _ rows: ItemRows.Pointers, _ items: Range<Int>, scratch: UnsafeMutablePointer<Float>,
        into scores: UnsafeMutablePointer<Float>
    ) {
        unsafe kernels.score(
            rows.gmf(items, width: gmfWidth), by: user.weighted, constant: user.constant, into: scores)
        unsafe addTower(user, rows, items, scratch: scratch, to: scores)
    }

    /// Adds the tower's part to the logits of the rows `items`.
    @unsafe @inline(__always)
    func addTower(
        _ user: PreparedUser, _ rows: ItemRows.Pointers, _ items: Range<Int>, scratch: UnsafeMutablePointer<Float>,
        to scores: UnsafeMutablePointer<Float>
    ) {
        guard tower.half > 0 else { return }
        unsafe tower.add(
            count: items.count, halves: rows.halves + items.lowerBound * tower.half, shift: user.shift,
            scratch: scratch, to: scores)
    }

    /// The logits but for what the tower adds.
    func scoreWithoutTower(_ user: UserVector, _ rows: ItemRows) -> [Float] {
        unsafe [Float](count: rows.count) { scores in
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: preparedCount + 1) { memory in
                guard let memory = memory.baseAddress else { return }
                let prepared = unsafe prepare(user, in: memory)
                unsafe rows.withPointers { rows in
                    unsafe kernels.score(
                        rows.gmf(0..<rows.count, width: gmfWidth), by: prepared.weighted, constant: prepared.constant,
                        into: scores)
                }
            }
            unsafe add(user.related, of: rows, to: scores)
        }
    }
}
