import HTTP
import Networking

// Between entries: what a connection keeps while it waits, what it waits for, and until when.
extension HTTPConnection {
    /// A head of so many octets at most stays with a resting connection: with its lines that is less than 3 KiB.
    private static let keptHead = 512
    /// And content for which no more than so many octets were set aside.
    private static let keptContent = 512

    func settle() {
        guard state.phase != .closed else { return }
        giveBackBuffers()
        setInterest()
        setDeadline()
    }

    /// A connection with nothing in flight has no buffer of its own, whatever it has done before.
    func giveBackBuffers() {
        if input.isEmpty, !input.bytes.isEmpty {
            server.buffers.giveBackInput(&input)
        }
        if state.phase == .idle, longestHead > Self.keptHead || requestStorage.body.capacity > Self.keptContent {
            forgetRequest()
        }
        if output.isEmpty, output.bytes.capacity > 0 {
            server.buffers.giveBackOutput(&output)
        }
    }

    /// Keeps no content, and the head's memory only if it is little.
    private func forgetRequest() {
        if longestHead <= Self.keptHead, isKnownUniquelyReferenced(&requestStorage) {
            requestStorage.body = []
        } else {
            server.loop.keepUntilTurnEnds(requestStorage)
            requestStorage = ServerRequest.Storage()
            longestHead = 0
        }
    }

    private func setInterest() {
        // Interest in reading that is not wanted just now is dropped only when it makes itself felt: most requests
        // are answered before the next octets come, and so cost no system call for it.
        var wanted = interest.subtracting(.writable)
        if state.wantsInput { wanted.insert(readWant == .wantsRead ? .readable : .writable) }
        if !output.isEmpty { wanted.insert(writeWant == .wantsWrite ? .writable : .readable) }
        changeInterest(wanted)
    }

    func changeInterest(_ wanted: Readiness) {
        guard wanted != interest, let registration else { return }
        interest = wanted
        server.loop.setInterest(wanted, of: registration)
    }

    private func setDeadline() {
        // While a piece is with its consumer the client's time stands where it was: beginning anew with every piece, however
        // small, it would never be over.
        if armedDeadline == .body, isWaitingForConsumer { return }
        let deadline = state.deadline
        let isSame = deadline == armedDeadline && armedRequest == state.requestCount
        if deadline == .idle, !isSame {
            restsSince = server.loop.now
            armedRequest = state.requestCount
            // Every request begins this one anew: that it has moved is seen when it comes up.
            if armedDeadline == .idle { return }
        }
        // Only steady progress puts these two off; the others run from their beginning.
        let hasProgressed =
            (deadline == .body || deadline == .write) && progress >= server.configuration.minimumProgress
        guard !isSame || hasProgressed, let registration else { return }
        armedDeadline = deadline
        armedRequest = state.requestCount
        progress = 0
        if deadline == .write { sendQueue = transport.unacknowledged }
        let end = interval(of: deadline).map { instant($0, after: server.loop.now) }
        server.loop.setDeadline(end, of: registration)
    }

    private var isWaitingForConsumer: Bool {
        state.phase == .body && state.isHandlerBusy && armedRequest == state.requestCount
    }

    /// Whether the deadline that has come up is not to count: an idle connection's that has had a request since, one for
    /// content that its consumer has not taken, or for an answer that the client is taking from the kernel's buffer.
    func putsOffDeadline() -> Bool {
        guard let registration, let interval = interval(of: armedDeadline) else { return false }
        var beginning = server.loop.now
        switch armedDeadline {
        case .idle: beginning = restsSince
        case .body: guard isWaitingForConsumer else { return false }
        case .write: guard takesAnswer() else { return false }
        default: return false
        }
        let deadline = instant(interval, after: beginning)
        guard deadline > server.loop.now else { return false }
        server.loop.setDeadline(deadline, of: registration)
        return true
    }

    /// Whether the client has taken enough since it was looked at last.
    ///
    /// The socket is not writable before a good part of its buffer is free, which a slow but steady reader may need longer
    /// for than the deadline allows.
    private func takesAnswer() -> Bool {
        let before = sendQueue
        sendQueue = transport.unacknowledged
        return before - sendQueue >= server.configuration.minimumProgress
    }

    private func instant(_ interval: Int64, after beginning: MonotonicInstant) -> MonotonicInstant {
        let (sum, overflow) = beginning.nanoseconds.addingReportingOverflow(interval)
        return overflow ? .distantFuture : MonotonicInstant(nanoseconds: sum)
    }

    /// Has the heartbeat of a stream counted from now on.
    func restartHeartbeat() {
        if armedDeadline == .heartbeat { armedDeadline = .none }
    }

    private func interval(of deadline: HTTPConnectionState.Deadline) -> Int64? {
        switch deadline {
        case .none: nil
        case .handshake: server.intervals.handshake
        case .idle: server.intervals.idle
        case .fieldSection: server.intervals.fieldSection
        case .body: server.intervals.body
        case .heartbeat: stream?.heartbeatNanoseconds
        case .write: server.intervals.write
        case .linger: server.intervals.linger
        case .drainGrace: server.intervals.drainGrace
        }
    }
}
