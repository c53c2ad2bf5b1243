import HTTP
import Networking

// Unchecked: it belongs to its loop's thread; others hold it only to come back by `loop.execute`.
/// The I/O of one connection: it feeds what happens to the ``HTTPConnectionState`` and executes the actions.
///
/// Between two entries (readiness, a deadline, a task from elsewhere) nothing is half done: every entry ends in
/// ``pump()``, which works off the input, sends the output once, and sets interest and deadline by the state.
///
/// The properties on every request's path are exempt from the run-time check for overlapping access: only methods of
/// this class change them, on one thread, and no handler is called while one of them is lent out.
final class HTTPConnection: EventHandler, @unchecked Sendable {
    // Strong rather than unowned, which would be counted at every use; the loop lets go of what is closed.
    let server: ServerLoop
    let transport: Transport
    let client: ClientAddress?
    /// Whether it is only here to be told that there are too many.
    let isRefused: Bool
    /// Its place in the server loop's list.
    var index: Int
    @safe @exclusivity(unchecked) var state: HTTPConnectionState
    @safe @exclusivity(unchecked) var parser: HTTPRequestParser
    /// The present request; its memory is kept for the next one, unless it is more than a resting connection may have
    /// or a handler still holds it.
    @safe @exclusivity(unchecked) var requestStorage = ServerRequest.Storage()
    @safe @exclusivity(unchecked) var longestHead = 0
    @safe @exclusivity(unchecked) var exchange: Exchange?
    @safe @exclusivity(unchecked) var stream: ResponseStream?
    var isRefilling = false
    @safe @exclusivity(unchecked) var input = InputBuffer()
    @safe @exclusivity(unchecked) var output = OutputBuffer()
    /// An action asked for another look at the input or the stream.
    @safe @exclusivity(unchecked) var needsAnotherPass = false
    @safe @exclusivity(unchecked) var registration: EventLoop.Registration?
    @safe @exclusivity(unchecked) var interest: Readiness = .readable
    @safe @exclusivity(unchecked) var readWant = TransportWant.wantsRead
    @safe @exclusivity(unchecked) var writeWant = TransportWant.wantsWrite
    @safe @exclusivity(unchecked) var armedDeadline = HTTPConnectionState.Deadline.none
    @safe @exclusivity(unchecked) var armedRequest: UInt32 = 0
    /// When the connection was accepted or its last request was over, for a deadline that is put off only when it comes
    /// up. What wakes the connection without a request, such as a part of a TLS record, puts nothing off.
    @safe @exclusivity(unchecked) var restsSince = MonotonicInstant(nanoseconds: 0)
    @safe @exclusivity(unchecked) var progress = 0
    /// Octets of answers that the client had not taken when the deadline for it was set.
    var sendQueue = 0
    /// Reads in one turn, so that a fast sender does not starve the others.
    private static let readsPerTurn = 8

    init(_ transport: Transport, _ client: ClientAddress?, server: ServerLoop, index: Int, isRefused: Bool) {
        self.transport = transport
        self.client = client
        self.server = server
        self.index = index
        self.isRefused = isRefused
        state = HTTPConnectionState(isEncrypted: server.isEncrypted)
        parser = HTTPRequestParser(limits: server.configuration.limits)
    }

    /// Registers with the loop; a refused one is answered at once.
    func begin() {
        do throws(SystemError) {
            registration = try server.loop.register(transport.descriptorNumber, interest: interest, handler: self)
        } catch {
            perform(.transportFailed)
            return
        }
        if isRefused { refuseConnection() }
        pump()
    }

    // MARK: Entries

    func descriptorReady(_ readiness: Readiness) {
        let hasHungUp = !readiness.isDisjoint(with: .hungUp)
        if hasHungUp, !state.wantsInput {
            perform(.transportFailed)
        } else if hasHungUp || readiness.contains(readWant == .wantsRead ? .readable : .writable) {
            if state.wantsInput { read() } else { changeInterest(interest.subtracting(.readable)) }
        }
        pump()
    }

    func deadlinePassed() {
        guard !putsOffDeadline() else { return }
        armedDeadline = .none
        perform(.deadlinePassed)
        pump()
    }

    /// The server wants to end. What has come but was not read yet is still served.
    func drain() {
        // Its answers are the last.
        state.isDraining = true
        if state.wantsInput { read() }
        perform(.drain)
        pump()
    }

    /// The server ends.
    func abort() { perform(.transportFailed) }

    // MARK: Executing

    /// Tells the state and does what it says.
    func perform(_ event: HTTPConnectionState.Event) {
        execute(state.handle(event))
    }

    func execute(_ action: HTTPConnectionState.Action) {
        switch action {
        case .none, .flush: break
        case .continueReading: needsAnotherPass = true
        case .sendContinue: HTTPResponseWriter.writeContinue(into: &output.bytes)
        case .dispatch: dispatch()
        case .refuseAsTooSlow:
            refuse(.requestTimeout, "The request did not come in time.")
        case .finishStream: stream?.drain()
        case .beat: beat()
        case .shutdownWriting:
            transport.shutdownWriting()
            input.clear()
        case .closeInOrder:
            transport.sayGoodbye()
            tearDown()
        case .close: tearDown()
        }
    }

    /// Works until nothing is left to do without waiting.
    func pump() {
        repeat {
            needsAnotherPass = false
            processInput()
            if state.phase == .streaming { processStream() }
            flush()
            // At most what was read ahead and the rest of a record: what the kernel holds waits for the next turn.
            while state.wantsInput, transport.hasBufferedInput, readOnce(ahead: false) {}
        } while needsAnotherPass && state.phase != .closed
        settle()
    }

    private func refuseConnection() {
        // One that begins with a handshake is not worth it: it is closed without a word.
        guard state.phase != .handshaking else { return perform(.transportFailed) }
        server.writeBusy(into: &output.bytes)
        perform(.requestRefused)
    }

    private func read() {
        if state.phase == .handshaking, !shakeHands() { return }
        for _ in 0..<Self.readsPerTurn where state.wantsInput {
            guard readOnce() else { return }
        }
    }

    /// Whether there may be more to read.
    private func readOnce(ahead: Bool = true) -> Bool {
        if input.bytes.isEmpty { server.buffers.borrowInput(&input) }
        input.makeRoom()
        let room = input.room
        readWant = .wantsRead
        switch transport.read(into: &input.bytes, at: input.end, ahead: ahead) {
        case .read(let count):
            received(count)
            // A short read has emptied the socket; asking again would only say so.
            return count == room || transport.hasBufferedInput
        case .endOfStream: perform(.inputEnded)
        case .wouldBlock(let want): readWant = want
        case .failed: perform(.transportFailed)
        }
        return false
    }

    /// Whether the session is there.
    private func shakeHands() -> Bool {
        readWant = .wantsRead
        switch transport.handshake() {
        case .complete:
            perform(.handshakeComplete)
            return true
        case .wouldBlock(let want): readWant = want
        case .failed(let reason):
            server.observer.handshakeFailed(reason: reason)
            perform(.transportFailed)
        }
        return false
    }

    private func received(_ count: Int) {
        guard state.phase != .lingering else { return }
        input.end += count
        progress += count
        processInput()
    }

    /// Sends what is there with one call.
    func flush() {
        guard state.phase != .closed else { return }
        guard !output.isEmpty else {
            if state.phase == .flushing || state.isOutputBlocked { perform(.outputSent) }
            return
        }
        switch transport.write(output.bytes.span.extracting(output.sent..<output.bytes.count)) {
        case .writtenCompletely:
            output.clear()
            needsAnotherPass = needsAnotherPass || state.phase == .streaming
            perform(.outputSent)
        case .writtenPartially(let count):
            output.sent += count
            progress += count
            blocked(.wantsWrite)
        case .wouldBlock(let want): blocked(want)
        case .failed: perform(.transportFailed)
        }
    }

    private func blocked(_ want: TransportWant) {
        writeWant = want
        perform(.outputBlocked)
    }

    private func tearDown() {
        if let registration { server.loop.deregister(registration) }
        registration = nil
        transport.close()
        stream?.close()
        stream = nil
        cancelConsumer()
        if let ended = exchange.take() { report(ended) }
        giveBackBuffers()
        input = InputBuffer()
        output = OutputBuffer()
        server.remove(self)
    }
}
