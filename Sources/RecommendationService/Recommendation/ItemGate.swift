import InteractionStorage

/// Which items a request may be answered with: not those that are withheld or that it excludes, and only what its filter wants.
struct ItemGate: Sendable {
    /// Items that are looked up together.
    private static let chunk = 256

    /// Items that nobody may be shown.
    let withheld: NameSet
    let excluded: Set<ExactName>
    let filter: ItemFilter?
    let catalog: Catalog

    init(withheld: NameSet, excluded: Set<ExactName> = [], filter: ItemFilter? = nil, catalog: Catalog) {
        (self.withheld, self.excluded, self.filter, self.catalog) = (withheld, excluded, filter, catalog)
    }

    /// Whether an item with this record may be shown.
    func admits(_ item: Item) -> Bool {
        let name = ExactName(item.id)
        return !withheld.contains(name) && !excluded.contains(name) && filter?.matches(item) != false
    }

    /// The first `limit` of `elements` that may be shown; the others are not looked at.
    func first<Element>(
        _ limit: Int, of elements: some Sequence<Element>, name: (Element) -> ExactName
    ) -> [Element] {
        var found: [Element] = []
        var waiting: [Element] = []
        for element in elements where found.count < limit {
            let own = name(element)
            if withheld.contains(own) || excluded.contains(own) { continue }
            guard filter != nil else {
                found.append(element)
                if found.count == limit { break }
                continue
            }
            waiting.append(element)
            if waiting.count == Self.chunk { pass(&waiting, to: &found, name) }
        }
        pass(&waiting, to: &found, name)
        return Array(found.prefix(limit))
    }

    /// The first `limit` items of a ranking that may be shown.
    ///
    /// - Parameter ranking: Told how many entries it is to have at least, it may have fewer where that is all that is at hand.
    /// - Returns: Also the ranking that they are of; nil where there is none.
    func first(
        _ limit: Int, of ranking: (_ atLeast: Int) -> ItemRanking?
    ) -> (entries: [ItemRanking.Entry], ranking: ItemRanking)? {
        var count = limit
        var (found, isFirst) = (ranking(count).map { ($0, entries(limit, of: $0)) }, true)
        // Most of what is popular may be shown. If not: as many more as may be withheld, or by a filter all there are.
        while let (ranked, shown) = found, shown.count < limit, !ranked.isWhole, ranked.entries.count >= count {
            count = isFirst && filter == nil ? count + withheld.count + excluded.count : ranked.itemCount
            isFirst = false
            found = ranking(count).map { ($0, entries(limit, of: $0)) }
        }
        return found.map { (entries: $0.1, ranking: $0.0) }
    }

    private func entries(_ limit: Int, of ranking: ItemRanking) -> [ItemRanking.Entry] {
        first(limit, of: ranking.entries) { $0.item }
    }

    private func pass<Element>(_ waiting: inout [Element], to found: inout [Element], _ name: (Element) -> ExactName) {
        guard let filter, !waiting.isEmpty else { return }
        let records = catalog.items(waiting.map { name($0).text })
        for (element, record) in zip(waiting, records) where filter.matches(record) { found.append(element) }
        waiting = []
    }
}
