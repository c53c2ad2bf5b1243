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
        if state.phase == .idle { borrowHead() }
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

    private func borrowHead() {
        guard !hasBorrowedHead else { return }
        request = server.buffers.borrowHead()
        hasBorrowedHead = true
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
        let coding = ContentCoding(of: request)
        if request.targetScheme == .https, !transport.isSecured {
            // RFC 9110, section 7.4: whoever asked believes that nobody else could read it.
            exchange.knownAnswer = server.router.problem(
                .misdirectedRequest, "The target is https; the request did not come by TLS.", serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if match == nil {
            exchange.knownAnswer = server.knownAnswer(outcome, serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if isTooLong(exchange) {
            exchange.knownAnswer = server.router.problem(
                .contentTooLarge, "The content is longer than this path takes.", serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if coding == .unknown {
            exchange.knownAnswer = server.unknownCoding(serverRequest(exchange))
            exchange.content = Exchange.Content.dropped
        } else if case .streaming(let makeConsumer) = match?.route.handler {
            if server.pool.hasRoom {
                exchange.content = Exchange.Content.consumed(makeConsumer(serverRequest(exchange)))
            } else {
                exchange.knownAnswer = server.busy("The server is busy.", serverRequest(exchange))
                exchange.content = Exchange.Content.dropped
            }
        }
        if coding == .gzip, exchange.knownAnswer == nil {
            exchange.inflater = GzipInflater(
                maximumExpansion: server.configuration.maximumExpansion, maximumLength: maximumBodyLength(match))
        }
        let body = classifyBody(exchange)
        self.exchange = consume exchange
        perform(.headComplete(keepAlive: request.keepAlive, body: body))
    }

    private func maximumBodyLength(_ match: Router.Match?) -> UInt64? {
        if case .streaming = match?.route.handler { return nil }
        return UInt64(server.configuration.maximumBodyLength)
    }

    private func isTooLong(_ exchange: borrowing Exchange) -> Bool {
        guard case .contentLength(let length) = request.framing else { return false }
        return length > maximumBodyLength(exchange.match) ?? .max
    }

    private func classifyBody(_ exchange: borrowing Exchange) -> HTTPConnectionState.Body {
        guard request.framing.hasBody else { return .none }
        let waits = request.expectsContinue && input.isEmpty
        guard exchange.knownAnswer != nil else { return waits ? .awaited : .coming }
        // Content that nobody wants is read to keep the connection, unless it is long or not on its way yet.
        return waits || isTooLong(exchange) ? .unwanted : .coming
    }

    func serverRequest(_ exchange: borrowing Exchange) -> ServerRequest {
        ServerRequest(head: request, match: exchange.match, identifier: exchange.identifier, body: exchange.body)
    }

    /// Whether to go on at once.
    private func processBody() -> Bool {
        guard var exchange = exchange.take() else { return false }
        let before = input.start
        var piece: [UInt8] = []
        do throws(ContentFailure) {
            exchange.isBodyOver = try decode(&exchange, into: &piece)
        } catch {
            self.exchange = consume exchange
            refuse(server.refusal(error))
            return false
        }
        exchange.bytesIn += input.start - before
        let isOver = exchange.isBodyOver
        let consumer = exchange.consumer
        self.exchange = consume exchange
        if let consumer, !piece.isEmpty {
            handOver(piece, to: consumer)
            return false
        }
        if isOver { perform(.bodyComplete) }
        return isOver
    }

    /// Whether the end has come.
    private func decode(
        _ exchange: inout Exchange, into piece: inout [UInt8]
    ) throws(ContentFailure) -> Bool {
        let bytes = input.bytes
        let unused = bytes.span.extracting(input.start..<input.end)
        var consumed = 0
        defer { input.start += consumed }
        while true {
            let event: HTTPBodyDecoder.Event
            do throws(HTTPRequestParser.Failure) {
                event = try exchange.decoder.decode(unused, consumed: &consumed)
            } catch {
                throw .framing(error)
            }
            switch event {
            case .needsMoreBytes: return false
            case .end:
                try exchange.inflater?.finish()
                return true
            case .content(let range):
                let content = bytes[(input.start + range.lowerBound)..<(input.start + range.upperBound)]
                switch exchange.content {
                case .gathered: try Self.append(content, exchange.inflater, to: &exchange.body)
                case .consumed: try Self.append(content, exchange.inflater, to: &piece)
                case .dropped: break
                }
            }
        }
    }

    private static func append(
        _ content: ArraySlice<UInt8>, _ inflater: GzipInflater?, to target: inout [UInt8]
    ) throws(ContentFailure) {
        if let inflater { try inflater.inflate(content, into: &target) } else { target.append(contentsOf: content) }
    }

    /// Has the handler answer; everything it needs is here.
    func dispatch() {
        guard let exchange = exchange.take() else { return }
        if let known = exchange.knownAnswer { return answer(known, exchange) }
        if let consumer = exchange.consumer {
            self.exchange = consume exchange
            return finish(consumer)
        }
        let request = serverRequest(exchange)
        switch exchange.match?.route.handler {
        case .whole(.inline, let handler): answer(handler(request), exchange)
        case .whole(.offloaded, let handler):
            self.exchange = consume exchange
            offload(handler, request)
        case .deferred(let handler):
            self.exchange = consume exchange
            postpone(handler, request)
        case .streaming, nil: self.exchange = consume exchange
        }
    }

    private func postpone(
        _ handler: (ServerRequest, @escaping @Sendable (HTTPResponse) -> Void) -> Void, _ request: ServerRequest
    ) {
        let number = state.requestCount
        let loop = server.loop
        exchange?.body = []
        handler(request) { [self] response in
            loop.execute { [self] in answerArrived(response, number) }
        }
    }

    private func offload(_ handler: @escaping @Sendable (ServerRequest) -> HTTPResponse, _ request: ServerRequest) {
        let number = state.requestCount
        let loop = server.loop
        // The request goes with the job: what the connection keeps of it is not needed again.
        exchange?.body = []
        let compression = server.compression
        let isTaken = server.pool.submit { [self] in
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
}
