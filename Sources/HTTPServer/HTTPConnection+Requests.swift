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
        let bytes = input.bytes
        do throws(HTTPRequestParser.Failure) {
            switch try parser.parse(bytes.span.extracting(input.start..<input.end), into: &request) {
            case .needsMoreBytes:
                perform(.headIncomplete)
                return false
            case .head(let consumed):
                input.start += consumed
                accept(headLength: consumed)
                return true
            }
        } catch {
            refuse(server.refusal(error))
            return false
        }
    }

    /// Finds the route and decides what becomes of the content.
    private func accept(headLength: Int) {
        let outcome = request.withPath { server.router.match(request.method, $0) }
        let match: Router.Match? = if case .match(let match) = outcome { match } else { nil }
        let decoder = HTTPBodyDecoder(
            framing: request.framing, limits: server.configuration.limits, maximumLength: maximumBodyLength(match))
        var exchange = Exchange(
            match: match, identifier: RequestID(of: request, generator: &server.identifiers),
            begin: server.loop.readClock(), decoder: decoder, bytesIn: headLength)
        if match == nil {
            exchange.knownAnswer = server.knownAnswer(outcome, serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if isTooLong(exchange) {
            exchange.knownAnswer = server.router.problem(
                .contentTooLarge, "The content is longer than this path takes.", serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if case .streaming(let makeConsumer) = match?.route.handler {
            if server.pool.hasRoom {
                exchange.content = Exchange.Content.consumed(makeConsumer(serverRequest(exchange)))
            } else {
                exchange.knownAnswer = server.busy("The server is busy.", serverRequest(exchange))
                exchange.content = Exchange.Content.dropped
            }
        }
        let body = classifyBody(exchange)
        self.exchange = exchange
        perform(.headComplete(keepAlive: request.keepAlive, body: body))
    }

    private func maximumBodyLength(_ match: Router.Match?) -> UInt64? {
        if case .streaming = match?.route.handler { return nil }
        return UInt64(server.configuration.maximumBodyLength)
    }

    private func isTooLong(_ exchange: Exchange) -> Bool {
        guard case .contentLength(let length) = request.framing else { return false }
        return length > maximumBodyLength(exchange.match) ?? .max
    }

    private func classifyBody(_ exchange: Exchange) -> HTTPConnectionState.Body {
        guard request.framing.hasBody else { return .none }
        let waits = request.expectsContinue && input.isEmpty
        guard exchange.knownAnswer != nil else { return waits ? .awaited : .coming }
        // Content that nobody wants is read to keep the connection, unless it is long or not on its way yet.
        return waits || isTooLong(exchange) ? .unwanted : .coming
    }

    func serverRequest(_ exchange: Exchange) -> ServerRequest {
        ServerRequest(head: request, match: exchange.match, identifier: exchange.identifier, body: exchange.body)
    }

    /// Whether to go on at once.
    private func processBody() -> Bool {
        guard var exchange else { return false }
        // Taken out while it changes, so that gathering appends in place.
        self.exchange = nil
        let before = input.start
        var piece: [UInt8] = []
        do throws(HTTPRequestParser.Failure) {
            exchange.isBodyOver = try decode(&exchange, into: &piece)
        } catch {
            self.exchange = exchange
            refuse(server.refusal(error))
            return false
        }
        exchange.bytesIn += input.start - before
        self.exchange = exchange
        let isOver = exchange.isBodyOver
        if case .consumed(let consumer) = exchange.content, !piece.isEmpty {
            handOver(piece, to: consumer)
            return false
        }
        if isOver { perform(.bodyComplete) }
        return isOver
    }

    /// Whether the end has come.
    private func decode(
        _ exchange: inout Exchange, into piece: inout [UInt8]
    ) throws(HTTPRequestParser.Failure) -> Bool {
        let bytes = input.bytes
        let unused = bytes.span.extracting(input.start..<input.end)
        var consumed = 0
        defer { input.start += consumed }
        while true {
            switch try exchange.decoder.decode(unused, consumed: &consumed) {
            case .needsMoreBytes: return false
            case .end: return true
            case .content(let range):
                let content = bytes[(input.start + range.lowerBound)..<(input.start + range.upperBound)]
                switch exchange.content {
                case .gathered: exchange.body.append(contentsOf: content)
                case .consumed: piece.append(contentsOf: content)
                case .dropped: break
                }
            }
        }
    }

    /// Has the handler answer; everything it needs is here.
    func dispatch() {
        guard let exchange else { return }
        if let known = exchange.knownAnswer { return answer(known) }
        if case .consumed(let consumer) = exchange.content { return finish(consumer) }
        switch exchange.match?.route.handler {
        case .whole(.inline, let handler): answer(handler(serverRequest(exchange)))
        case .whole(.offloaded, let handler): offload(handler, serverRequest(exchange))
        case .deferred(let handler): postpone(handler, serverRequest(exchange))
        case .streaming, nil: return
        }
    }

    private func postpone(
        _ handler: (ServerRequest, @escaping @Sendable (HTTPResponse) -> Void) -> Void, _ request: ServerRequest
    ) {
        exchange?.body = []
        let pending = PendingAnswer(self)
        handler(request) { response in pending.give(response) }
    }

    private func offload(_ handler: @escaping @Sendable (ServerRequest) -> HTTPResponse, _ request: ServerRequest) {
        let number = state.requestCount
        let loop = server.loop
        // The request goes with the job: what the connection keeps of it is not needed again.
        exchange?.body = []
        let isTaken = server.pool.submit { [self] in
            let response = handler(request)
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
        guard let exchange, number == state.requestCount else { return }
        let problem = server.router.problem(
            .internalServerError, "The handler gave no answer.", serverRequest(exchange))
        answerArrived(problem, number)
    }
}
