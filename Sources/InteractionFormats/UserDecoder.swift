public import InteractionStorage
public import JSON

/// Makes a user of a JSON object.
public enum UserDecoder {
    static let members = ["user_id", "tags", "attributes"]

    /// The user that `value` holds, or nil and a fault for everything that is wrong with it.
    ///
    /// `id` is the ID that the request's path names: then `user_id` may be left out, and must not say otherwise.
    public static func decode(
        _ value: JSONValue, id: String? = nil, limits: CatalogueLimits = CatalogueLimits(), faults: inout JSONFaults
    ) -> User? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: members, faults: &faults) else { return nil }
        var user = User(id: ItemDecoder.identifier("user_id", of: object, path: id, &faults) ?? "")
        apply(object, to: &user, limits, &faults)
        return faults.total == faultsBefore ? user : nil
    }

    /// `user` with the members of `value` in the place of their own, or nil and a fault for everything that is wrong.
    ///
    /// A JSON merge patch, as ``ItemDecoder/merge(_:into:limits:faults:)``.
    public static func merge(
        _ value: JSONValue, into user: User, limits: CatalogueLimits = CatalogueLimits(), faults: inout JSONFaults
    ) -> User? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: members, faults: &faults) else { return nil }
        var merged = user
        _ = ItemDecoder.identifier("user_id", of: object, path: user.id, &faults)
        apply(object, to: &merged, limits, &faults)
        return faults.total == faultsBefore ? merged : nil
    }

    private static func apply(
        _ object: JSONObjectDecoder, to user: inout User, _ limits: CatalogueLimits, _ faults: inout JSONFaults
    ) {
        let decoder = AttributeDecoder(limits: limits)
        if object.contains("tags") { user.tags = decoder.tags(object, &faults) }
        user.attributes = decoder.attributes(object, over: user.attributes, &faults)
        if let fault = RecordLength(limit: limits.recordLength).fault(of: user) { faults.add(at: object.object, fault) }
    }
}
