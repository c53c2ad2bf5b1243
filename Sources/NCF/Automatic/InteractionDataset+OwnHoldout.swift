extension InteractionDataset {
    /// The share of a user's interactions that the engine holds out to choose settings by.
    private static let ownShare = 0.1
    /// The greatest share of all interactions that is held out so: short histories lose more than their share. Where they would lose more,
    /// they lose as much as others do, or what is left of them is thinner than what is to be trained on.
    private static let greatestOwnShare = 0.2
    /// Held-out interactions for which short histories give up to that share all the same: of fewer nothing can be told.
    private static let fewestHeldOut = 200

    /// Sets interactions aside to choose settings by, from what there is to train on: a tenth of every user's, one at least.
    ///
    /// Each user's latest ones if the data has times, of equal times random ones, since serving is about what comes next; otherwise random ones, as the
    /// order of arrival may well be that of a sorted file. Where histories are so short that this would take more than a fifth
    /// of all, of so many users that it is a tenth; and of thousands of users random ones are spared. Dislikes and
    /// interactions of weight 0 are no positives and stay. To find one is worth its weight; of the latest the first, which is what comes
    /// next, twice as much as the second and three times as much as the third.
    ///
    /// - Parameters:
    ///   - fold: 0 is the split just described, every other one is another random split.
    ///   - limit: Users of whom something is held out, at most.
    /// - Returns: The rest, with the same users and items under the same indices, and what was set aside.
    func ownSplit(
        fold: Int, seed: UInt64, users limit: Int = 4000
    ) -> (train: InteractionDataset, holdout: Holdout) {
        let isRandom = fold > 0 || !hasTimes
        var random = SplitMix64(seed: seed, 9, fold)
        var held = [Bool](repeating: false, count: interactionCount)
        var left = Int(Double(interactionCount) * Self.greatestOwnShare)
        if ownHoldoutCount > left {
            left = max(min(left, Self.fewestHeldOut), Int(Double(interactionCount) * Self.ownShare))
        }
        // Even of the smallest dataset something is held out.
        left = max(left, 1)
        var users = 0
        for user in shuffledUsers(using: &random) where left > 0 && users < limit {
            var own = interactions(of: user).filter { weights[$0] > 0 }
            guard own.count >= 2 else { continue }
            if isRandom { own.shuffle(using: &random) }
            let count = min(left, Self.ownCount(of: own.count))
            let chosen = isRandom ? own.suffix(count) : latest(count, of: own, using: &random)[...]
            for position in chosen { held[position] = true }
            left -= count
            users += 1
        }
        return (removing(held), heldOut(held, firstCountsMost: !isRandom))
    }

    /// How many of `count` interactions of a user are held out.
    private static func ownCount(of count: Int) -> Int { max(1, Int((Double(count) * ownShare).rounded())) }

    /// How many interactions would be held out of all users.
    private var ownHoldoutCount: Int {
        (0..<userCount).reduce(0) { sum, user in
            let count = interactions(of: user).count { weights[$0] > 0 }
            return count >= 2 ? sum + Self.ownCount(of: count) : sum
        }
    }

    /// Whether most users with several interactions have them at different times.
    var hasTimes: Bool {
        var several = 0
        var timed = 0
        for user in 0..<userCount {
            let own = interactions(of: user)
            guard own.count >= 2 else { continue }
            several += 1
            let times = timestamps[own].filter { $0 != 0 }
            if let first = times.first, let last = times.last, first < last { timed += 1 }
        }
        return 2 * timed > several
    }

    private func shuffledUsers(using random: inout SplitMix64) -> [Int] {
        var users = Array(0..<userCount)
        for index in stride(from: userCount - 1, to: 0, by: -1) { users.swapAt(index, random.below(index + 1)) }
        return users
    }

    /// Random users with about `interactions` interactions together, under new indices; the items keep theirs. Itself, if it
    /// has no more.
    func sample(interactions: Int, seed: UInt64) -> InteractionDataset {
        guard interactionCount > interactions else { return self }
        var random = SplitMix64(seed: seed, 10)
        var chosen: [Int] = []
        var count = 0
        for user in shuffledUsers(using: &random) where count < interactions {
            chosen.append(user)
            count += self.interactions(of: user).count
        }
        return keeping(users: chosen.sorted())
    }

    private func keeping(users: [Int]) -> InteractionDataset {
        var ids = IDMap.Builder()
        var positions: [Int] = []
        var offsets = [0]
        for user in users {
            _ = ids.intern(userIDs[user])
            positions.append(contentsOf: interactions(of: user))
            offsets.append(positions.count)
        }
        return InteractionDataset(
            userIDs: ids.build(), itemIDs: itemIDs, userOffsets: offsets, items: positions.map { items[$0] },
            ratings: positions.map { ratings[$0] }, weights: positions.map { weights[$0] },
            timestamps: positions.map { timestamps[$0] }, cleaning: cleaning)
    }
}
