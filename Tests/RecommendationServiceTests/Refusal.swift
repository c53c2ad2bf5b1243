import JSON
import RecommendationService
import TestSupport
import Testing

/// A request that must be refused, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    var method: String
    var path: String
    var body: [UInt8]?
    var fields: String
    var status: Int
    /// Pointers that the problem must name, each with words of its detail.
    var faults: [(pointer: String, words: String)]
    var words: String

    init(
        _ method: String, _ path: String, _ body: String?, _ status: Int,
        _ faults: [(pointer: String, words: String)] = [], type: String? = nil, fields: String = "",
        says words: String = ""
    ) {
        self.init(
            method, path, bytes: body.map { Array($0.utf8) }, status, faults, type: type, fields: fields, says: words)
    }

    init(
        _ method: String, _ path: String, bytes: [UInt8]?, _ status: Int,
        _ faults: [(pointer: String, words: String)] = [], type: String? = nil, fields: String = "",
        says words: String = ""
    ) {
        self.method = method
        self.path = path
        body = bytes
        self.fields = fields + (type.map { "Content-Type: \($0)\r\n" } ?? "")
        self.status = status
        self.faults = faults
        self.words = words
    }

    var testDescription: String {
        "\(method) \(path.prefix(80)) \(String(decoding: (body ?? []).prefix(100), as: UTF8.self)) → \(status)"
    }

    /// Sends it to `service` and checks that the problem is as the contract says and that nothing has changed.
    func check(with service: TestService) throws {
        let before = try service.holdings()
        let reply = try service.client().ask(method, path, body, fields: fields)
        reply.expectProblem(status)
        #expect(reply.json["detail"]?.string?.contains(words) == true, "\(reply.text)")
        for fault in faults {
            #expect(
                reply.faults.contains { $0.pointer == fault.pointer && $0.detail.contains(fault.words) },
                "\(fault.pointer): \(fault.words) is not in \(reply.text)")
        }
        if !faults.isEmpty { #expect(reply.faults.count == faults.count, "\(reply.text)") }
        #expect(try service.holdings() == before)
    }
}

extension Reply {
    /// Checks that this is a problem document (RFC 9457) of that status.
    func expectProblem(_ expected: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == expected, "\(head)\(text)", sourceLocation: sourceLocation)
        #expect(field("Content-Type") == "application/problem+json", "\(head)", sourceLocation: sourceLocation)
        let document = json
        #expect(document["type"]?.string == "about:blank", sourceLocation: sourceLocation)
        #expect(document["status"]?.int == expected, sourceLocation: sourceLocation)
        #expect(document["title"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
        #expect((document["detail"]?.string?.count ?? 0) > 10, sourceLocation: sourceLocation)
        #expect(field("X-Request-ID") != nil && field("Date") != nil, sourceLocation: sourceLocation)
        #expect((document["error_count"]?.int ?? 0) >= faults.count, sourceLocation: sourceLocation)
    }
}
