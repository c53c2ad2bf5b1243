extension InteractionDataset {
    /// The share of the interactions that ``HoldoutStrategy/temporal`` and ``HoldoutStrategy/random`` set aside, and
    /// ``HoldoutStrategy/leaveOneOut`` where users have few.
    private static let heldOutShare = 0.1
    /// The share that one interaction of each user may be.
    private static let greatestShareOfLatest = 0.2

    /// Sets interactions aside to measure a model on.
    ///
    /// - Parameters:
    ///   - strategy: Which interactions.
    ///   - seed: Decides the random ones.
    /// - Returns: The rest, with the same users and items under the same indices, and what was set aside. A dislike, or an
    ///   interaction of weight 0, stays with the rest: it is no sign of interest, and a model that ranks it low is not wrong.
    public func split(_ strategy: HoldoutStrategy, seed: UInt64) -> (train: InteractionDataset, holdout: Holdout) {
        let held =
            switch strategy {
            case .leaveOneOut: latestOfEachUser(seed: seed)
            case .temporal: latestOfAll()
            case .random: randomOnes(seed: seed)
            case .none: [Bool](repeating: false, count: interactionCount)
            }
        return (removing(held), heldOut(held))
    }

    /// Of equal times, and where there are none, a random one: the order of arrival may well be that of a sorted file.
    ///
    /// Where users have fewer than five interactions on average, one held out of each would leave little, or of two each nothing, by which
    /// items belong together: then a tenth of all is held out, of users evenly spread.
    private func latestOfEachUser(seed: UInt64) -> [Bool] {
        let latest = (0..<userCount).compactMap { user -> Int? in
            guard interactions(of: user).count >= 2 else { return nil }
            var random = SplitMix64(seed: seed, 11, user)
            return self.latest(1, of: interactions(of: user).filter { weights[$0] > 0 }, using: &random).first
        }
        let isTooMuch = Double(latest.count) > Self.greatestShareOfLatest * Double(interactionCount)
        let taken = isTooMuch ? max(1, Int(Self.heldOutShare * Double(interactionCount))) : latest.count
        var held = [Bool](repeating: false, count: interactionCount)
        for (place, position) in latest.enumerated() where place * taken % latest.count < taken {
            held[position] = true
        }
        return held
    }

    /// The last `count` of a user's interactions, which are in order; where the first of these is of the same time as others, random ones
    /// of that time.
    func latest(_ count: Int, of own: [Int], using random: inout SplitMix64) -> [Int] {
        guard count > 0, count < own.count else { return own }
        let time = timestamps[own[own.count - count]]
        guard timestamps[own[own.count - count - 1]] == time else { return Array(own.suffix(count)) }
        let later = Array(own.suffix(count).drop { timestamps[$0] == time })
        var alike = Array(own.dropLast(later.count).reversed().prefix { timestamps[$0] == time })
        for place in alike.indices.dropFirst().reversed() { alike.swapAt(place, random.below(place + 1)) }
        return alike.prefix(count - later.count) + later
    }

    /// Everything after one instant, so that no training interaction is later than a held-out one.
    private func latestOfAll() -> [Bool] {
        var held = [Bool](repeating: false, count: interactionCount)
        guard interactionCount > 0 else { return held }
        let sorted = timestamps.sorted()
        let last = sorted[Int(Double(interactionCount) * (1 - Self.heldOutShare))]
        for user in 0..<userCount {
            let own = interactions(of: user)
            guard let first = own.first, timestamps[first] < last else { continue }
            for position in own where timestamps[position] >= last && weights[position] > 0 { held[position] = true }
        }
        return held
    }

    private func randomOnes(seed: UInt64) -> [Bool] {
        var held = [Bool](repeating: false, count: interactionCount)
        var random = SplitMix64(seed: seed)
        for user in 0..<userCount {
            let own = interactions(of: user)
            var left = own.count
            for position in own where left > 1 && random.nextUnit() < Self.heldOutShare && weights[position] > 0 {
                held[position] = true
                left -= 1
            }
        }
        return held
    }

    /// This dataset without the interactions marked in `held`.
    func removing(_ held: [Bool]) -> InteractionDataset {
        var kept: [Int] = []
        var offsets = [0]
        for user in 0..<userCount {
            for position in interactions(of: user) where !held[position] { kept.append(position) }
            offsets.append(kept.count)
        }
        return InteractionDataset(
            userIDs: userIDs,
            itemIDs: itemIDs,
            userOffsets: offsets,
            items: kept.map { items[$0] },
            ratings: kept.map { ratings[$0] },
            weights: kept.map { weights[$0] },
            timestamps: kept.map { timestamps[$0] },
            cleaning: cleaning
        )
    }

    /// The interactions marked in `held`, by user.
    func heldOut(_ held: [Bool]) -> Holdout { holdout(of: positions(held)) }

    /// The same, each worth its weight, and where the first counts most the k-th of a user a k-th of that, those of one time being worth
    /// the same; and a user worth as much as its held-out ones on average.
    func heldOut(_ held: [Bool], firstCountsMost: Bool) -> Holdout {
        let positions = positions(held)
        let shares = positions.map { firstCountsMost ? self.shares(of: $0) : Array(repeating: 1, count: $0.count) }
        let relevances = zip(positions, shares).map { own, shares in zip(own, shares).map { weights[$0] * $1 } }
        return holdout(
            of: positions, relevances: relevances,
            importances: zip(relevances, shares).map { $0.isEmpty ? 0 : $0.reduce(0, +) / $1.reduce(0, +) })
    }

    private func holdout(of positions: [[Int]], relevances: [[Float]]? = nil, importances: [Float]? = nil) -> Holdout {
        Holdout(
            items: positions.map { $0.map { items[$0] } }, ratings: positions.map { $0.map { ratings[$0] } },
            relevances: relevances, importances: importances)
    }

    /// 1, 1/2, 1/3 … in the order of time.
    private func shares(of own: [Int]) -> [Float] {
        var shares = own.indices.map { 1 / Float($0 + 1) }
        var start = 0
        while start < own.count {
            let end = own[start...].firstIndex { timestamps[$0] != timestamps[own[start]] } ?? own.count
            let mean = shares[start..<end].reduce(0, +) / Float(end - start)
            for place in start..<end { shares[place] = mean }
            start = end
        }
        return shares
    }

    private func positions(_ held: [Bool]) -> [[Int]] {
        (0..<userCount).map { user in interactions(of: user).filter { held[$0] } }
    }
}
