public import InteractionStorage
public import JSON

/// Writes a user as the JSON object that ``UserDecoder`` reads.
public enum UserEncoder {
    /// Writes one object; members without a value are left out, attributes are sorted by name.
    public static func encode(_ user: User, to writer: inout JSONWriter) {
        writer.beginObject()
        encodeMembers(of: user, to: &writer)
        writer.endObject()
    }

    /// Writes the members only, into an object that the caller has begun and may add to.
    public static func encodeMembers(of user: User, to writer: inout JSONWriter) {
        writer.member("user_id", user.id)
        ItemEncoder.encode(tags: user.tags, attributes: user.attributes, to: &writer)
    }
}
