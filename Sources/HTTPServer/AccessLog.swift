public import HTTP

/// Who keeps a line about every request. A server without one does nothing for it: no clock, no memory.
public protocol AccessLog: Sendable {
    /// The field of an answer whose value goes into the record.
    var notedField: HTTPFieldName { get }
    /// Whether records carry the request's target, which may name people.
    var wantsTargets: Bool { get }
    /// A request has come to its end. Called on loop threads: be quick, and do not block.
    func record(_ record: AccessRecord)
}

/// What there is to say of a request that has come to its end.
public struct AccessRecord: Sendable {
    /// The method; nil where no head could be read.
    public var method: HTTPMethod?
    /// The version that the client named; nil where no head could be read.
    public var version: HTTPVersion?
    /// The template of the route; empty where none matched.
    public var route = ""
    /// The target as it was sent, octets of all kinds included; nil unless the log wants it.
    public var target: String?
    /// The status; 0 if the client was gone before there was an answer.
    public var status: Int
    /// From the last octet of the head to the end of the answer; nil where no head could be read.
    public var duration: Duration?
    /// Octets that came, head included.
    public var bytesIn = 0
    /// Octets of the answer, head included.
    public var bytesOut = 0
    /// What the answer said in the field that the log asked for.
    public var notedValue: String?
    // Stays two integers until somebody wants text, which is not on the loop.
    private var identifier: RequestID

    init(status: Int, identifier: RequestID) {
        self.status = status
        self.identifier = identifier
    }

    /// The record of a request that no connection brought, for testing a log.
    public init(status: Int, requestID: String = "test") {
        self.init(status: status, identifier: .given(requestID))
    }

    /// The answer's `X-Request-ID`.
    public var requestID: String { identifier.text }
}
