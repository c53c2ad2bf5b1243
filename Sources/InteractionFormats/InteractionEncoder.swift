public import InteractionStorage
public import JSON

/// Writes an interaction as the JSON object that ``InteractionDecoder`` reads.
public enum InteractionEncoder {
    /// Writes one object; members without a value are left out.
    public static func encode(_ interaction: Interaction, to writer: inout JSONWriter) {
        writer.beginObject()
        encodeMembers(of: interaction, to: &writer)
        writer.endObject()
    }

    /// Writes one object, with the name that the interaction is deleted by for its `interaction_id`.
    public static func encode(_ stored: StoredInteraction, to writer: inout JSONWriter) {
        var interaction = stored.interaction
        interaction.interactionID = stored.name
        encode(interaction, to: &writer)
    }

    /// Writes the members only, into an object that the caller has begun and may add to.
    public static func encodeMembers(of interaction: Interaction, to writer: inout JSONWriter) {
        writer.member("user_id", interaction.userID)
        writer.member("item_id", interaction.itemID)
        writer.member("kind", ifPresent: interaction.kind)
        writer.member("rating", ifPresent: interaction.rating)
        writer.member("weight", ifPresent: interaction.weight)
        writer.member("timestamp", ifPresentMilliseconds: interaction.timestamp.map(writable))
        writer.member("interaction_id", ifPresent: interaction.interactionID)
    }

    /// The nearest moment that RFC 3339 can write. No reader takes a time beyond; a store filled by other means may.
    static func writable(_ milliseconds: Int64) -> Int64 {
        min(max(milliseconds, RFC3339.earliest), RFC3339.latest)
    }
}
