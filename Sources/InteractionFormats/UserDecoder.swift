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
        let decoder = AttributeDecoder(limits: limits)
        let id = ItemDecoder.identifier("user_id", of: object, path: id, &faults)
        let user = User(
            id: id ?? "", tags: decoder.tags(object, &faults), attributes: decoder.attributes(object, &faults))
        return faults.total == faultsBefore ? user : nil
    }
}
