import InteractionStorage
import JSON

/// Which items an answer may hold: a condition on their records, or several joined by logic.
///
/// Names, texts and numbers are compared exactly. An item without a record, or without the attribute, meets no condition.
indirect enum ItemFilter: Sendable {
    /// All of them, of which there may be none.
    case all([ItemFilter])
    /// At least one of them.
    case any([ItemFilter])
    case not(ItemFilter)
    case condition(ItemCondition)

    /// Octets of the values that its conditions compare with.
    var length: Int {
        switch self {
        case .all(let filters), .any(let filters): filters.reduce(0) { $0 + $1.length }
        case .not(let filter): filter.length
        case .condition(let condition): condition.length
        }
    }

    /// Whether an item with this record, nil for none, may be in the answer.
    func matches(_ item: Item?) -> Bool {
        switch self {
        case .all(let filters): filters.allSatisfy { $0.matches(item) }
        case .any(let filters): filters.contains { $0.matches(item) }
        case .not(let filter): !filter.matches(item)
        case .condition(let condition): item.map(condition.matches) ?? false
        }
    }
}

/// What one attribute of an item's record has to be.
struct ItemCondition: Hashable, Sendable {
    /// A value, as attributes have them.
    enum Operand: Hashable, Sendable {
        case text(ExactName)
        case number(Double)
        case truth(Bool)

        var length: Int {
            guard case .text(let text) = self else { return 8 }
            return text.text.utf8.count
        }
    }

    /// What a range is of.
    enum Scale: Hashable, Sendable {
        case numbers
        /// Milliseconds since 1970, which attributes hold as RFC 3339 texts.
        case times
    }

    enum Test: Hashable, Sendable {
        case anyOf(Set<Operand>)
        /// Each of them is an element; what is no list is one of a single element.
        case allOf(Set<Operand>)
        case range(Scale, ClosedRange<Double>)
    }

    /// The name of an attribute, or `tags`, `title` or `domain`.
    let attribute: ExactName
    let test: Test

    /// Octets of the values that it compares with.
    var length: Int {
        switch test {
        case .anyOf(let operands), .allOf(let operands): operands.reduce(0) { $0 + $1.length }
        case .range: 0
        }
    }

    /// Whether the record is as it has to be.
    func matches(_ item: Item) -> Bool {
        switch test {
        case .anyOf(let operands): hasValue(item) { operands.contains($0) }
        case .allOf(let operands): operands.allSatisfy { operand in hasValue(item) { $0 == operand } }
        case .range(let scale, let range): Self.number(attribute, scale, of: item).map(range.contains) ?? false
        }
    }

    /// Whether one of the values that the attribute has is as `body` wants it.
    private func hasValue(_ item: Item, _ body: (Operand) -> Bool) -> Bool {
        switch Self.value(attribute, of: item) {
        case .string(let text): body(.text(ExactName(text)))
        case .number(let number): body(.number(number))
        case .boolean(let truth): body(.truth(truth))
        case .strings(let texts): texts.contains { body(.text(ExactName($0))) }
        case nil: false
        }
    }

    /// Where an item stands on a scale, nil for nowhere.
    static func number(_ attribute: ExactName, _ scale: Scale, of item: Item) -> Double? {
        switch (value(attribute, of: item), scale) {
        case (.number(let number), .numbers): number
        case (.string(let text), .times): RFC3339.parse(text).map(Double.init)
        default: nil
        }
    }

    private static func value(_ attribute: ExactName, of item: Item) -> AttributeValue? {
        switch attribute {
        case "tags": .strings(item.tags)
        case "title": item.title.map(AttributeValue.string)
        case "domain": item.domain.map(AttributeValue.string)
        default: item.attributes[attribute]
        }
    }
}
