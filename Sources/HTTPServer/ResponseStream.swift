public import HTTP
import Locking
import Networking

/// An answer's content that comes over time: server-sent events, long exports. Any thread may write to it.
///
/// What is written waits in a bounded buffer until the client takes it. Two ways to feed it: push with ``write(_:)``,
/// or give `refill`, which the pool calls whenever the buffer has run empty, so that a slow client holds no thread.
public final class ResponseStream: HTTPResponseStream {
    private struct State {
        var buffer: [UInt8] = []
        var isFinished = false
        var isAborted = false
        var isClosed = false
        var wake: (@Sendable () -> Void)?
        var closeHandler: (@Sendable () -> Void)?
    }

    /// What the connection takes out of the stream.
    struct Portion {
        var bytes: [UInt8]
        var isFinished: Bool
        var isAborted: Bool
    }

    /// The whole length if it is known beforehand; the answer then has a Content-Length.
    public let contentLength: UInt64?
    /// Fills the buffer by writing to the stream or finishing it; called on the pool.
    let refill: (@Sendable (ResponseStream) -> Void)?
    /// What the client gets when it has had nothing for the interval.
    let heartbeat: [UInt8]
    let heartbeatNanoseconds: Int64?
    private let bufferLimit: Int
    private let endsOnDrain: Bool
    private let state = Lock(State())

    /// A stream that nobody reads yet; return it as the body of an `HTTPResponse`.
    ///
    /// When the server drains, a stream with `endsOnDrain` is finished in good order, as suits events; one without is
    /// allowed to run to its end. By default those that refill themselves run on, as half an export is worse than none.
    ///
    /// With a `heartbeat` the client gets those octets, for events a comment such as `":\n\n"`, whenever it has had
    /// nothing for that long: proxies keep the connection, and a client that has gone is found out.
    public init(
        contentLength: UInt64? = nil, bufferLimit: Int = 1 << 20, endsOnDrain: Bool? = nil,
        heartbeat: (interval: Duration, content: [UInt8])? = nil,
        refill: (@Sendable (ResponseStream) -> Void)? = nil
    ) {
        precondition(heartbeat == nil || contentLength == nil, "a heartbeat would be counted as content")
        self.heartbeat = heartbeat?.content ?? []
        heartbeatNanoseconds = heartbeat.map { heartbeat in
            MonotonicInstant(nanoseconds: 0).advanced(by: heartbeat.interval).nanoseconds
        }
        self.contentLength = contentLength
        self.bufferLimit = bufferLimit
        self.endsOnDrain = endsOnDrain ?? (refill == nil)
        self.refill = refill
    }

    /// Appends content. False, and nothing is taken, once the client is gone or the stream finished, or while the
    /// client is so far behind that the buffer would overflow; ``isClosed`` tells which.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        let (isTaken, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed, !state.isFinished, !state.isAborted,
                state.buffer.count + bytes.count <= bufferLimit
            else { return (false, nil) }
            let wasEmpty = state.buffer.isEmpty
            state.buffer += bytes
            return (true, wasEmpty && !bytes.isEmpty ? state.wake : nil)
        }
        wake?()
        return isTaken
    }

    /// Ends the content in good order, after what was written.
    public func finish() { end { $0.isFinished = true } }

    /// Cuts the connection, so that the client does not take what it has for the whole.
    public func abort() { end { $0.isAborted = true } }

    /// Whether nothing written now can reach the client.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Has `handler` called once, when the answer is complete or the client gone; at once if it already is.
    ///
    /// Called on the connection's loop: be quick.
    public func onClose(_ handler: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.closeHandler = handler }
            return state.isClosed
        }
        if isClosed { handler() }
    }

    // MARK: For the connection

    /// Connects the stream to its connection: `wake` is called from any thread when there is something to take.
    func attach(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// Takes all there is.
    func take() -> Portion {
        state.withLock { state in
            let portion = Portion(bytes: state.buffer, isFinished: state.isFinished, isAborted: state.isAborted)
            state.buffer = []
            return portion
        }
    }

    /// Ends the stream if that is what it does when the server drains.
    func drain() {
        if endsOnDrain { finish() }
    }

    /// The connection will take nothing more.
    func close() {
        let handler = state.withLock { state in
            let handler = state.closeHandler
            state.isClosed = true
            state.closeHandler = nil
            state.wake = nil
            state.buffer = []
            return handler
        }
        handler?()
    }

    private func end(_ change: @Sendable (inout State) -> Void) {
        let wake = state.withLock { state in
            change(&state)
            return state.wake
        }
        wake?()
    }
}
