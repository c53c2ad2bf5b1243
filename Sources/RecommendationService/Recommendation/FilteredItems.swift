import InteractionStorage
import Locking
import NCF

/// Which items of one model a filter wants, as bits; what its conditions are met by is kept from request to request and brought up to
/// date by what has changed, for the conditions of a shop are mostly the same few, and to look through a million records takes a good
/// part of a second.
///
/// Any thread may ask; nobody waits for what another one looks up.
final class FilteredItems: Sendable {
    /// Conditions whose items are kept, an eighth of a byte for each item of the model.
    private static let keptConditions = 256
    /// Columns of numbers that are kept, eight bytes for each item.
    private static let keptColumns = 16
    /// Octets of the values of a condition that is kept.
    fileprivate static let keptLength = 65_536

    fileprivate struct Kept: Sendable {
        /// A model is told by its version: taking erased users out of it makes another one of the same items.
        var version: Int?
        /// How often the catalogue had changed.
        var changeCount = 0
        var conditions = RecentlyUsed<ItemQuestion, ItemColumn>(limit: keptConditions)
        var columns = RecentlyUsed<ItemQuestion, ItemColumn>(limit: keptColumns)
    }

    private let kept = Lock(Kept())

    /// The items of `snapshot` whose records in `catalog` match: O(items / 64) for each condition that was asked for before, O(items) for
    /// a range, and one look at each record for all others together.
    func items(matching filter: ItemFilter, in snapshot: ModelSnapshot, of catalog: Catalog) -> ItemSet {
        let questions = filter.questions
        var (columns, changeCount) = kept.withLock { kept in
            kept.follow(catalog, snapshot)
            return (kept.columns(for: questions), kept.changeCount)
        }
        var missing = questions.filter { columns[$0] == nil }.map { ItemColumn($0, itemCount: snapshot.itemCount) }
        if !missing.isEmpty {
            catalog.forEachRecord(of: snapshot) { index, item in
                for column in missing.indices { missing[column].set(index, item) }
            }
            for column in missing { columns[column.question] = column }
            kept.withLock { $0.keep(missing, of: snapshot, catalog, asOf: changeCount) }
        }
        return filter.items(in: columns, itemCount: snapshot.itemCount)
    }
}

extension FilteredItems.Kept {
    /// Brings what is kept up to date. What changes meanwhile is looked at again the next time.
    fileprivate mutating func follow(_ catalog: Catalog, _ snapshot: ModelSnapshot) {
        let (count, names) = catalog.changes(after: changeCount)
        changeCount = count
        guard version == snapshot.version, let names else {
            version = snapshot.version
            conditions.removeAll()
            columns.removeAll()
            return
        }
        let changed = catalog.records(of: names, in: snapshot)
        guard !changed.isEmpty else { return }
        conditions.update { column in for (index, record) in changed { column.set(index, record) } }
        columns.update { column in for (index, record) in changed { column.set(index, record) } }
    }

    fileprivate mutating func columns(for questions: Set<ItemQuestion>) -> [ItemQuestion: ItemColumn] {
        var known: [ItemQuestion: ItemColumn] = [:]
        for question in questions {
            known[question] = question.isRange ? columns.value(for: question) : conditions.value(for: question)
        }
        return known
    }

    /// Keeps what was looked up since the catalogue had changed `count` times, and what has changed since.
    fileprivate mutating func keep(
        _ found: [ItemColumn], of snapshot: ModelSnapshot, _ catalog: Catalog, asOf count: Int
    ) {
        guard version == snapshot.version, let names = catalog.changes(after: count).names else { return }
        let changed = catalog.records(of: names, in: snapshot)
        for var column in found where column.question.length <= FilteredItems.keptLength {
            for (index, record) in changed { column.set(index, record) }
            if column.question.isRange {
                columns.keep(column, for: column.question)
            } else {
                conditions.keep(column, for: column.question)
            }
        }
    }
}

/// What a filter asks of every item.
enum ItemQuestion: Hashable, Sendable {
    case meets(ItemCondition)
    /// Where on the scale it is, as limits may be others in each request.
    case number(ExactName, ItemCondition.Scale)

    init(_ condition: ItemCondition) {
        if case .range(let scale, _) = condition.test {
            self = .number(condition.attribute, scale)
        } else {
            self = .meets(condition)
        }
    }

    var isRange: Bool {
        if case .number = self { true } else { false }
    }

    /// Octets of its values.
    var length: Int {
        guard case .meets(let condition) = self else { return 0 }
        return condition.length
    }
}

/// The answer of each item of a model to one question.
struct ItemColumn: Sendable {
    let question: ItemQuestion
    /// Those that meet a condition.
    private(set) var items: ItemSet
    /// For a scale; not a number where an item is nowhere on it.
    private(set) var numbers: [Double]

    /// As long as nothing is known of any item.
    init(_ question: ItemQuestion, itemCount: Int) {
        self.question = question
        items = ItemSet(itemCount: question.isRange ? 0 : itemCount)
        numbers = question.isRange ? Array(repeating: .nan, count: itemCount) : []
    }

    /// An item has this record, or none.
    mutating func set(_ index: Int, _ record: Item?) {
        switch question {
        case .meets(let condition):
            if let record, condition.matches(record) { items.insert(index) } else { items.remove(index) }
        case .number(let attribute, let scale):
            numbers[index] = record.flatMap { ItemCondition.number(attribute, scale, of: $0) } ?? .nan
        }
    }
}

extension ItemFilter {
    /// What has to be known of each item.
    fileprivate var questions: Set<ItemQuestion> {
        switch self {
        case .all(let filters), .any(let filters): filters.reduce(into: []) { $0.formUnion($1.questions) }
        case .not(let filter): filter.questions
        case .condition(let condition): [ItemQuestion(condition)]
        }
    }

    /// The items that match, where each question is answered.
    fileprivate func items(in columns: [ItemQuestion: ItemColumn], itemCount: Int) -> ItemSet {
        switch self {
        case .all(let filters):
            var items = ItemSet(itemCount: itemCount).complement
            for filter in filters { items.formIntersection(filter.items(in: columns, itemCount: itemCount)) }
            return items
        case .any(let filters):
            var items = ItemSet(itemCount: itemCount)
            for filter in filters { items.formUnion(filter.items(in: columns, itemCount: itemCount)) }
            return items
        case .not(let filter): return filter.items(in: columns, itemCount: itemCount).complement
        case .condition(let condition):
            guard let column = columns[ItemQuestion(condition)] else { return ItemSet(itemCount: itemCount) }
            guard case .range(_, let range) = condition.test else { return column.items }
            return ItemSet(itemCount: itemCount) { range.contains(column.numbers[$0]) }
        }
    }
}

/// Values by key, of which those stay that were used last.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private var values: [Key: (value: Value, lastUse: Int)] = [:]
    private var useCount = 0

    init(limit: Int) { self.limit = limit }

    /// The value for `key`, if it is there; it counts as used.
    mutating func value(for key: Key) -> Value? {
        useCount += 1
        values[key]?.lastUse = useCount
        return values[key]?.value
    }

    /// Adds a value, in the place of that which was not used for longest.
    mutating func keep(_ value: Value, for key: Key) {
        useCount += 1
        if values.count >= limit, values[key] == nil,
            let oldest = values.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            values[oldest] = nil
        }
        values[key] = (value, useCount)
    }

    /// Changes each value in place.
    mutating func update(_ body: (inout Value) -> Void) {
        // Taken out meanwhile, or what is changed would be copied.
        for key in Array(values.keys) {
            guard var kept = values.removeValue(forKey: key) else { continue }
            body(&kept.value)
            values[key] = kept
        }
    }

    mutating func removeAll() { values = [:] }
}
