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
        let end = interval(of: deadline).map { instant($0, after: server.loop.now) }
        server.loop.setDeadline(end, of: registration)
    }

    /// Whether the deadline that has come up is an idle connection's that has had a request since.
    func putsOffDeadline() -> Bool {
        guard armedDeadline == .idle, let registration else { return false }
        let deadline = instant(server.intervals.idle, after: restsSince)
        guard deadline > server.loop.now else { return false }
        server.loop.setDeadline(deadline, of: registration)
        return true
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
