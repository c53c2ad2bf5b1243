/// Where a user's held-out items stand.
struct HoldoutRanks {
    /// Their ranks, ascending, from 0; empty where nothing is held out.
    var ranks: [Int] = []
    /// Which item has each of them.
    var items: [Int32] = []
    /// How many others they were ranked against.
    var negatives = 0
    /// The first of the whole ranking, best first, if they were asked for.
    var list: [Int32] = []
}

/// Ranks users' held-out items, with memory that is reused between them.
struct HoldoutRanker {
    /// How many of the first items of a ranking of the whole catalogue to tell.
    var listLength = 0
    private let scorer: any Scorer
    private let train: InteractionDataset
    private let holdout: Holdout
    private let rankingProtocol: Evaluation.RankingProtocol
    // Of several users, one after another: the catalogue is read once for all of them.
    private var scores: [Float] = []
    /// Users who are scored together, at most, and scores that are held at a time, but for so few users.
    private static let (usersTogether, scoresTogether, fewestTogether) = (16, 2_000_000, 4)
    // An item is marked for the current user when its mark is the current stamp: nothing to clear in between.
    private var marks: [UInt32]
    private var stamp: UInt32 = 0

    init(
        scorer: any Scorer, train: InteractionDataset, holdout: Holdout,
        protocol rankingProtocol: Evaluation.RankingProtocol
    ) {
        self.scorer = scorer
        self.train = train
        self.holdout = holdout
        self.rankingProtocol = rankingProtocol
        marks = Array(repeating: 0, count: train.itemCount)
    }

    /// Ranks the held-out items of each of `users`, in their order, until `isStopped`, which is asked before every few of them; whose turn
    /// has not come then has no ranks.
    mutating func ranks(of users: [Int], isStopped: () -> Bool = { false }) -> [HoldoutRanks] {
        guard case .fullCatalogue = rankingProtocol else {
            return users.map { isStopped() ? HoldoutRanks() : ranksAmongFew(of: $0) }
        }
        let places = users.indices.filter { !holdout.items[users[$0]].isEmpty }
        var ranks = users.map { _ in HoldoutRanks() }
        let most = min(Self.usersTogether, max(Self.fewestTogether, Self.scoresTogether / max(1, scorer.itemCount)))
        for start in stride(from: 0, to: places.count, by: most) {
            if isStopped() { break }
            let some = places[start..<min(places.count, start + most)]
            let measured = some.map { users[$0] }
            score(measured)
            for (place, target) in some.enumerated() {
                ranks[target] = ranksInCatalogue(
                    of: distinct(holdout.items[measured[place]]), user: measured[place], place)
            }
        }
        return ranks
    }

    private mutating func ranksAmongFew(of user: Int) -> HoldoutRanks {
        let heldOut = distinct(holdout.items[user])
        guard !heldOut.isEmpty else { return HoldoutRanks() }
        if case .sampled(let count, let seed) = rankingProtocol {
            return ranks(of: heldOut, among: sample(count, seed: seed, user: user, heldOut: heldOut), user: user)
        }
        let negatives = (holdout.negatives?[user] ?? []).filter { !heldOut.contains($0) }
        return ranks(of: heldOut, among: negatives, user: user)
    }

    /// Scores the whole catalogue for `users`.
    private mutating func score(_ users: [Int]) {
        let count = users.count * scorer.itemCount
        if scores.count < count { scores = Array(repeating: 0, count: count) }
        let scorer = scorer
        var span = scores.mutableSpan
        scorer.score(users: users[...], into: &span)
    }

    private func distinct(_ items: [Int32]) -> [Int32] {
        items.count < 2 ? items : Set(items).sorted()
    }

    private func ranks(of heldOut: [Int32], among negatives: [Int32], user: Int) -> HoldoutRanks {
        let all = scorer.score(user: user, items: heldOut + negatives)
        let own = all.prefix(heldOut.count)
        let (ranks, items) = Self.ranks(Array(own), heldOut) { score in
            all.dropFirst(heldOut.count).count { Self.beats($0, score) }
        }
        return HoldoutRanks(ranks: ranks, items: items, negatives: negatives.count)
    }

    /// Of the user whose scores are in that place.
    private mutating func ranksInCatalogue(of heldOut: [Int32], user: Int, _ place: Int) -> HoldoutRanks {
        let range = place * scorer.itemCount..<(place + 1) * scorer.itemCount
        let own = heldOut.map { scores[range.lowerBound + Int($0)] }
        for item in train.items(of: user) { scores[range.lowerBound + Int(item)] = -.infinity }
        let best = unsafe scores.withUnsafeBufferPointer {
            unsafe TopK.select(from: UnsafeBufferPointer(rebasing: $0[range]), limit: listLength, excluding: nil)
        }
        for item in heldOut { scores[range.lowerBound + Int(item)] = -.infinity }
        let (ranks, items) = Self.ranks(own, heldOut) { score in
            scores[range].count { $0 > -.infinity && Self.beats($0, score) }
        }
        return HoldoutRanks(
            ranks: ranks, items: items, negatives: range.count - train.items(of: user).count - heldOut.count,
            list: best.map { Int32($0.item) })
    }

    /// Whether a negative comes before a held-out item: also when they are equal, and always before one without a score.
    private static func beats(_ negative: Float, _ heldOut: Float) -> Bool {
        negative >= heldOut || heldOut.isNaN
    }

    /// Held-out items rank among each other by score, and each below the negatives that beat it.
    private static func ranks(
        _ own: [Float], _ items: [Int32], negativesBefore: (Float) -> Int
    ) -> (ranks: [Int], items: [Int32]) {
        let ordered = zip(own, items).sorted { left, right in left.0 > right.0 || (right.0.isNaN && !left.0.isNaN) }
        return (ordered.enumerated().map { $0 + negativesBefore($1.0) }, ordered.map(\.1))
    }

    /// Up to `count` different items that the user neither trained on nor has held out.
    private mutating func sample(_ count: Int, seed: UInt64, user: Int, heldOut: [Int32]) -> [Int32] {
        stamp += 1
        var taken = 0
        func mark(_ item: Int32, _ marks: inout [UInt32]) -> Bool {
            if marks[Int(item)] == stamp { return false }
            marks[Int(item)] = stamp
            return true
        }
        for item in train.items(of: user) where mark(item, &marks) { taken += 1 }
        for item in heldOut where mark(item, &marks) { taken += 1 }
        let unseen = marks.count - taken
        if unseen <= count {
            return marks.indices.filter { marks[$0] != stamp }.map(Int32.init)
        }
        var random = SplitMix64(seed: seed, user)
        var negatives: [Int32] = []
        while negatives.count < count {
            let item = Int32.random(in: 0..<Int32(marks.count), using: &random)
            if mark(item, &marks) { negatives.append(item) }
        }
        return negatives
    }
}
