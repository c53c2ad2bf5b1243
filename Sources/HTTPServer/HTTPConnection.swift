import HTTP
import Networking

// Unchecked: it belongs to its loop's thread; others hold it only to come back by `loop.execute`.
/// The I/O of one connection: it feeds what happens to the ``HTTPConnectionState`` and executes the actions.
///
/// Between two entries (readiness, a deadline, a task from elsewhere) nothing is half done: every entry ends in
/// ``pump()``, which works off the input, sends the output once, and sets interest and deadline by the state.
final class HTTPConnection: EventHandler, @unchecked Sendable {
    unowned let server: ServerLoop
    let transport: any Transport
    /// Whether it is only here to be told that there are too many.
    let isRefused: Bool
    /// Its place in the server loop's list.
    var index: Int
    var state = HTTPConnectionState()
    var parser: HTTPRequestParser
    var request = HTTPRequest()
    var exchange: Exchange?
    var stream: ResponseStream?
    var isRefilling = false
    var input = InputBuffer()
    var output = OutputBuffer()
    /// An action asked for another look at the input or the stream.
    var needsAnotherPass = false
    private var registration: EventLoop.Registration?
    private var interest: Readiness = .readable
    private var writeWant = TransportWant.wantsWrite
    private var armedDeadline = HTTPConnectionState.Deadline.none
    private var armedRequest: UInt32 = 0
    private var progress = 0
    /// Reads in one turn, so that a fast sender does not starve the others.
    private static let readsPerTurn = 8

    init(_ transport: any Transport, server: ServerLoop, index: Int, isRefused: Bool) {
        self.transport = transport
        self.server = server
        self.index = index
        self.isRefused = isRefused
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
        if isRefused {
            server.writeBusy(into: &output.bytes)
            perform(.requestRefused)
        }
        pump()
    }

    // MARK: Entries

    func descriptorReady(_ readiness: Readiness) {
        let hasHungUp = !readiness.isDisjoint(with: .hungUp)
        if hasHungUp, !state.wantsInput {
            perform(.transportFailed)
        } else if hasHungUp || readiness.contains(.readable) {
            if state.wantsInput { read() } else { changeInterest(interest.subtracting(.readable)) }
        }
        pump()
    }

    func deadlinePassed() {
        armedDeadline = .none
        perform(.deadlinePassed)
        pump()
    }

    /// The server wants to end. What has come but was not read yet is still served.
    func drain() {
        if state.wantsInput { read() }
        perform(.drain)
        pump()
    }

    /// The server ends.
    func abort() { perform(.transportFailed) }

    // MARK: Executing

    /// Tells the state and does what it says.
    func perform(_ event: HTTPConnectionState.Event) {
        switch state.handle(event) {
        case .none, .flush: break
        case .continueReading: needsAnotherPass = true
        case .sendContinue: HTTPResponseWriter.writeContinue(into: &output.bytes)
        case .dispatch: dispatch()
        case .refuseAsTooSlow:
            refuse(server.router.problem(.requestTimeout, "The request did not come in time.", nil))
        case .finishStream: stream?.drain()
        case .shutdownWriting:
            transport.shutdownWriting()
            input.clear()
        case .close: tearDown()
        }
    }

    /// Works until nothing is left to do without waiting.
    func pump() {
        repeat {
            needsAnotherPass = false
            processInput()
            processStream()
            flush()
            if state.wantsInput, transport.hasBufferedInput { read() }
        } while needsAnotherPass && state.phase != .closed
        settle()
    }

    private func read() {
        for _ in 0..<Self.readsPerTurn where state.wantsInput {
            if input.bytes.isEmpty { input.bytes = server.buffers.borrowInput() }
            input.makeRoom()
            let room = input.room
            switch transport.read(into: &input.bytes, at: input.end) {
            case .read(let count):
                received(count)
                // A short read has emptied the socket; asking again would only say so.
                if count < room, !transport.hasBufferedInput { return }
            case .endOfStream: return perform(.inputEnded)
            case .wouldBlock(let want):
                writeWant = want
                return
            case .failed: return perform(.transportFailed)
            }
        }
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

    // MARK: Between entries

    private func settle() {
        guard state.phase != .closed else { return }
        if input.isEmpty, !input.bytes.isEmpty {
            server.buffers.giveBackInput(input.bytes)
            input = InputBuffer()
        }
        if output.isEmpty, output.bytes.capacity > 0 {
            server.buffers.giveBackOutput(output.bytes)
            output = OutputBuffer()
        }
        setInterest()
        setDeadline()
    }

    private func setInterest() {
        // Interest in reading that is not wanted just now is dropped only when it makes itself felt: most requests
        // are answered before the next octets come, and so cost no system call for it.
        var wanted = interest.subtracting(.writable)
        if state.wantsInput { wanted.insert(.readable) }
        if !output.isEmpty { wanted.insert(writeWant == .wantsWrite ? .writable : .readable) }
        changeInterest(wanted)
    }

    private func changeInterest(_ wanted: Readiness) {
        guard wanted != interest, let registration else { return }
        interest = wanted
        server.loop.setInterest(wanted, of: registration)
    }

    private func setDeadline() {
        let deadline = state.deadline
        let isSame = deadline == armedDeadline && armedRequest == state.requestCount
        // Only steady progress puts these two off; the others run from their beginning.
        let hasProgressed =
            (deadline == .body || deadline == .write) && progress >= server.configuration.minimumProgress
        guard !isSame || hasProgressed, let registration else { return }
        armedDeadline = deadline
        armedRequest = state.requestCount
        progress = 0
        let instant = interval(of: deadline).map { interval in
            let (sum, overflow) = server.loop.now.nanoseconds.addingReportingOverflow(interval)
            return overflow ? .distantFuture : MonotonicInstant(nanoseconds: sum)
        }
        server.loop.setDeadline(instant, of: registration)
    }

    private func interval(of deadline: HTTPConnectionState.Deadline) -> Int64? {
        switch deadline {
        case .none: nil
        case .idle: server.intervals.idle
        case .fieldSection: server.intervals.fieldSection
        case .body: server.intervals.body
        case .write: server.intervals.write
        case .linger: server.intervals.linger
        case .drainGrace: server.intervals.drainGrace
        }
    }

    private func tearDown() {
        if let registration { server.loop.deregister(registration) }
        registration = nil
        transport.close()
        stream?.close()
        stream = nil
        cancelConsumer()
        if let exchange, exchange.status != 0 { report(exchange) }
        if !input.bytes.isEmpty { server.buffers.giveBackInput(input.bytes) }
        input = InputBuffer()
        output = OutputBuffer()
        server.remove(self)
    }
}
