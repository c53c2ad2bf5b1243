public import InteractionStorage

/// Makes interactions of any size whose structure is known, so that a model can be judged by what was planted.
///
/// **Groups.** Users and items belong to taste groups of equal size, shuffled by the seed. A user takes `affinity` of
/// their items from their own group, while it lasts, and the rest from the others, evenly.
/// **Popularity.** Within a group the item of rank r (from 1) is drawn in proportion to r^-`zipfExponent`.
/// **Activity.** Half of the interactions are spread evenly over the users; the other half in proportion to
/// 1/√rank of a shuffled order of users, about as in MovieLens. Nobody has the same item twice.
/// **Ratings.** 1 to 5: 4.3 within the own group and 2.3 outside it, plus the item's quality (uniform in ±0.5) and noise
/// (triangular in ±0.75), rounded.
/// **Times.** Strictly increasing, with uniform gaps whose mean spreads the interactions over `span`.
///
/// The same settings and seed give the same interactions. Made one at a time: memory is about 20 bytes for a user, 5 for
/// an item and at most 2 for an interaction. Not to be shared between threads while it runs.
public struct SyntheticInteractions: Sequence, IteratorProtocol, Sendable {
    /// What was asked for.
    public let configuration: Configuration
    let catalogue: SyntheticCatalogue

    private var random: SplitMix64
    private var quotas: RemainingQuotas
    private var seen: SeenPairs
    private var popularity: [AliasTable]
    // Users who have had all items of their group: looking for another would take a walk through the group each time.
    private var hasUsedUpGroup: [Bool]
    private var time: Int64

    /// Prepares the generation; linear in users and items.
    public init(_ configuration: Configuration) throws(Configuration.Fault) {
        if let fault = configuration.fault { throw fault }
        self.configuration = configuration
        catalogue = SyntheticCatalogue(configuration)
        random = SplitMix64(seed: SplitMix64.mix(configuration.seed &+ 1))
        let activity = SyntheticActivity.quotas(configuration, &random)
        quotas = RemainingQuotas(activity)
        seen = SeenPairs(quotas: activity, itemCount: configuration.items)
        time = configuration.start
        hasUsedUpGroup = [Bool](repeating: false, count: configuration.users)
        popularity = (0..<configuration.groups).map { group in
            let count = SyntheticCatalogue.groupSize(group, configuration)
            return AliasTable(weights: (1...count).map { configuration.weight(rank: $0) })
        }
    }

    /// The next interaction, nil when there are as many as asked for.
    public mutating func next() -> Interaction? {
        guard quotas.total > 0 else { return nil }
        let user = quotas.draw(&random)
        let item = drawItem(for: user)
        let rating = drawRating(user: user, item: item)
        time += nextGap()
        return Interaction(
            userID: String(user + 1), itemID: String(item + 1), rating: Double(rating), timestamp: time)
    }

    /// The taste group of the user `index`, from 0; its ID is `index` + 1.
    public func group(ofUser index: Int) -> Int { catalogue.group(ofUser: index) }

    /// The taste group of the item `index`, from 0; its ID is `index` + 1.
    public func group(ofItem index: Int) -> Int { catalogue.group(ofItem: index) }

    /// The items that the interactions name, with titles, genres and years, in the order of their IDs.
    public var items: some Sequence<Item> {
        (0..<configuration.items).lazy.map { [catalogue] in catalogue.item($0) }
    }

    /// An item that the user has not had: of the group that taste says, by popularity, as long as one is found soon;
    /// then the group's next one that is free; and when the group is used up, any.
    private mutating func drawItem(for user: Int) -> Int {
        let own = catalogue.group(ofUser: user)
        let group = drawGroup(own)
        if group == own && hasUsedUpGroup[user] { return nextFreeItem(for: user) }
        for _ in 0..<16 {
            let item = catalogue.item(group: group, rank: popularity[group].draw(&random))
            if seen.insert(user: user, item: item) { return item }
        }
        let size = SyntheticCatalogue.groupSize(group, configuration)
        let start = random.below(size)
        for step in 0..<size {
            let item = catalogue.item(group: group, rank: (start + step) % size)
            if seen.insert(user: user, item: item) { return item }
        }
        if group == own { hasUsedUpGroup[user] = true }
        return nextFreeItem(for: user)
    }

    /// The first item that the user has not had, from a random one on.
    private mutating func nextFreeItem(for user: Int) -> Int {
        var item = random.below(configuration.items)
        // Quotas never exceed the catalogue, and a filter that is not exact belongs to a quota far below it.
        while !seen.insert(user: user, item: item) { item = (item + 1) % configuration.items }
        return item
    }

    private mutating func drawGroup(_ own: Int) -> Int {
        if configuration.groups == 1 || random.unit() < configuration.affinity { return own }
        let other = random.below(configuration.groups - 1)
        return other < own ? other : other + 1
    }

    private mutating func drawRating(user: Int, item: Int) -> Int {
        let isOwn = catalogue.group(ofUser: user) == catalogue.group(ofItem: item)
        let noise = (random.unit() + random.unit() - 1) * 0.75
        let rating = (isOwn ? 4.3 : 2.3) + catalogue.quality(ofItem: item) + noise
        return Swift.min(Swift.max(Int(rating.rounded()), 1), 5)
    }

    private mutating func nextGap() -> Int64 {
        let mean = Swift.max(configuration.span / Int64(configuration.interactions), 1)
        return 1 + Int64(random.below(Int(2 * mean - 1)))
    }
}
