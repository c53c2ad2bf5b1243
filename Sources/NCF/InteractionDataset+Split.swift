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
            case .leaveOneOut: latestOfEachUser()
            case .temporal: latestOfAll()
            case .random: randomOnes(seed: seed)
            case .none: [Bool](repeating: false, count: interactionCount)
            }
        return (removing(held), heldOut(held))
    }

    /// Where users have fewer than five interactions on average, one held out of each would leave little, or of two each nothing, by which
    /// items belong together: then a tenth of all is held out, of users evenly spread.
    private func latestOfEachUser() -> [Bool] {
        let latest = (0..<userCount).compactMap { user -> Int? in
            let own = interactions(of: user)
            return own.count >= 2 ? own.last { weights[$0] > 0 } : nil
        }
        let isTooMuch = Double(latest.count) > Self.greatestShareOfLatest * Double(interactionCount)
        let taken = isTooMuch ? max(1, Int(Self.heldOutShare * Double(interactionCount))) : latest.count
        var held = [Bool](repeating: false, count: interactionCount)
        for (place, position) in latest.enumerated() where place * taken % latest.count < taken {
            held[position] = true
        }
        return held
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
    func heldOut(_ held: [Bool]) -> Holdout {
        let positions = (0..<userCount).map { user in interactions(of: user).filter { held[$0] } }
        return Holdout(
            items: positions.map { $0.map { items[$0] } },
            ratings: positions.map { $0.map { ratings[$0] } }
        )
    }
}
