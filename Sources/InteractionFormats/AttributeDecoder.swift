public import InteractionStorage
public import JSON

/// Reads what items and users have in common: tags, and attributes of free names.
struct AttributeDecoder {
    let limits: CatalogueLimits

    /// The tags: texts under the rule of IDs, in their order, each kept once.
    func tags(_ object: JSONObjectDecoder, _ faults: inout JSONFaults) -> [String] {
        FieldText.distinct(object.identifiers("tags", count: 0...limits.count, &faults) ?? [])
    }

    /// The attributes, over those that are there already: one that is `null` takes away its namesake, and so does
    /// `null` for all of them.
    func attributes(
        _ object: JSONObjectDecoder, over known: [ExactName: AttributeValue], _ faults: inout JSONFaults
    ) -> [ExactName: AttributeValue] {
        guard let holder = object.object("attributes", &faults) else {
            return object.contains("attributes") ? [:] : known
        }
        var attributes = known
        var names: Set<ExactName> = []
        for (name, value) in holder.members {
            if let problem = JSONIdentifier.problem(in: name) {
                faults.add(at: value, "the attribute's name is unfit: \(problem)")
            } else if !names.insert(ExactName(name)).inserted {
                faults.add(at: value, "attribute \(FieldText.quotation(of: name)) appears more than once")
            } else {
                attributes[ExactName(name)] = attribute(value, &faults)
            }
        }
        if attributes.count > limits.count {
            faults.add(at: holder, "there must be at most \(limits.count) attributes, not \(attributes.count)")
        }
        return attributes
    }

    private func text(_ value: JSONValue, _ faults: inout JSONFaults) -> String? {
        Self.text(value, maximumLength: limits.textLength, &faults)
    }

    /// A text of at most `maximumLength` bytes that a store can hold.
    static func text(_ value: JSONValue, maximumLength: Int, _ faults: inout JSONFaults) -> String? {
        guard let text = value.decodeString(maximumLength: maximumLength, &faults) else { return nil }
        guard !text.utf8.contains(0) else {
            faults.add(at: value, "must not contain U+0000")
            return nil
        }
        return text
    }

    /// An integer that a double holds exactly; beyond, its last digits would change without a word.
    static func integer(_ value: JSONValue, _ faults: inout JSONFaults) -> AttributeValue? {
        if let number = value.int, number.magnitude <= 1 << 53 { return .number(Double(number)) }
        faults.add(at: value, "is beyond 2^53 and would lose digits; send it as text, in quotes")
        return nil
    }

    fileprivate func attribute(_ value: JSONValue, _ faults: inout JSONFaults) -> AttributeValue? {
        switch value.kind {
        case .null: return nil
        case .bool: return value.bool.map { .boolean($0) }
        case .integer: return Self.integer(value, &faults)
        case .double: return value.double.map { .number($0) }
        case .string: return text(value, &faults).map { .string($0) }
        case .array:
            guard let array = value.decodeArray(count: 0...limits.count, &faults) else { return nil }
            return .strings(array.elements.compactMap { text($0, &faults) })
        case .object:
            faults.add(at: value, "expected a string, a number, a boolean or an array of strings, found an object")
            return nil
        }
    }
}

extension AttributeValue {
    /// The value in `json` as an attribute in the catalogue may have it, under its limits; nil for `null`, and, with a fault, for anything
    /// else.
    public init?(_ json: JSONValue, faults: inout JSONFaults) {
        guard let value = AttributeDecoder(limits: CatalogueLimits()).attribute(json, &faults) else { return nil }
        self = value
    }
}
