import InteractionStorage
import JSON

/// Reads what items and users have in common: tags, and attributes of free names.
struct AttributeDecoder {
    let limits: CatalogueLimits

    /// The tags: texts under the rule of IDs, in their order, each kept once.
    func tags(_ object: JSONObjectDecoder, _ faults: inout JSONFaults) -> [String] {
        let tags = object.identifiers("tags", count: 0...limits.count, &faults) ?? []
        var seen: Set<String> = []
        return tags.filter { seen.insert($0).inserted }
    }

    /// The attributes, over those that are there already: one that is `null` takes away its namesake, and so does
    /// `null` for all of them.
    func attributes(
        _ object: JSONObjectDecoder, over known: [String: AttributeValue], _ faults: inout JSONFaults
    ) -> [String: AttributeValue] {
        guard let holder = object.object("attributes", &faults) else {
            return object.contains("attributes") ? [:] : known
        }
        var attributes = known
        var names: Set<String> = []
        for (name, value) in holder.members {
            if let problem = JSONIdentifier.problem(in: name) {
                faults.add(at: value, "the attribute's name is unfit: \(problem)")
            } else if !names.insert(name).inserted {
                faults.add(at: value, "attribute \(FieldText.quotation(of: name)) appears more than once")
            } else {
                attributes[name] = attribute(value, &faults)
            }
        }
        if attributes.count > limits.count {
            faults.add(at: holder, "there must be at most \(limits.count) attributes, not \(attributes.count)")
        }
        return attributes
    }

    private func attribute(_ value: JSONValue, _ faults: inout JSONFaults) -> AttributeValue? {
        switch value.kind {
        case .null: return nil
        case .bool: return value.bool.map { .boolean($0) }
        case .integer, .double: return value.double.map { .number($0) }
        case .string: return value.decodeString(maximumLength: limits.textLength, &faults).map { .string($0) }
        case .array:
            guard let array = value.decodeArray(count: 0...limits.count, &faults) else { return nil }
            return .strings(array.elements.compactMap { $0.decodeString(maximumLength: limits.textLength, &faults) })
        case .object:
            faults.add(at: value, "expected a string, a number, a boolean or an array of strings, found an object")
            return nil
        }
    }
}
