/// What a connection is doing, as a value: events go in, an action comes out, and no socket is touched.
///
/// After every event the connection also reads ``wantsInput`` and ``deadline``, which follow from the state alone.
/// RFC 9112, section 9.
struct HTTPConnectionState: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        /// The TLS handshake is going on.
        case handshaking
        /// Nothing of the next request has come.
        case idle
        /// A part of a head has come.
        case head
        /// The content is coming.
        case body
        /// The handler has the whole request; its answer is awaited.
        case handling
        /// The head of the answer is written, its content comes over time.
        case streaming
        /// The last answer is written but not all sent; then the connection ends.
        case flushing
        /// Our side is shut down. What still comes is discarded until the client ends too, because closing with
        /// unread octets would reset the connection and eat the answer.
        case lingering
        /// Over.
        case closed
    }

    enum Event: Equatable, Sendable {
        /// The TLS session is there.
        case handshakeComplete
        /// What has come of the next head is not all of it.
        case headIncomplete
        /// A head is complete and accepted.
        case headComplete(keepAlive: Bool, body: Body)
        /// A piece of the content is with the handler, which has to give it back before more is read.
        case chunkHandedOver
        /// The handler is done with the piece.
        case chunkTaken
        /// All of the content has come.
        case bodyComplete
        /// An answer is written to the output; `isWhole` unless its content comes over time.
        case answered(isWhole: Bool, keepAlive: Bool)
        /// The last of a streamed answer is written to the output.
        case streamComplete
        /// The request is malformed.
        case requestRefused
        /// The output could not all be sent.
        case outputBlocked
        /// The output is all sent.
        case outputSent
        /// The client has ended its side, and all that came before is used up.
        case inputEnded
        /// The present ``deadline`` has passed.
        case deadlinePassed
        /// The server wants to end.
        case drain
        /// The connection is broken.
        case transportFailed
    }

    /// What is known of the content when the head is complete.
    enum Body: Equatable, Sendable {
        /// None is still to come.
        case none
        /// It is read; the client waits for `100 Continue` and has sent nothing yet.
        case awaited
        /// It is read, and already comes by itself.
        case coming
        /// It is not read: the answer is known, and the connection ends after it.
        case unwanted
    }

    enum Action: Equatable, Sendable {
        case none
        /// Look at the input for the next request.
        case continueReading
        /// Write `100 Continue`.
        case sendContinue
        /// Have the handler answer.
        case dispatch
        /// Answer 408; the refusal's own event follows.
        case refuseAsTooSlow
        /// End the streamed answer in good order.
        case finishStream
        /// Send the rest of the output; ``Event/outputSent`` or ``Event/outputBlocked`` follows.
        case flush
        /// Shut our side down, and read on.
        case shutdownWriting
        /// Show the client of a streamed answer, which has had nothing for a while, that there is still somebody.
        case beat
        /// Close: both sides have ended, and all that was owed is sent.
        case closeInOrder
        /// Close; whatever is in flight is cancelled.
        case close
    }

    /// Which timeout applies.
    enum Deadline: Equatable, Sendable {
        case none, handshake, idle, fieldSection, body, heartbeat, write, linger, drainGrace
    }

    // Changed by the transitions alone, which stand in a file of their own.
    var phase: Phase
    /// Whether the connection stays open after the present answer.
    var keepsAlive = true
    var isDraining = false
    var isOutputBlocked = false
    var hasInputEnded = false
    var isHandlerBusy = false
    /// How many heads were complete; a deadline of another request is another deadline.
    var requestCount: UInt32 = 0

    /// A connection that has just been accepted; an encrypted one begins with a handshake.
    init(isEncrypted: Bool = false) {
        phase = isEncrypted ? .handshaking : .idle
    }

    /// Whether octets should be read from the client now. While it does not take our answers, none of its requests
    /// are looked at.
    var wantsInput: Bool {
        switch phase {
        case .handshaking: true
        case .idle, .head: !isOutputBlocked
        case .body: !isOutputBlocked && !isHandlerBusy
        case .lingering: true
        case .handling, .streaming, .flushing, .closed: false
        }
    }

    /// The timeout that applies now.
    var deadline: Deadline {
        switch phase {
        case .closed: .none
        case .handshaking: .handshake
        case .lingering: .linger
        case .flushing: .write
        case _ where isOutputBlocked: .write
        case .idle: isDraining ? .drainGrace : .idle
        case .head: .fieldSection
        case .body: isHandlerBusy ? .none : .body
        case .handling: .none
        case .streaming: .heartbeat
        }
    }

    /// Whether an answer may be written to the output.
    var awaitsAnswer: Bool { phase == .body || phase == .handling }

    /// Whether the present or next answer has to say that the connection ends.
    ///
    /// Content that was not read to its end stands where the next head would be looked for.
    var mustClose: Bool { !keepsAlive || isDraining || phase == .body }

    mutating func handle(_ event: Event) -> Action {
        guard phase != .closed else { return .none }
        switch event {
        case .handshakeComplete: return handshakeComplete()
        case .headIncomplete: return headIncomplete()
        case .headComplete(let keepAlive, let body): return headComplete(keepAlive, body)
        case .chunkHandedOver: return handlerBusy(true)
        case .chunkTaken: return handlerBusy(false)
        case .bodyComplete: return bodyComplete()
        case .answered(let isWhole, let keepAlive): return answered(isWhole, keepAlive)
        case .streamComplete: return streamComplete()
        case .requestRefused: return requestRefused()
        case .outputBlocked: return outputBlocked()
        case .outputSent: return outputSent()
        case .inputEnded: return inputEnded()
        case .deadlinePassed: return deadlinePassed()
        case .drain: return drain()
        case .transportFailed: return close()
        }
    }
}
