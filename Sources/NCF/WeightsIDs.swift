internal import JSON

/// Reads the IDs of a file of weights, each checked as the interface checks IDs.
struct WeightsIDs {
    /// `user_ids` or `item_ids`.
    let name: String

    /// A JSON array of strings, or of integers, which mean their decimal text.
    func parse(_ json: String) throws(SnapshotFileError) -> IDMap {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser().parse(Array(json.utf8)).root
        } catch {
            throw refusal("is not JSON: \(error)")
        }
        guard root.kind == .array else { throw refusal("is not a JSON array") }
        var builder = IDMap.Builder()
        var faults = JSONFaults(limit: 1)
        for (place, element) in root.elements.enumerated() {
            guard let id = element.decodeIdentifier(&faults) else {
                throw refusal("at place \(place): \(faults.faults.first?.detail ?? "no ID")")
            }
            let index = builder.intern(id)
            guard index == place else { throw refusal("at place \(place): the same ID as at place \(index)") }
        }
        return builder.build()
    }

    /// ID `i` being the UTF-8 in `bytes` from `offsets[i]` to `offsets[i + 1]`.
    func read(bytes: [UInt8], offsets: [Int]) throws(SnapshotFileError) -> IDMap {
        guard offsets.first == 0, offsets.last == bytes.count, zip(offsets, offsets.dropFirst()).allSatisfy(<=) else {
            throw refusal("are \(bytes.count) bytes, which the offsets do not partition")
        }
        var builder = IDMap.Builder()
        for place in 0..<(offsets.count - 1) {
            let id = bytes[offsets[place]..<offsets[place + 1]]
            guard let text = String(validating: id, as: UTF8.self) else {
                throw refusal("at place \(place): an ID must be UTF-8")
            }
            if let problem = JSONIdentifier.problem(in: text) { throw refusal("at place \(place): \(problem)") }
            let index = builder.intern(text)
            guard index == place else { throw refusal("at place \(place): the same ID as at place \(index)") }
        }
        return builder.build()
    }

    private func refusal(_ reason: String) -> SnapshotFileError {
        SnapshotFileError(path: "weights", reason: "\"\(name)\" \(reason)")
    }
}
