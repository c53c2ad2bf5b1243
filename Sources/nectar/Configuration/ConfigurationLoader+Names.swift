import Foundation
import JSON

// Names that mean nothing are refused with the one that was probably meant.
extension ConfigurationLoader {
    /// `; did you mean "…"?`, or nothing where no known name is near.
    static func suggestion(for name: String, among known: some Sequence<String>) -> String {
        NearestName.of(name, among: known.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Throws at the first key of the file that is not a setting; returns what the file holds.
    func refuseUnknownKeys(in data: Data, path: String) throws(Failure) -> JSONDocument {
        let document: JSONDocument
        do {
            document = try JSONParser().parse(Array(data))
        } catch {
            let place = error.offset.map { " at byte \($0)" } ?? ""
            throw Failure(description: "The configuration file \(path) is not valid JSON\(place): \(error.reason).")
        }
        guard document.root.kind == .object else {
            throw Failure(description: "The configuration file \(path) must hold one JSON object.")
        }
        try refuseUnknownKeys(in: document.root, prefix: "", path: path)
        return document
    }

    private func refuseUnknownKeys(in object: JSONValue, prefix: String, path: String) throws(Failure) {
        let known = Setting.all.map(\.key)
        var seen: Set<String> = []
        for (name, value) in object.members {
            let key = prefix + name
            guard seen.insert(name).inserted else {
                throw Failure(description: "The configuration file \(path): \(key) is given twice.")
            }
            if value.kind == .object, known.contains(where: { $0.hasPrefix(key + ".") }) {
                try refuseUnknownKeys(in: value, prefix: key + ".", path: path)
            } else if !known.contains(key) {
                let hint = Self.suggestion(for: key, among: known)
                throw Failure(description: "The configuration file \(path): \(key) is not a setting\(hint).")
            } else if value.kind == .null {
                throw Failure(description: "The configuration file \(path): \(key) has no value.")
            }
        }
    }
}
