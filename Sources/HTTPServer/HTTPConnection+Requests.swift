import HTTP
import Networking

// From octets to a handler.
extension HTTPConnection {
    /// Works the input off as far as the state lets it.
    func processInput() {
        while state.wantsInput, !input.isEmpty || state.phase == .body {
            switch state.phase {
            case .idle, .head: guard hasRoomForAnswer(), processHead() else { return }
            case .body: guard processBody() else { return }
            default: return
            }
        }
    }

    // Pipelined requests are answered with one send, as long as their answers are not too many.
    private func hasRoomForAnswer() -> Bool {
        if output.pending >= server.configuration.outputLimit { flush() }
        return state.wantsInput
    }

    private func processHead() -> Bool {
        // What a handler still holds must not change under it.
        if !isKnownUniquelyReferenced(&requestStorage) { requestStorage = ServerRequest.Storage() }
        // Safe: who puts another one in its place while this one is in use has the loop keep it.
        return unsafe Unmanaged.passUnretained(requestStorage)._withUnsafeGuaranteedRef { readHead(into: $0) }
    }

    private func readHead(into request: ServerRequest.Storage) -> Bool {
        do throws(HTTPRequestParser.Failure) {
            let unread = input.start..<input.end
            switch try parser.parse(input.bytes.span.extracting(unread), into: &request.head) {
            case .needsMoreBytes:
                perform(.headIncomplete)
                return false
            case .head(let consumed):
                input.start += consumed
                longestHead = max(longestHead, consumed)
                accept(request, headLength: consumed)
                return true
            }
        } catch {
            // What a refused head has left is not known, but surely more than nothing.
            longestHead = .max
            refuse(server.refusal(error))
            return false
        }
    }

    /// Finds the route and decides what becomes of the content.
    private func accept(_ storage: ServerRequest.Storage, headLength: Int) {
        if !storage.body.isEmpty { storage.body.removeAll(keepingCapacity: true) }
        storage.arrival = server.loop.now
        storage.identifier = server.identify(&storage.head)
        guard let route = server.literalRoute(of: &storage.head) else {
            return accept(storage, server.match(&storage.head), headLength: headLength)
        }
        route.withRoute { accept(storage, $0, headLength: headLength) }
    }

    private func accept(_ storage: ServerRequest.Storage, _ route: Router.Route, headLength: Int) {
        if answersAtOnce(storage, route, headLength: headLength) { return }
        accept(storage, .match(Router.Match(route: route, parameters: [])), headLength: headLength)
    }

    private func accept(_ storage: ServerRequest.Storage, _ outcome: Router.Outcome, headLength: Int) {
        if case .match(let found) = outcome { storage.match = found } else { storage.match = nil }
        storage.stamp = server.router.stamp()
        let request = ServerRequest(storage)
        let intake = makeIntake(request, outcome)
        let body = classifyBody(intake, storage)
        let keepAlive = storage.head.keepAlive
        exchange = Exchange(request: request, begin: server.loop.now, intake: intake, bytesIn: headLength)
        perform(.headComplete(keepAlive: keepAlive, body: body))
    }

    /// Nil where there is neither content nor an answer without a handler, which is the rule.
    private func makeIntake(_ request: ServerRequest, _ outcome: Router.Outcome) -> Intake? {
        if request.head.targetScheme == .https, !transport.isSecured {
            // RFC 9110, section 7.4: whoever asked believes that nobody else could read it.
            let detail = "The target is https; the request did not come by TLS."
            return Intake(known: server.router.problem(.misdirectedRequest, detail, request), makeDecoder(nil))
        }
        if let match = request.match {
            return request.head.framing.hasBody || match.route.streams ? makeIntake(request, match) : nil
        }
        return server.knownAnswer(outcome, request).map { Intake(known: $0, makeDecoder(nil)) }
    }

    private func makeIntake(_ request: ServerRequest, _ match: Router.Match) -> Intake {
        let decoder = makeDecoder(match)
        if isTooLong(match) {
            let detail = "The content is longer than this path takes."
            return Intake(known: server.router.problem(.contentTooLarge, detail, request), decoder)
        }
        let coding = ContentCoding(of: request.head)
        guard coding != .unknown else { return Intake(known: server.unknownCoding(request), decoder) }
        if let refusal = match.route.refusal, let answer = refusal(ServerRequest(headOf: request)) {
            return Intake(known: answer, decoder)
        }
        let inflater = coding == .gzip ? makeInflater(match) : nil
        guard case .streaming(let decide) = match.route.handler else {
            let budget = server.configuration.contentBudget
            guard budget.hasRoom(for: announcedLength) else { return Intake(known: server.noRoom(request), decoder) }
            return Intake(.gathered, decoder, inflater, budget.reserve())
        }
        guard server.pools.bulk.hasRoom else {
            return Intake(known: server.busy("The server is busy.", request), decoder)
        }
        switch decide(request) {
        case .taken(let consumer): return Intake(.consumed(consumer), decoder, inflater)
        case .refused(let answer): return Intake(known: answer, decoder)
        }
    }

    private func makeDecoder(_ match: Router.Match?) -> HTTPBodyDecoder {
        HTTPBodyDecoder(
            framing: requestStorage.head.framing, limits: server.configuration.limits,
            maximumLength: maximumBodyLength(match))
    }

    private func makeInflater(_ match: Router.Match) -> GzipInflater {
        GzipInflater(
            maximumExpansion: server.configuration.maximumExpansion, maximumLength: maximumBodyLength(match))
    }

    private func maximumBodyLength(_ match: Router.Match?) -> UInt64? {
        match?.route.streams == true ? nil : UInt64(server.configuration.maximumBodyLength)
    }

    /// 0 where the head does not say.
    private var announcedLength: Int {
        guard case .contentLength(let length) = requestStorage.head.framing else { return 0 }
        return Int(clamping: length)
    }

    private func isTooLong(_ match: Router.Match?) -> Bool {
        guard case .contentLength(let length) = requestStorage.head.framing else { return false }
        return length > maximumBodyLength(match) ?? .max
    }

    private func classifyBody(_ intake: Intake?, _ request: ServerRequest.Storage) -> HTTPConnectionState.Body {
        guard request.head.framing.hasBody else { return .none }
        let waits = request.head.expectsContinue && input.isEmpty
        guard intake?.knownAnswer != nil else { return waits ? .awaited : .coming }
        // Content that nobody wants is read to keep the connection, unless it is long, may be, or is not on its way yet.
        let isUnbounded = request.match?.route.streams == true && request.head.framing == .chunked
        return waits || isUnbounded || isTooLong(nil) ? .unwanted : .coming
    }

    /// Octets that are expanded in one go: a fraction of a millisecond's work.
    private static var expansionAllowance: Int { 128 << 10 }

    /// It is this connection's turn to expand more of its content.
    func goOnExpanding() {
        guard state.phase == .body, exchange?.intake?.isExpanding == true else { return }
        perform(.chunkTaken)
        pump()
    }

    /// Whether to go on at once.
    private func processBody() -> Bool {
        guard let intake = exchange?.intake else { return false }
        var piece: [UInt8] = []
        var consumed = 0
        let bytes = input.bytes
        do throws(ContentFailure) {
            try intake.take(
                bytes[input.start..<input.end], allowance: Self.expansionAllowance, piece: &piece, consumed: &consumed)
        } catch {
            input.start += consumed
            refuse(error)
            return false
        }
        input.start += consumed
        exchange?.bytesIn += consumed
        if let consumer = intake.consumer, !piece.isEmpty {
            guard intake.begin(consumer, piece) else {
                handOver(piece, to: consumer)
                return false
            }
            give(piece, to: consumer, intake)
        }
        if intake.isExpanding {
            perform(.chunkHandedOver)
            server.expandLater(self)
            return false
        }
        if intake.isOver { perform(.bodyComplete) }
        return intake.isOver
    }

    /// Has the handler answer; everything it needs is here.
    func dispatch() {
        guard let exchange = exchange.take() else { return }
        if let intake = exchange.intake {
            if let known = intake.knownAnswer { return answer(known, exchange) }
            if let consumer = intake.consumer {
                self.exchange = consume exchange
                return finish(consumer)
            }
            exchange.request.storage.body = intake.takeBody()
        }
        switch exchange.request.storage.match?.route.handler {
        case .constant(let response): answer(response, exchange)
        case .whole(let mode, let handler):
            guard let pool = server.pools.pool(for: mode) else { return answer(handler(exchange.request), exchange) }
            let request = exchange.request
            self.exchange = consume exchange
            offload(handler, request, to: pool)
        case .deferred(let handler):
            let request = exchange.request
            self.exchange = consume exchange
            postpone(handler, request)
        case .streaming, nil: self.exchange = consume exchange
        }
    }

    private func postpone(
        _ handler: (ServerRequest, @escaping @Sendable (HTTPResponse) -> Void) -> Void, _ request: ServerRequest
    ) {
        let pending = PendingAnswer(self)
        handler(request) { response in pending.give(response) }
    }

    private func offload(
        _ handler: @escaping @Sendable (ServerRequest) -> HTTPResponse, _ request: ServerRequest, to pool: OffloadPool
    ) {
        let number = state.requestCount
        let loop = server.loop
        let compression = server.compression
        let isTaken = pool.submit { [self] in
            let response = compression.applied(to: handler(request), for: request.head)
            loop.execute { [self] in answerArrived(response, number) }
        }
        if !isTaken { answer(server.busy("The server is busy.", request)) }
    }

    /// An answer from the pool. It may come too late: the connection may be closed, and even reused for the next.
    func answerArrived(_ response: HTTPResponse, _ number: UInt32) {
        guard state.phase != .closed, state.awaitsAnswer, number == state.requestCount else {
            if case .stream(let stream as ResponseStream) = response.body { stream.close() }
            return
        }
        answer(response)
        pump()
    }

    /// A handler has let go of its responder without answering.
    func answerMissing(_ number: UInt32) {
        guard let request = exchange?.request, number == state.requestCount else { return }
        answerArrived(server.router.problem(.internalServerError, "The handler gave no answer.", request), number)
    }
}
