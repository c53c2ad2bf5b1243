import HTTP
import HTTPServer
import JSON

/// Why a request was refused, as an RFC 9457 problem document.
///
/// The one place where errors of the layers below become HTTP: everything a handler may throw is turned into a problem
/// first (`Problem+Causes.swift`).
struct Problem: Error, Sendable {
    var status: HTTPStatus
    /// One or two sentences for the caller: what was wrong, where, and what was expected.
    var detail: String
    /// The places of a body that were at fault.
    var faults = JSONFaults()
    /// How many there were, where that is more than ``faults`` knows of.
    var faultCount: Int?
    /// What was stored all the same, of a request that stores as it comes.
    var report: InteractionReport?
    /// Seconds after which the same request may succeed.
    var retryAfterSeconds: Int?
    /// The media types that would have been taken, where it was the media type.
    var accepted: String?

    init(_ status: HTTPStatus, _ detail: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// Content that nobody here can read, and what could be.
    init(unsupported detail: String, accepting accepted: String) {
        self.init(.unsupportedMediaType, detail)
        self.accepted = accepted
    }

    /// A body whose JSON is well formed but does not say what the route takes.
    init(faults: JSONFaults) {
        let count = faults.total
        self.init(
            .unprocessableContent,
            count == 1
                ? "One value is not as this route takes it." : "\(count) values are not as this route takes them.")
        self.faults = faults
    }

    /// The document, with the status and fields that go with it.
    func response() -> HTTPResponse {
        var writer = JSONWriter()
        writer.object { document in
            document.member("type", "about:blank")
            document.member("title", status.reason)
            document.member("status", status.code)
            document.member("detail", detail)
            report?.writeCounts(to: &document)
            guard !faults.isEmpty else { return }
            document.member("error_count", faultCount ?? faults.total)
            document.key("errors")
            document.array { list in
                for fault in faults.faults {
                    list.object { entry in
                        entry.member("pointer", fault.pointer)
                        entry.member("detail", fault.detail)
                    }
                }
            }
        }
        var fields: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfterSeconds { fields.append(.retryAfter, "\(retryAfterSeconds)") }
        if let accepted { fields.append(.accept, accepted) }
        return HTTPResponse(status: status, fields: fields, body: .bytes(writer.bytes))
    }
}
