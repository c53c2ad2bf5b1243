public import InteractionStorage
public import JSON

/// Writes an item as the JSON object that ``ItemDecoder`` reads.
public enum ItemEncoder {
    /// Writes one object; members without a value are left out, attributes are sorted by name.
    public static func encode(_ item: Item, to writer: inout JSONWriter) {
        writer.beginObject()
        encodeMembers(of: item, to: &writer)
        writer.endObject()
    }

    /// Writes what ``ItemDecoder/decodeChange(_:limits:faults:)`` reads as the withdrawal of `id`.
    public static func encode(withdrawn id: String, to writer: inout JSONWriter) {
        writer.object { object in
            object.member("item_id", id)
            object.member("withdrawn", true)
        }
    }

    /// Writes the members only, into an object that the caller has begun and may add to.
    public static func encodeMembers(of item: Item, to writer: inout JSONWriter) {
        writer.member("item_id", item.id)
        writer.member("title", ifPresent: item.title)
        encode(tags: item.tags, attributes: item.attributes, to: &writer)
        encode(vectors: item.vectors, to: &writer)
        if item.hidden { writer.member("hidden", true) }
        writer.member("available_from", ifPresentMilliseconds: item.availableFrom.map(InteractionEncoder.writable))
        writer.member("available_until", ifPresentMilliseconds: item.availableUntil.map(InteractionEncoder.writable))
        writer.member("domain", ifPresent: item.domain)
    }

    /// What items and users have in common.
    static func encode(tags: [String], attributes: [ExactName: AttributeValue], to writer: inout JSONWriter) {
        if !tags.isEmpty { writer.member("tags", tags) }
        if attributes.isEmpty { return }
        writer.key("attributes")
        writer.beginObject()
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            encode(value, named: name.text, to: &writer)
        }
        writer.endObject()
    }

    private static func encode(vectors: [ExactName: [Float]], to writer: inout JSONWriter) {
        if vectors.isEmpty { return }
        writer.key("vectors")
        writer.object { object in
            for (name, vector) in vectors.sorted(by: { $0.key < $1.key }) {
                object.key(name.text)
                object.array { elements in for element in vector { elements.value(element) } }
            }
        }
    }

    /// Writes one attribute as a member of the object that was begun.
    public static func encode(_ value: AttributeValue, named name: String, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.member(name, text)
        case .number(let number):
            // Most likely as it was given: 1999, not 1999.0. Beyond 2^53 not every integer is a number.
            if let whole = Int(exactly: number), whole.magnitude <= 1 << 53 {
                writer.member(name, whole)
            } else {
                writer.member(name, number)
            }
        case .boolean(let bool): writer.member(name, bool)
        case .strings(let texts): writer.member(name, texts)
        }
    }
}
