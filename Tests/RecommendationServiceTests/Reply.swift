import JSON
import TestSupport

/// What the service answered.
struct Reply: Sendable {
    let status: Int
    /// The status line and the fields, as they came.
    let head: String
    let content: [UInt8]

    init(head: String, content: [UInt8]) {
        status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        self.head = head
        self.content = content
    }

    /// The value of a field, nil where it is missing.
    func field(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }

    var text: String { String(decoding: content, as: UTF8.self) }

    /// The content as JSON; `null` where it is none, so that a comparison fails and not the process.
    var json: JSONValue {
        if let document = try? JSONParser().parse(content) { return document.root }
        guard let null = try? JSONParser().parse(Array("null".utf8)) else { preconditionFailure("null is JSON") }
        return null.root
    }

    /// The faults of a problem document: pointer and detail.
    var faults: [(pointer: String, detail: String)] {
        json["errors"]?.elements.map { ($0["pointer"]?.string ?? "", $0["detail"]?.string ?? "") } ?? []
    }

    /// The recommended items, best first.
    var items: [String] { json["items"]?.elements.compactMap { $0["item_id"]?.string } ?? [] }

    /// Where each recommended item came from.
    var sources: Set<String> { Set(json["items"]?.elements.compactMap { $0["source"]?.string } ?? []) }
}

extension RawClient {
    /// Sends one request, whose content is declared by its length, and reads the answer.
    func ask(_ method: String, _ path: String, _ body: [UInt8]? = nil, fields: String = "") -> Reply {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(fields)"
        if let body { head += "Content-Length: \(body.count)\r\n" }
        send(Array("\(head)\r\n".utf8) + (body ?? []))
        let answer = readResponse(headOnly: method == "HEAD")
        return Reply(head: answer.head, content: answer.content)
    }

    /// The content of a chunked answer, up to its last chunk.
    func readChunks() -> String {
        var content = ""
        while true {
            let size = Int(read(through: "\r\n").prefix { $0.isHexDigit }, radix: 16) ?? 0
            let chunk = read(exactly: size + 2)
            if size == 0 { return content }
            content += String(decoding: chunk.dropLast(2), as: UTF8.self)
        }
    }
}
