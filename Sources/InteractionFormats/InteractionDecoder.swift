public import InteractionStorage
public import JSON

/// Makes an interaction of a JSON object, whichever body or file it stands in.
public enum InteractionDecoder {
    /// The interaction that `value` holds, or nil and a fault for everything that is wrong with it.
    ///
    /// Unknown, duplicate and ill-typed members are faults; a member that is `null` counts as absent. `timestamp` is an
    /// RFC 3339 string, or Unix seconds as a number or as text.
    public static func decode(
        _ value: JSONValue, limits: InteractionLimits = InteractionLimits(), faults: inout JSONFaults
    ) -> Interaction? {
        let faultsBefore = faults.total
        guard let object = JSONObjectDecoder(value, knownMembers: InteractionColumn.names, faults: &faults) else {
            return nil
        }
        let userID = object.require("user_id", &faults)?.decodeIdentifier(&faults)
        let itemID = object.require("item_id", &faults)?.decodeIdentifier(&faults)
        var interaction = Interaction(userID: userID ?? "", itemID: itemID ?? "")
        interaction.kind = kind(of: object, limits.kinds, &faults)
        interaction.rating = object.number("rating", in: limits.rating, &faults)
        interaction.weight = object.number("weight", in: limits.weight, &faults)
        interaction.timestamp = object.value("timestamp").flatMap { timestamp($0, &faults) }
        interaction.interactionID = interactionID(of: object, &faults)
        return faults.total == faultsBefore ? interaction : nil
    }

    /// What is wrong with `value`, which is no interaction, as one fault of `line`, with the value as far as `limits` ask.
    /// Places are told from `value` on, as in a row of NDJSON.
    public static func fault(of value: JSONValue, line: Int, limits: InteractionLimits) -> RowFault {
        var faults = JSONFaults(limit: JSONRow.sentenceLimit)
        faults.within(value, at: JSONPointer()) { faults in _ = decode(value, limits: limits, faults: &faults) }
        var writer = JSONWriter()
        writer.value(value)
        let row = RefusedRow(writer.bytes.span, limit: limits.refusedTextLength, userID: userID(in: value))
        return RowFault(line: line, detail: JSONRow.sentences(faults), row: row)
    }

    /// The user that `value` is about, which need not be an interaction: nil unless it is an object with one fit `user_id`.
    public static func userID(in value: JSONValue) -> String? {
        let named = value.members.filter { $0.name == InteractionColumn.userID.rawValue }
        guard named.count == 1, let member = named.first?.value else { return nil }
        var faults = JSONFaults()
        return member.decodeIdentifier(&faults)
    }

    private static func interactionID(of object: JSONObjectDecoder, _ faults: inout JSONFaults) -> String? {
        guard let id = object.identifier("interaction_id", &faults) else { return nil }
        if let fault = InteractionName.fault(ofGiven: id) {
            faults.add(at: object.object, member: "interaction_id", fault)
        }
        return id
    }

    /// A word that obeys the rule of IDs, but is never a number; one of `known`.
    private static func kind(
        of object: JSONObjectDecoder, _ known: KnownKinds?, _ faults: inout JSONFaults
    ) -> String? {
        guard let value = object.value("kind") else { return nil }
        let name = value.kind == .string ? value.decodeIdentifier(&faults) : value.decodeString(&faults)
        if let name, let fault = known?.fault(of: name) { faults.add(at: value, fault) }
        return name
    }

    /// Milliseconds since 1970: as JSON's own reading, and in a string also Unix seconds, as clients that quote every
    /// number send them.
    static func timestamp(_ value: JSONValue, _ faults: inout JSONFaults) -> Int64? {
        let fromText: Int64?? = value.withUTF8 { text in try? TimestampText.milliseconds(text) }
        if let milliseconds = fromText ?? nil { return milliseconds }
        return value.decodeTimestamp(&faults)
    }
}
