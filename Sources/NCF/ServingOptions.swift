internal import Dispatch
internal import Locking

/// How a snapshot ranks a large catalogue otherwise than by computing every item's score.
public struct ServingOptions: Sendable, Equatable {
    /// Whether a model without a tower keeps its item embeddings a second time, in bytes: a request then reads a quarter of
    /// the memory, and gets the same answer (``CompactItems``).
    public var compactItems: Bool
    /// What the tower's part of one user's request may cost, in multiplications (10¹¹ take about a second on one core);
    /// 0 for any number. Beyond it, matrix factorisation chooses as many items as the cost allows, and the whole model
    /// ranks those (``Preselection``): answers may then miss an item.
    public var towerMultiplications: Int

    /// Every item's score is computed, unless said otherwise.
    public init(compactItems: Bool = false, towerMultiplications: Int = 0) {
        self.compactItems = compactItems
        self.towerMultiplications = towerMultiplications
    }
}

extension ScoringModel {
    /// The same numbers, served by `options`; itself where they change nothing. O(I · d) with compact items, one pass of the
    /// tower with a preselection.
    func serving(_ options: ServingOptions, meanUser: UserVector) -> ScoringModel {
        let allowed = options.towerMultiplications
        let isCostly = allowed > 0 && itemCount * tower.multiplications > allowed
        let preselection =
            isCostly && architecture.hasGMF && architecture.hasMLP
            ? Preselection(self, multiplications: allowed, meanUser: meanUser) : nil
        let compact = options.compactItems && !architecture.hasMLP ? CompactItems(self) : nil
        if compact == nil && preselection == nil && self.compact == nil && self.preselection == nil { return self }
        return ScoringModel(self, compact: compact, preselection: preselection)
    }
}

extension ModelSnapshot {
    /// The same model, served by `options`; shares all memory with this one.
    public func serving(_ options: ServingOptions) -> ModelSnapshot {
        let model = self.model.serving(options, meanUser: prior.user)
        guard model !== self.model else { return self }
        return ModelSnapshot(
            version: version, users: users, items: items, lineage: lineage, ratingScale: ratingScale, model: model,
            seen: seen, popularity: popularity, popularityOrder: popularityOrder, prior: prior, negatives: negatives,
            features: features)
    }

    /// Multiplications of the tower for one user and one item; 0 without a tower.
    public var towerMultiplications: Int { model.architecture.hasMLP ? model.tower.multiplications : 0 }

    /// Whether recommendations rank what matrix factorisation preselected, and so may miss an item: ``ServingOptions``.
    public var preselects: Bool { model.preselection != nil }

    /// How many items matrix factorisation chooses for the best `limit`; nil where every item is scored.
    public func preselectedCount(for limit: Int) -> Int? {
        model.preselection?.count(for: min(limit, itemCount), of: itemCount)
    }

    /// The share of the exact best `limit` items that recommendations have, over all lists of `users`; 1 without a
    /// preselection.
    ///
    /// Ranks the whole catalogue for each: O(users · catalogue).
    public func recallOfPreselection(users: [Int], limit: Int) -> Double {
        recallOfPreselection(for: users.map { RankingSubject(.user($0)) }, limit: limit)
    }

    /// The same over the lists of `subjects`, on as many threads as there are processors.
    ///
    /// - Parameter isEnded: Asked before every pass; once it says so what comes of it means nothing.
    public func recallOfPreselection(
        for subjects: [RankingSubject], limit: Int, isEnded: @Sendable () -> Bool = { false }
    ) -> Double {
        guard preselects else { return 1 }
        let exact = serving(ServingOptions())
        let passes = (subjects.count + Self.usersPerPass - 1) / Self.usersPerPass
        // Whole numbers, which add up to the same in whatever order they come.
        let counts = Lock((hits: 0, all: 0))
        DispatchQueue.concurrentPerform(iterations: passes) { pass in
            guard !isEnded() else { return }
            let start = pass * Self.usersPerPass
            let some = Array(subjects[start..<min(subjects.count, start + Self.usersPerPass)])
            let (found, expected) = (rank(for: some, limit: limit).lists, exact.rank(for: some, limit: limit).lists)
            var hits = 0
            for (list, expected) in zip(found, expected) {
                let items = Set(list.map(\.item))
                hits += expected.count { items.contains($0.item) }
            }
            let all = expected.reduce(0) { $0 + $1.count }
            counts.withLock { [hits] in $0 = ($0.hits + hits, $0.all + all) }
        }
        let (hits, all) = counts.withLock { $0 }
        return all > 0 ? Double(hits) / Double(all) : 1
    }
}
