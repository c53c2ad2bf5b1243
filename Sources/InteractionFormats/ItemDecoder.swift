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
        var item = Item(id: identifier("item_id", of: object, path: id, &faults) ?? "")
        apply(object, to: &item, limits, &faults)
        return faults.total == faultsBefore ? item : nil
    }

    /// What `value` says of an item, as a line of a file of items or an element of a list does: the item, or with
    /// `"withdrawn": true` that there is none of that ID, and nothing more. Nil and a fault for everything that is wrong with it.
    public static func decodeChange(
        _ value: JSONValue, limits: CatalogueLimits = CatalogueLimits(), faults: inout JSONFaults
    ) -> ItemChange? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: members + ["withdrawn"], faults: &faults) else {
            return nil
        }
        var item = Item(id: identifier("item_id", of: object, path: nil, &faults) ?? "")
        guard object.bool("withdrawn", &faults) == true else {
            apply(object, to: &item, limits, &faults)
            return faults.total == faultsBefore ? .put(item) : nil
        }
        for name in members where name != "item_id" {
            guard let member = object.value(name) else { continue }
            let detail = "a withdrawn item has nothing but its item_id: leave out \"\(name)\", or \"withdrawn\""
            faults.add(at: member, detail)
        }
        return faults.total == faultsBefore ? .withdraw(item.id) : nil
    }

    /// `item` with the members of `value` in the place of its own, or nil and a fault for everything that is wrong.
    ///
    /// A JSON merge patch (RFC 7396): a member that is `null` takes away what there was, one that is absent leaves it;
    /// attributes and vectors are merged one by one, in the same way. `item_id` may be repeated, but not changed.
    public static func merge(
        _ value: JSONValue, into item: Item, limits: CatalogueLimits = CatalogueLimits(), faults: inout JSONFaults
    ) -> Item? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: members, faults: &faults) else { return nil }
        var merged = item
        _ = identifier("item_id", of: object, path: item.id, &faults)
        apply(object, to: &merged, limits, &faults)
        return faults.total == faultsBefore ? merged : nil
    }

    private static func apply(
        _ object: JSONObjectDecoder, to item: inout Item, _ limits: CatalogueLimits, _ faults: inout JSONFaults
    ) {
        let decoder = AttributeDecoder(limits: limits)
        if object.contains("title") {
            item.title = object.value("title").flatMap {
                AttributeDecoder.text($0, maximumLength: limits.titleLength, &faults)
            }
        }
        if object.contains("tags") { item.tags = decoder.tags(object, &faults) }
        item.attributes = decoder.attributes(object, over: item.attributes, &faults)
        if object.contains("hidden") { item.hidden = object.bool("hidden", &faults) ?? false }
        if object.contains("available_from") { item.availableFrom = timestamp("available_from", of: object, &faults) }
        if object.contains("available_until") {
            item.availableUntil = timestamp("available_until", of: object, &faults)
        }
        if object.contains("domain") { item.domain = object.identifier("domain", &faults) }
        if let from = item.availableFrom, let until = item.availableUntil, until <= from {
            faults.add(at: object.object, member: "available_until", "must be later than available_from")
        }
        item.vectors = VectorDecoder(limits: limits).vectors(object, over: item.vectors, &faults)
        if let fault = RecordLength(limit: limits.recordLength).fault(of: item) { faults.add(at: object.object, fault) }
    }

    private static func timestamp(
        _ name: String, of object: JSONObjectDecoder, _ faults: inout JSONFaults
    ) -> Int64? {
        object.value(name).flatMap { InteractionDecoder.timestamp($0, &faults) }
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
