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

/// Ranks one user's held-out items after another, with memory that is reused between them.
struct HoldoutRanker {
    /// How many of the first items of a ranking of the whole catalogue to tell.
    var listLength = 0
    private let scorer: any Scorer
    private let train: InteractionDataset
    private let holdout: Holdout
    private let rankingProtocol: Evaluation.RankingProtocol
    private var scores: [Float] = []
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

    /// Ranks the held-out items of `user`.
    mutating func ranks(of user: Int) -> HoldoutRanks {
        let heldOut = distinct(holdout.items[user])
        guard !heldOut.isEmpty else { return HoldoutRanks() }
        switch rankingProtocol {
        case .sampled(let count, let seed):
            return ranks(of: heldOut, among: sample(count, seed: seed, user: user, heldOut: heldOut), user: user)
        case .fixedNegatives:
            let negatives = (holdout.negatives?[user] ?? []).filter { !heldOut.contains($0) }
            return ranks(of: heldOut, among: negatives, user: user)
        case .fullCatalogue:
            return ranksInCatalogue(of: heldOut, user: user)
        }
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

    private mutating func ranksInCatalogue(of heldOut: [Int32], user: Int) -> HoldoutRanks {
        if scores.isEmpty { scores = Array(repeating: 0, count: scorer.itemCount) }
        let scorer = scorer
        var span = scores.mutableSpan
        scorer.score(user: user, into: &span)
        let own = heldOut.map { scores[Int($0)] }
        for item in train.items(of: user) { scores[Int(item)] = -.infinity }
        let best = unsafe scores.withUnsafeBufferPointer {
            unsafe TopK.select(from: $0, limit: listLength, excluding: nil)
        }
        for item in heldOut { scores[Int(item)] = -.infinity }
        let (ranks, items) = Self.ranks(own, heldOut) { score in
            scores.count { $0 > -.infinity && Self.beats($0, score) }
        }
        return HoldoutRanks(
            ranks: ranks, items: items, negatives: scores.count - train.items(of: user).count - heldOut.count,
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
