import JSON

/// One row of NDJSON, and the sentence for what is wrong with it.
enum JSONRow {
    /// How many faults of a row are told.
    static let sentenceLimit = 10

    /// The value that `row` holds, decoded by `decode`; faults become one sentence each.
    static func decode<Value>(
        _ row: Span<UInt8>, with parser: JSONParser, _ decode: (JSONValue, inout JSONFaults) -> Value?
    ) throws(FieldText.Fault) -> Value {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try parser.parse(row)
        } catch {
            throw FieldText.Fault(detail: "the row is not JSON: \(error)")
        }
        var faults = JSONFaults(limit: sentenceLimit)
        if let value = decode(document.root, &faults) { return value }
        throw FieldText.Fault(detail: sentences(faults))
    }

    /// `/rating: expected a number` becomes `rating: expected a number`; more than ten are counted.
    static func sentences(_ faults: JSONFaults) -> String {
        var sentences = faults.faults.map { fault in
            let place = fault.pointer.hasPrefix("/") ? String(fault.pointer.dropFirst()) : fault.pointer
            let isNamedInDetail = fault.detail.hasPrefix("member ") || fault.detail.hasPrefix("unknown member ")
            return place.isEmpty || isNamedInDetail ? fault.detail : "\(place): \(fault.detail)"
        }
        if faults.total > sentences.count { sentences.append("and \(faults.total - sentences.count) more") }
        return sentences.joined(separator: "; ")
    }

    /// The user that a row with a fault is about: nil unless the row is an object with one fit `user_id`.
    static func userID(in row: Span<UInt8>, with parser: JSONParser) -> String? {
        guard let root = try? parser.parse(row).root else { return nil }
        return InteractionDecoder.userID(in: root)
    }

    /// Whether nothing but JSON's white space stands in `row`.
    static func isBlank(_ row: Span<UInt8>) -> Bool {
        for index in row.indices {
            let byte = row[index]
            if byte != 0x20 && byte != 0x09 && byte != 0x0D && byte != 0x0A { return false }
        }
        return true
    }
}
