import InteractionStorage
import NCF

/// Which items of one model meet conditions, as bits; kept from request to request and brought up to date by what has changed, for
/// the conditions of a shop are mostly the same few, and to look through a million records takes a good part of a second.
///
/// A range is read off a column of all items' numbers, as its limits may be others in each request.
struct FilteredItems: Sendable {
    /// Conditions whose items are kept, an eighth of a byte for each item of the model.
    static let keptConditions = 64
    /// Columns of numbers that are kept, eight bytes for each item.
    static let keptColumns = 8

    private struct Scale: Hashable, Sendable {
        var attribute: ExactName
        var scale: ItemCondition.Scale
    }

    /// A model is told by its version: taking erased users out of it makes another one of the same items.
    private var version: Int?
    /// How often the catalogue had changed.
    private var changeCount = 0
    private var conditions = RecentlyUsed<ItemCondition, ItemSet>(limit: keptConditions)
    /// Not a number where an item is nowhere on the scale.
    private var columns = RecentlyUsed<Scale, [Double]>(limit: keptColumns)

    /// The items of `snapshot` whose records in `catalog` match; O(items / 64) for each condition that was asked for before, O(items)
    /// for a range, and O(items) look-ups for others.
    mutating func items(matching filter: ItemFilter, in snapshot: ModelSnapshot, of catalog: Catalog) -> ItemSet {
        follow(catalog, snapshot)
        return items(filter, snapshot, catalog)
    }

    private mutating func items(_ filter: ItemFilter, _ snapshot: ModelSnapshot, _ catalog: Catalog) -> ItemSet {
        switch filter {
        case .all(let filters):
            var items = ItemSet(itemCount: snapshot.itemCount).complement
            for filter in filters { items.formIntersection(self.items(filter, snapshot, catalog)) }
            return items
        case .any(let filters):
            var items = ItemSet(itemCount: snapshot.itemCount)
            for filter in filters { items.formUnion(self.items(filter, snapshot, catalog)) }
            return items
        case .not(let filter): return items(filter, snapshot, catalog).complement
        case .condition(let condition):
            guard case .range(let scale, let range) = condition.test else {
                return conditions.value(for: condition) {
                    var items = ItemSet(itemCount: snapshot.itemCount)
                    catalog.forEachRecord(of: snapshot) { if condition.matches($1) { items.insert($0) } }
                    return items
                }
            }
            let numbers = columns.value(for: Scale(attribute: condition.attribute, scale: scale)) {
                var numbers = [Double](repeating: .nan, count: snapshot.itemCount)
                catalog.forEachRecord(of: snapshot) {
                    numbers[$0] = ItemCondition.number(condition.attribute, scale, of: $1) ?? .nan
                }
                return numbers
            }
            return ItemSet(itemCount: snapshot.itemCount) { range.contains(numbers[$0]) }
        }
    }

    /// Brings what is kept up to date. What changes meanwhile is looked at again the next time.
    private mutating func follow(_ catalog: Catalog, _ snapshot: ModelSnapshot) {
        let (count, names) = catalog.changes(after: changeCount)
        changeCount = count
        guard version == snapshot.version, let names else {
            version = snapshot.version
            conditions.removeAll()
            columns.removeAll()
            return
        }
        let known = Set(names).compactMap { name in snapshot.items.index(of: name.text).map { (name, $0) } }
        let changed = zip(known.map(\.1), catalog.items(known.map(\.0.text)))
        conditions.update { condition, items in
            for (index, record) in changed {
                if let record, condition.matches(record) { items.insert(index) } else { items.remove(index) }
            }
        }
        columns.update { scale, numbers in
            for (index, record) in changed {
                numbers[index] = record.flatMap { ItemCondition.number(scale.attribute, scale.scale, of: $0) } ?? .nan
            }
        }
    }
}

/// Values by key, of which those stay that were used last.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private var values: [Key: (value: Value, lastUse: Int)] = [:]
    private var useCount = 0

    init(limit: Int) { self.limit = limit }

    /// How many there are.
    var count: Int { values.count }

    /// The value that is kept for `key`, or else the one that `make` makes, which is then kept.
    mutating func value(for key: Key, _ make: () -> Value) -> Value {
        useCount += 1
        if let kept = values[key]?.value {
            values[key]?.lastUse = useCount
            return kept
        }
        let value = make()
        if values.count >= limit, let oldest = values.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            values[oldest] = nil
        }
        values[key] = (value, useCount)
        return value
    }

    /// Changes each value in place.
    mutating func update(_ body: (Key, inout Value) -> Void) {
        // Taken out meanwhile, or what is changed would be copied.
        for key in Array(values.keys) {
            guard var kept = values.removeValue(forKey: key) else { continue }
            body(key, &kept.value)
            values[key] = kept
        }
    }

    mutating func removeAll() { values = [:] }
}
