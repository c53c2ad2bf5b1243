import HTTP
import Networking
import Synchronization

/// The right to answer one request, later and from any thread: the first answer counts, and whoever lets go of it without
/// one has answered 500. A connection in the middle of a request has no deadline, so it must not depend on a handler's
/// remembering to answer.
final class PendingAnswer: Sendable {
    private let connection: HTTPConnection
    /// The connection's own loop, which outlives the server that the connection refers to.
    private let loop: EventLoop
    private let number: UInt32
    private let isGiven = Atomic(false)

    /// For the present request of `connection`, on its loop.
    init(_ connection: HTTPConnection) {
        self.connection = connection
        loop = connection.server.loop
        number = connection.state.requestCount
    }

    deinit {
        guard !isGiven.load(ordering: .relaxed) else { return }
        loop.execute { [connection, number] in connection.answerMissing(number) }
    }

    /// Gives the answer, unless one was given before.
    func give(_ response: HTTPResponse) {
        guard !isGiven.exchange(true, ordering: .relaxed) else {
            if case .stream(let stream as ResponseStream) = response.body { stream.close() }
            return
        }
        loop.execute { [connection, number] in connection.answerArrived(response, number) }
    }
}
