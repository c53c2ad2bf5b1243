extension InteractionDataset {
    /// Looks at the dataset as a whole: what ``DatasetCleaning`` tells beyond single rows, and what the rules leave to learn from.
    ///
    /// Complexity: O(interactions + (users + items) log), and beside the dataset 8 bytes for each user and item; with a minimum
    /// above 1 another 8 bytes an interaction.
    ///
    /// - Returns: The dataset as it is to be served and measured, its ``cleaning`` complete, and what of it is learned from. By rules
    ///   that keep everything the interactions are the same.
    public func inspected(by rules: CleaningRules) -> (dataset: InteractionDataset, core: LearningCore) {
        let counts = interactionCounts()
        let rule = BotRule(userCounts: counts.users)
        var bots = ItemSet(itemCount: userCount)
        var reasons: [(user: Int, reason: BotRule.Reason)] = []
        for user in 0..<userCount {
            let own = interactions(of: user)
            guard let reason = rule.reason(count: own.count, timestamps: timestamps[own]) else { continue }
            bots.insert(user)
            if reasons.count < DatasetCleaning.exampleLimit { reasons.append((user, reason)) }
        }
        let core = LearningCore(self, rules: rules, bots: bots)
        var cleaning = cleaning
        cleaning.rules = rules
        let figures = DatasetFigures(self, userCounts: counts.users, itemCounts: counts.items)
        cleaning.figures = figures
        cleaning.state(
            .botLikeUsers, count: bots.count, interactions: bots.items.reduce(0) { $0 + Int(counts.users[Int($1)]) },
            leftOut: core.bots.items.reduce(0) { $0 + Int(counts.users[Int($1)]) },
            examples: reasons.map { user, reason in
                .init(userID: userIDs[user], detail: reason.detail(count: Int(counts.users[user])))
            })
        stateRare(counts.users, counts.items, core, in: &cleaning)
        statePopular(counts.items, figures, in: &cleaning)
        stateConstantRaters(in: &cleaning)
        return (core.settingAside(self).reporting(cleaning), core)
    }

    /// How many interactions each user and each item has.
    func interactionCounts(without left: ItemSet? = nil) -> (users: [Int32], items: [Int32]) {
        var (users, items) = ([Int32](repeating: 0, count: userCount), [Int32](repeating: 0, count: itemCount))
        for user in 0..<userCount where !(left?.contains(user) ?? false) {
            let own = interactions(of: user)
            users[user] = Int32(own.count)
            for place in own { items[Int(self.items[place])] += 1 }
        }
        return (users, items)
    }

    private func stateRare(
        _ users: [Int32], _ items: [Int32], _ core: LearningCore, in cleaning: inout DatasetCleaning
    ) {
        let rules = cleaning.rules
        let leavesOut = rules.minimumUserInteractions > 1 || rules.minimumItemInteractions > 1
        // Who leaves by the rules, in whichever round; by rules that demand nothing what has too little to be learned well.
        func rare(_ counts: [Int32], _ left: ItemSet) -> [Int] {
            guard !leavesOut else { return left.items.map(Int.init) }
            return counts.indices.filter { counts[$0] > 0 && counts[$0] < Int32(DatasetFigures.coldBelow) }
        }
        var leftOut = (users: 0, items: 0)
        forEachInteraction { user, place in
            if core.rareUsers.contains(user) {
                leftOut.users += 1
            } else if core.rareItems.contains(Int(self.items[place])), !core.bots.contains(user) {
                leftOut.items += 1
            }
        }
        let (rareUsers, rareItems) = (rare(users, core.rareUsers), rare(items, core.rareItems))
        cleaning.state(
            .rareUsers, count: rareUsers.count, interactions: rareUsers.reduce(0) { $0 + Int(users[$1]) },
            leftOut: leftOut.users,
            examples: rareUsers.prefix(DatasetCleaning.exampleLimit).map {
                .init(userID: userIDs[$0], detail: "interactions: \(users[$0])")
            })
        cleaning.state(
            .rareItems, count: rareItems.count, interactions: rareItems.reduce(0) { $0 + Int(items[$1]) },
            leftOut: leftOut.items,
            examples: rareItems.prefix(DatasetCleaning.exampleLimit).map {
                .init(itemID: itemIDs[$0], detail: "interactions: \(items[$0])")
            })
    }

    /// The share of all interactions from which on the first hundredth of the items is worth telling of.
    private static let skewedShare = 0.2

    private func statePopular(_ counts: [Int32], _ figures: DatasetFigures, in cleaning: inout DatasetCleaning) {
        guard figures.topShare > Self.skewedShare, figures.items >= 100 else { return }
        let first = counts.indices.sorted { (counts[$0], $1) > (counts[$1], $0) }.prefix(figures.topCount)
        cleaning.state(
            .popularItems, count: first.count, interactions: first.reduce(0) { $0 + Int(counts[$1]) },
            examples: first.prefix(DatasetCleaning.exampleLimit).map {
                .init(itemID: itemIDs[$0], detail: "interactions: \(counts[$0])")
            })
    }

    /// Ratings from which on one and the same says that its user does not grade.
    private static let leastConstantRatings = 10

    private func stateConstantRaters(in cleaning: inout DatasetCleaning) {
        guard let range = ratingRange, range.lowerBound < range.upperBound else { return }
        var (count, total, examples) = (0, 0, [DatasetCleaning.Example]())
        for user in 0..<userCount {
            let own = interactions(of: user).lazy.map { ratings[$0] }.filter { !$0.isNaN }
            guard let rating = own.first, own.allSatisfy({ $0 == rating }) else { continue }
            let rated = own.count
            guard rated >= Self.leastConstantRatings else { continue }
            count += 1
            total += rated
            guard examples.count < DatasetCleaning.exampleLimit else { continue }
            examples.append(.init(userID: userIDs[user], detail: "all of \(rated) items are rated \(rating)"))
        }
        cleaning.state(.constantRaters, count: count, interactions: total, examples: examples)
    }
}

extension InteractionDataset {
    /// Calls `body` with the user and the place of every interaction.
    func forEachInteraction(_ body: (_ user: Int, _ place: Int) -> Void) {
        for user in 0..<userCount {
            for place in interactions(of: user) { body(user, place) }
        }
    }

    /// This dataset without the interactions for which `isLeftOut` is true.
    func removing(where isLeftOut: (_ user: Int, _ place: Int) -> Bool) -> InteractionDataset {
        var marks = [Bool](repeating: false, count: interactionCount)
        forEachInteraction { user, place in marks[place] = isLeftOut(user, place) }
        return removing(marks)
    }

    /// The same with another report.
    private func reporting(_ cleaning: DatasetCleaning) -> InteractionDataset {
        InteractionDataset(
            userIDs: userIDs, itemIDs: itemIDs, userOffsets: userOffsets, items: items, ratings: ratings,
            weights: weights, timestamps: timestamps, cleaning: cleaning)
    }
}
