public import HTTP
import Networking

/// A request as a handler sees it: the head, what the route's template took out of the path, and the content.
///
/// A copy is one reference: the connection parses the next head into the same memory unless somebody still holds this
/// request, which then keeps what it holds.
public struct ServerRequest: Sendable {
    // Unchecked: only the connection's loop writes to it, and only while it alone holds it or has not shown it to a
    // handler yet.
    /// The parts of one request.
    final class Storage: @unchecked Sendable {
        // Exempt from the run-time check for overlapping access: only the parser has any of them lent out, and it calls
        // nobody.
        @safe @exclusivity(unchecked) var head = HTTPRequest()
        @safe @exclusivity(unchecked) var match: Router.Match?
        @safe @exclusivity(unchecked) var identifier = RequestID.generated(0, 0)
        @safe @exclusivity(unchecked) var body: [UInt8] = []
        @safe @exclusivity(unchecked) var stamp: Int64 = 0
        @safe @exclusivity(unchecked) var arrival = MonotonicInstant(nanoseconds: 0)
    }

    let storage: Storage

    /// What a connection has taken in.
    init(_ storage: Storage) {
        self.storage = storage
    }

    /// One of its own with the head of `other`, for somebody who is asked before the content has come: whoever keeps it must not
    /// have it change under him.
    init(headOf other: ServerRequest) {
        storage = Storage()
        storage.head = other.storage.head
        storage.match = other.storage.match
        storage.identifier = other.storage.identifier
        storage.stamp = other.storage.stamp
        storage.arrival = other.storage.arrival
    }

    /// A request that no connection brought, for testing a handler.
    public init(
        head: HTTPRequest = HTTPRequest(), route: String = "", parameters: [(name: String, value: String)] = [],
        body: [UInt8] = [], requestID: String = "test"
    ) {
        storage = Storage()
        storage.head = head
        storage.body = body
        storage.identifier = .given(requestID)
        storage.arrival = SystemMonotonicClock().now
        storage.match = Router.Match(
            route: Router.Route(
                method: head.method, template: route, parameterNames: parameters.map(\.name),
                handler: .whole(.inline) { _ in HTTPResponse(status: .notImplemented) }),
            parameters: parameters.map(\.value))
    }

    /// The head.
    public var head: HTTPRequest { storage.head }

    /// The content; empty for a route that streams it.
    public var body: [UInt8] { storage.body }

    /// The template of the route that matched, `/train/{job}`; empty where none did.
    public var route: String { match?.route.template ?? "" }

    /// What ``Router/stamp`` said when the head had come and none of the content was waited for; 0 for a handler that answers at once on the
    /// loop.
    public var stamp: Int64 { storage.stamp }

    /// How long ago its head had come, by the system's clock: what it has waited for included, be it its content or a thread.
    public var age: Duration { SystemMonotonicClock().now.duration(since: storage.arrival) }

    /// The caller's `X-Request-ID` if it is 1 to 128 visible ASCII octets, else a new one; the answer carries it too.
    public var requestID: String { identifier.text }

    /// What stood in the path where the template says `{name}`, percent-decoded once.
    public func parameter(_ name: String) -> String? {
        guard let match, let index = match.route.parameterNames.firstIndex(of: name) else { return nil }
        return match.parameters[index]
    }

    var match: Router.Match? { storage.match }
    var identifier: RequestID { storage.identifier }
}
