/// One pass over the catalogue for some users, in memory of the request.
@unsafe
struct CatalogueScan {
    private let model: ScoringModel
    private let userCount: Int
    private let users: UnsafeMutablePointer<PreparedUser>
    /// β_u + μ of each user.
    private let constants: UnsafeMutablePointer<Float>
    private let vectors: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>
    private let scores: UnsafeMutablePointer<Float>
    private let hidden: UnsafeMutablePointer<UInt64>
    private let best: UnsafeMutablePointer<TopK>
    /// What each user's history adds to the scores of its items' neighbours.
    private let related: UnsafeMutablePointer<RelatedScores>

    private var maskWords: Int { unsafe (model.itemCount + 63) / 64 }

    /// Runs `body` with the memory of one pass, and returns the best `limit` items of each user.
    static func run(
        _ model: ScoringModel, users: Int, limit: Int, _ body: (CatalogueScan) -> Void
    ) -> [[ScoredItem]] {
        let numbers =
            users * (model.preparedCount + 1) + model.tower.scratchCount
            + ServingKernels.usersTogether * ScoringModel.blockItems
        let words = users * ((model.itemCount + 63) / 64)
        return unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: numbers) { numbers in
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { words in
                unsafe withUnsafeTemporaryAllocation(of: PreparedUser.self, capacity: users) { prepared in
                    unsafe withUnsafeTemporaryAllocation(of: TopK.self, capacity: users) { best in
                        unsafe best.initialize(repeating: TopK(limit: limit))
                        defer { unsafe best.deinitialize() }
                        let related = UnsafeMutablePointer<RelatedScores>.allocate(capacity: users)
                        unsafe related.initialize(repeating: .none, count: users)
                        defer {
                            unsafe related.deinitialize(count: users)
                            unsafe related.deallocate()
                        }
                        guard let numbers = numbers.baseAddress, let words = words.baseAddress,
                            let prepared = prepared.baseAddress, let first = best.baseAddress
                        else { return [] }
                        unsafe body(
                            CatalogueScan(
                                model, userCount: users, prepared, numbers: numbers, words: words, best: first,
                                related: related))
                        return unsafe best.map { $0.ranked() }
                    }
                }
            }
        }
    }

    private init(
        _ model: ScoringModel, userCount: Int, _ users: UnsafeMutablePointer<PreparedUser>,
        numbers: UnsafeMutablePointer<Float>, words: UnsafeMutablePointer<UInt64>, best: UnsafeMutablePointer<TopK>,
        related: UnsafeMutablePointer<RelatedScores>
    ) {
        unsafe self.related = unsafe related
        unsafe self.model = model
        unsafe self.userCount = userCount
        unsafe self.users = unsafe users
        unsafe scores = unsafe numbers
        unsafe scratch = unsafe scores + ServingKernels.usersTogether * ScoringModel.blockItems
        unsafe vectors = unsafe scratch + model.tower.scratchCount
        unsafe constants = unsafe vectors + userCount * model.preparedCount
        unsafe hidden = unsafe words
        unsafe self.best = unsafe best
    }

    /// Where a user is prepared.
    func memory(of user: Int) -> UnsafeMutablePointer<Float> { unsafe vectors + user * model.preparedCount }

    /// Takes a user prepared in ``memory(of:)``; each must be, before anything is scored.
    ///
    /// - Parameter related: What its history adds to the scores of neighbours.
    func enter(_ user: PreparedUser, _ related: RelatedScores, at place: Int) {
        unsafe self.related[place] = related
        unsafe (users + place).initialize(to: user)
        unsafe (constants + place).initialize(to: user.constant)
    }

    private func mask(of user: Int) -> UnsafeMutablePointer<UInt64> { unsafe hidden + user * maskWords }

    /// Makes `items` all that is hidden from a user.
    func hide(_ items: ItemSet?, from user: Int) {
        let mask = unsafe mask(of: user)
        unsafe mask.initialize(repeating: 0, count: maskWords)
        guard let items else { return }
        unsafe items.words.withUnsafeBufferPointer { words in
            guard let base = words.baseAddress else { return }
            unsafe mask.update(from: base, count: min(words.count, maskWords))
        }
    }

    /// Hides `items` besides; those outside the catalogue are nobody's.
    func hide(_ items: UnsafeBufferPointer<Int32>, from user: Int) {
        let mask = unsafe mask(of: user)
        let bound = unsafe UInt32(model.itemCount)
        for place in 0..<items.count {
            let item = unsafe UInt32(bitPattern: items[place])
            guard item < bound else { continue }
            unsafe mask[Int(item / 64)] |= 1 << UInt64(item % 64)
        }
    }

    /// Scores the whole catalogue.
    func scoreAll(of items: ItemRows.Pointers) {
        for block in unsafe model.blocks { unsafe score(block, of: items) }
    }

    /// Scores a few items only, whose rows were gathered.
    func score(_ rows: ItemRows, standingFor items: [Int32]) {
        for user in unsafe 0..<userCount {
            let mask = unsafe mask(of: user)
            let scores = unsafe model.score(users[user], rows, scratch: scratch)
            for (item, score) in zip(items, scores) where unsafe mask[Int(item) / 64] & (1 << (Int(item) % 64)) == 0 {
                unsafe best[user].offer(item: Int(item), score: score + related[user][Int(item)])
            }
        }
    }

    /// Scores a block for all users, and offers each what reaches its K-th.
    @inline(__always)
    func score(_ block: Range<Int>, of items: ItemRows.Pointers, withTower: Bool = true) {
        let rows = unsafe items.gmf(block, width: model.gmfWidth)
        var user = 0
        while unsafe user < userCount {
            let together = unsafe userCount - user < ServingKernels.usersTogether ? 1 : ServingKernels.usersTogether
            if together == 1 {
                unsafe model.kernels.score(
                    rows, by: users[user].weighted, constant: constants[user], into: scores)
            } else {
                unsafe model.kernels.score(
                    rows, byUsers: users[user].weighted, stride: model.preparedCount, constants: constants + user,
                    into: scores, scoreStride: ScoringModel.blockItems)
            }
            for place in 0..<together {
                let own = unsafe scores + place * ScoringModel.blockItems
                if withTower {
                    unsafe model.addTower(users[user + place], items, block, scratch: scratch, to: own)
                }
                unsafe related[user + place].add(to: block, of: own)
                unsafe best[user + place].offer(block, own, hidden: mask(of: user + place), by: model.kernels)
            }
            user += together
        }
    }

    /// Bounds the scores of a block for one user, and offers those that may reach its K-th, each with its score.
    func score(
        _ block: Range<Int>, of items: ItemRows.Pointers, codedBy compact: CompactItems,
        within bounds: (reach: Float, constant: Float), for user: Int
    ) {
        unsafe compact.withRows(block, bias: items.bias) { rows in
            unsafe model.kernels.bound(
                rows, by: users[user].weighted, reach: bounds.reach, constant: bounds.constant, into: scores)
        }
        unsafe related[user].add(to: block, of: scores)
        unsafe best[user].visit(block, scores, hidden: mask(of: user), by: model.kernels) { best, item, _ in
            var score: Float = 0
            unsafe model.kernels.score(
                items.gmf(item..<item + 1, width: model.gmfWidth), by: users[user].weighted,
                constant: constants[user], into: &score)
            unsafe best.offer(item: item, score: score + related[user][item])
        }
    }

    /// The same for all users; a user whose vector cannot be bounded is served as without codes.
    func scoreAll(of items: ItemRows.Pointers, codedBy compact: CompactItems) {
        let bounds = unsafe (0..<userCount).map { unsafe compact.bounds(of: users[$0]) }
        // The first block's scores make a threshold; and who asks for all items gains nothing by bounds.
        let isBounded = unsafe bounds.allSatisfy { $0 != nil } && best[0].limit < model.itemCount / 4
        for block in unsafe model.blocks {
            guard isBounded && block.lowerBound > 0 else {
                unsafe score(block, of: items)
                continue
            }
            for (user, bounds) in bounds.enumerated() {
                guard let bounds else { continue }
                unsafe score(block, of: items, codedBy: compact, within: bounds, for: user)
            }
        }
    }

    /// Chooses items by matrix factorisation and the choice's own biases, then ranks them by the whole model.
    func scoreAll(of items: ItemRows.Pointers, chosenBy preselection: Preselection) {
        let limit = unsafe best[0].limit
        let count = unsafe preselection.count(for: limit, of: model.itemCount)
        for user in unsafe 0..<userCount { unsafe best[user] = TopK(limit: count) }
        unsafe preselection.bias.withUnsafeBufferPointer { bias in
            guard let bias = bias.baseAddress else { return }
            var choosing = unsafe items
            unsafe choosing.bias = unsafe bias
            for block in unsafe model.blocks { unsafe score(block, of: choosing, withTower: false) }
        }
        for user in unsafe 0..<userCount {
            let chosen = unsafe best[user].unordered().map { Int32($0.item) }.sorted()
            let ranked = unsafe model.score(users[user], model.gather(chosen), scratch: scratch)
            unsafe best[user] = TopK(limit: limit)
            for (item, score) in zip(chosen, ranked) {
                unsafe best[user].offer(item: Int(item), score: score + related[user][Int(item)])
            }
        }
    }
}

extension ScoringModel {
    /// The catalogue in blocks of ``blockItems``.
    fileprivate var blocks: some Sequence<Range<Int>> {
        let count = itemCount
        return stride(from: 0, to: count, by: Self.blockItems).lazy.map { $0..<min(count, $0 + Self.blockItems) }
    }
}
