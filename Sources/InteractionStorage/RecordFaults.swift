extension Item {
    /// Why no store takes this item, or nil when every store does: the name must pass ``Identifier/fault(of:)``, numbers must
    /// be finite, and texts may not contain U+0000, which neither SQLite's C interface nor PostgreSQL can carry.
    public var fault: String? {
        if let fault = Identifier.fault(of: id) { return "item_id \(fault)" }
        if let title, title.hasZero { return "title contains U+0000" }
        if let domain, domain.hasZero { return "domain contains U+0000" }
        for (name, vector) in vectors {
            if name.text.hasZero { return "a vector's name contains U+0000" }
            if vector.isEmpty || !vector.allSatisfy(\.isFinite) {
                return "vector \"\(name.text)\" is empty, or has an element that is not a finite number"
            }
        }
        return recordFault(tags: tags, attributes: attributes)
    }
}

extension User {
    /// Why no store takes this user, or nil when every store does; the same rules as for items.
    public var fault: String? {
        if let fault = Identifier.fault(of: id) { return "user_id \(fault)" }
        return recordFault(tags: tags, attributes: attributes)
    }
}

private func recordFault(tags: [String], attributes: [ExactName: AttributeValue]) -> String? {
    if tags.contains(where: \.hasZero) { return "a tag contains U+0000" }
    for (name, value) in attributes {
        let name = name.text
        if name.hasZero { return "an attribute's name contains U+0000" }
        switch value {
        case .string(let text): if text.hasZero { return "attribute \"\(name)\" contains U+0000" }
        case .strings(let texts): if texts.contains(where: \.hasZero) { return "attribute \"\(name)\" contains U+0000" }
        case .number(let number): if !number.isFinite { return "attribute \"\(name)\" is not a finite number" }
        case .boolean: break
        }
    }
    return nil
}

extension String {
    fileprivate var hasZero: Bool { utf8.contains(0) }
}
