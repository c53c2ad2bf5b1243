public import InteractionStorage
public import JSON

/// Makes an item of a JSON object.
public enum ItemDecoder {
    static let members = [
        "item_id", "title", "tags", "attributes", "hidden", "available_from", "available_until", "domain", "vectors",
    ]

    /// The item that `value` holds, or nil and a fault for everything that is wrong with it.
    ///
    /// `id` is the ID that the request's path names: then `item_id` may be left out, and must not say otherwise.
    public static func decode(
        _ value: JSONValue, id: String? = nil, limits: CatalogueLimits = CatalogueLimits(), faults: inout JSONFaults
    ) -> Item? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: members, faults: &faults) else { return nil }
        let decoder = AttributeDecoder(limits: limits)
        var item = Item(id: identifier("item_id", of: object, path: id, &faults) ?? "")
        item.title = object.string("title", maximumLength: limits.titleLength, &faults)
        item.tags = decoder.tags(object, &faults)
        item.attributes = decoder.attributes(object, &faults)
        item.hidden = object.bool("hidden", &faults) ?? false
        item.availableFrom = object.value("available_from").flatMap { InteractionDecoder.timestamp($0, &faults) }
        item.availableUntil = object.value("available_until").flatMap { InteractionDecoder.timestamp($0, &faults) }
        item.domain = object.identifier("domain", &faults)
        if let from = item.availableFrom, let until = item.availableUntil, until <= from {
            faults.add(at: value, member: "available_until", "must be later than available_from")
        }
        if let vectors = object.value("vectors") {
            faults.add(at: vectors, "content vectors are not supported by this version")
        }
        return faults.total == faultsBefore ? item : nil
    }

    /// The ID out of the member `name`, the path, or both where they agree.
    static func identifier(
        _ name: String, of object: JSONObjectDecoder, path: String?, _ faults: inout JSONFaults
    ) -> String? {
        guard let path else { return object.require(name, &faults)?.decodeIdentifier(&faults) }
        guard let value = object.value(name) else { return path }
        let named = value.decodeIdentifier(&faults)
        // Compared by bytes, as IDs are everywhere: Unicode equivalence would let two spellings pass for one.
        if let named, !named.utf8.elementsEqual(path.utf8) {
            let (said, expected) = (FieldText.quotation(of: named), FieldText.quotation(of: path))
            faults.add(at: value, "says \(said), but the path \(expected)")
        }
        return named
    }
}
