import InteractionFormats
import InteractionStorage
import JSON

/// Reads the ``ItemFilter``s of a request out of JSON, and finds everything that is wrong with them. What they may have of filters and
/// conditions they have together.
struct ItemFilterDecoder {
    /// Filters within filters.
    private static let maximumDepth = 16
    private static let maximumConditions = 100
    /// Conditions and what joins them.
    private static let maximumFilters = 200
    /// Values of one condition.
    private static let maximumValues = 1000
    private static let forms = ["all", "any", "not", "attribute"]
    private static let tests = ["any_of", "all_of", "at_least", "at_most"]

    private var conditions = 0
    private var filters = 0
    private var faults = JSONFaults()

    /// The filter in `value`; nil, and faults, where it is none.
    mutating func filter(_ value: JSONValue, _ faults: inout JSONFaults) -> ItemFilter? {
        swap(&self.faults, &faults)
        defer { swap(&self.faults, &faults) }
        return filter(value, depth: 1)
    }

    private mutating func filter(_ value: JSONValue, depth: Int) -> ItemFilter? {
        guard depth <= Self.maximumDepth else {
            faults.add(at: value, "filters may be nested \(Self.maximumDepth) deep, not deeper")
            return nil
        }
        filters += 1
        guard filters <= Self.maximumFilters else {
            if filters == Self.maximumFilters + 1 {
                faults.add(at: value, "a filter consists of at most \(Self.maximumFilters) filters")
            }
            return nil
        }
        guard let object = JSONObjectDecoder(value, knownMembers: Self.forms + Self.tests, faults: &faults) else {
            return nil
        }
        let given = Self.forms.filter { object.value($0) != nil }
        guard given.count == 1, let form = given.first else {
            faults.add(
                at: value, "expected one of \"all\", \"any\", \"not\" and \"attribute\", found \(Self.listed(given))")
            return nil
        }
        if form == "attribute" { return condition(object) }
        for test in Self.tests where object.value(test) != nil {
            faults.add(at: value, member: test, "is for an \"attribute\", which is not named beside it")
        }
        switch form {
        case "all": return filters(object, "all", count: 0...Self.maximumConditions, depth).map(ItemFilter.all)
        case "any": return filters(object, "any", count: 1...Self.maximumConditions, depth).map(ItemFilter.any)
        default: return object.value("not").flatMap { filter($0, depth: depth + 1) }.map(ItemFilter.not)
        }
    }

    private mutating func filters(
        _ object: JSONObjectDecoder, _ name: String, count: ClosedRange<Int>, _ depth: Int
    ) -> [ItemFilter]? {
        guard let list = object.array(name, count: count, &faults) else { return nil }
        var found: [ItemFilter] = []
        for element in list.elements {
            guard let filter = filter(element, depth: depth + 1) else { continue }
            found.append(filter)
        }
        return found
    }

    private mutating func condition(_ object: JSONObjectDecoder) -> ItemFilter? {
        conditions += 1
        guard conditions <= Self.maximumConditions else {
            if conditions == Self.maximumConditions + 1 {
                faults.add(at: object.object, "a filter has at most \(Self.maximumConditions) conditions")
            }
            return nil
        }
        let attribute = object.string("attribute", maximumLength: 256, &faults)
        let given = Self.tests.filter { object.value($0) != nil }
        guard given.count == 1 || given == ["at_least", "at_most"] else {
            faults.add(
                at: object.object,
                "expected \"any_of\", \"all_of\", or \"at_least\", \"at_most\" or both, found \(Self.listed(given))")
            return nil
        }
        let test: ItemCondition.Test? =
            switch given[0] {
            case "any_of": operands(object, "any_of").map(ItemCondition.Test.anyOf)
            case "all_of": operands(object, "all_of").map(ItemCondition.Test.allOf)
            default: range(object)
            }
        guard let attribute, let test else { return nil }
        return .condition(ItemCondition(attribute: ExactName(attribute), test: test))
    }

    private mutating func operands(_ object: JSONObjectDecoder, _ name: String) -> Set<ItemCondition.Operand>? {
        guard let list = object.array(name, count: 1...Self.maximumValues, &faults) else { return nil }
        var operands: Set<ItemCondition.Operand> = []
        for element in list.elements {
            switch element.kind {
            case .string, .bool, .integer, .double:
                // What no attribute can be is refused as it is there.
                switch AttributeValue(element, faults: &faults) {
                case .string(let text): operands.insert(.text(ExactName(text)))
                case .number(let number): operands.insert(.number(number))
                case .boolean(let truth): operands.insert(.truth(truth))
                case .strings, nil: break
                }
            default: faults.add(at: element, "expected a text, a number or a truth value")
            }
        }
        return operands
    }

    /// Both limits on one scale, and in their order.
    private mutating func range(_ object: JSONObjectDecoder) -> ItemCondition.Test? {
        let least = object.value("at_least").map { limit($0) }
        let most = object.value("at_most").map { limit($0) }
        // A fault was told of each that is there and no limit.
        if case .some(nil) = least { return nil }
        if case .some(nil) = most { return nil }
        let limits = (least: least ?? nil, most: most ?? nil)
        if let scale = limits.least?.scale, let other = limits.most?.scale, scale != other {
            faults.add(at: object.object, "\"at_least\" and \"at_most\" must be two numbers or two times")
            return nil
        }
        let (from, to) = (limits.least?.value ?? -.infinity, limits.most?.value ?? .infinity)
        guard from <= to else {
            faults.add(at: object.object, "nothing is \"at_least\" more than \"at_most\"")
            return nil
        }
        return .range(limits.least?.scale ?? limits.most?.scale ?? .numbers, from...to)
    }

    private mutating func limit(_ value: JSONValue) -> (scale: ItemCondition.Scale, value: Double)? {
        if let text = value.string {
            if let time = RFC3339.parse(text) { return (.times, Double(time)) }
            faults.add(at: value, "expected a number, or an RFC 3339 time such as \"2026-03-01T12:30:00Z\"")
            return nil
        }
        return value.decodeNumber(&faults).map { (.numbers, $0) }
    }

    private static func listed(_ names: [String]) -> String {
        names.isEmpty ? "none of them" : names.map { "\"\($0)\"" }.joined(separator: " and ")
    }
}
