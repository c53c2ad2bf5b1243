/// Called by libFuzzer: each octet is something that happens to a connection. Whatever the order, what the state promises
/// holds after each event, and a connection whose server wants to end does end.
///
/// It is built from the server's own source of the state, which touches no socket and imports nothing.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let octets = unsafe UnsafeBufferPointer(start: start, count: count)
    guard let first = unsafe octets.first else { return 0 }
    var connection = FuzzedConnection(isEncrypted: first & 1 == 1)
    for index in 1..<max(1, count) { unsafe connection.happen(octets[index]) }
    connection.end()
    return 0
}

/// A connection as the server drives it: only what can happen in a phase does.
struct FuzzedConnection {
    private typealias State = HTTPConnectionState
    private var state: HTTPConnectionState
    private var isOver = false

    init(isEncrypted: Bool) {
        state = HTTPConnectionState(isEncrypted: isEncrypted)
    }

    /// Has the event happen that the octet stands for, if it can.
    mutating func happen(_ octet: UInt8) {
        let flag = octet & 0x80 != 0
        let bodies: [State.Body] = [.none, .awaited, .coming, .unwanted]
        let events: [State.Event] = [
            .handshakeComplete, .headIncomplete,
            .headComplete(keepAlive: flag, body: bodies[Int(octet >> 5 & 3)]), .chunkHandedOver, .chunkTaken,
            .bodyComplete, .answered(isWhole: flag, keepAlive: octet & 0x40 != 0), .streamComplete, .requestRefused,
            .outputBlocked, .outputSent, .inputEnded, .deadlinePassed, .drain, .transportFailed,
        ]
        let event = events[Int(octet & 0x1F) % events.count]
        if isPossible(event) { tell(event) }
    }

    /// The server ends: what is in flight is answered, deadlines pass, and the connection is over soon.
    mutating func end() {
        tell(.drain)
        var steps = 0
        while state.phase != .closed {
            steps += 1
            precondition(steps < 20, "the connection does not end: \(state)")
            switch state.phase {
            case .handling: tell(.answered(isWhole: true, keepAlive: true))
            case .streaming: tell(.streamComplete)
            case .body where state.isHandlerBusy: tell(.chunkTaken)
            default: tell(.deadlinePassed)
            }
        }
    }

    private func isPossible(_ event: HTTPConnectionState.Event) -> Bool {
        switch event {
        case .handshakeComplete: state.phase == .handshaking
        case .headIncomplete, .headComplete: (state.phase == .idle || state.phase == .head) && state.wantsInput
        case .chunkHandedOver, .bodyComplete: state.phase == .body && !state.isHandlerBusy
        case .chunkTaken: state.phase == .body && state.isHandlerBusy
        case .answered: state.awaitsAnswer
        case .streamComplete: state.phase == .streaming
        case .requestRefused: state.phase == .idle || state.phase == .head || state.phase == .body
        case .inputEnded: state.wantsInput
        case .deadlinePassed: state.deadline != .none
        case .outputBlocked, .outputSent, .drain, .transportFailed: true
        }
    }

    private mutating func tell(_ event: HTTPConnectionState.Event) {
        let before = state
        let action = state.handle(event)
        if isOver { precondition(state == before && action == .none, "a closed connection goes on: \(event)") }
        switch action {
        case .dispatch: precondition(state.phase == .handling, "dispatched in \(state.phase)")
        case .close, .closeInOrder:
            precondition(action == .close || before.hasInputEnded, "taken leave of a client that has not ended")
            precondition(state.phase == .closed, "closed in \(state.phase)")
            isOver = true
        case .refuseAsTooSlow:
            tell(.requestRefused)
            precondition(state.phase == .flushing, "a refusal that leaves the connection open")
        case .sendContinue: precondition(state.phase == .body, "100 Continue in \(state.phase)")
        case .shutdownWriting: precondition(state.phase == .lingering, "shut down in \(state.phase)")
        case .finishStream, .beat: precondition(state.phase == .streaming, "a stream in \(state.phase)")
        case .none, .continueReading, .flush: break
        }
        check()
    }

    private func check() {
        precondition((state.phase == .closed) == isOver, "closed without being told")
        if state.isOutputBlocked, state.phase != .lingering, state.phase != .handshaking {
            precondition(!state.wantsInput, "more requests are read from a client that takes no answers")
            precondition(state.phase == .closed || state.deadline == .write, "a slow reader without a deadline")
        }
        // Without a deadline only what the server itself works on may stay as it is.
        if state.deadline == .none {
            precondition(
                state.phase == .closed || state.phase == .handling || state.isHandlerBusy,
                "a client may hold \(state.phase) for ever")
        }
        if state.isDraining, state.awaitsAnswer { precondition(state.mustClose, "an answer that keeps a drained one") }
    }
}
