import HTTP
import Networking

// From a response to octets.
extension HTTPConnection {
    /// Writes the answer of the present exchange, or its head where its content comes over time.
    func answer(_ response: HTTPResponse) {
        guard var exchange else { return }
        self.exchange = nil
        var response = response
        if response.status.isInformational {
            response = server.router.problem(
                .internalServerError, "The handler gave an answer that is none.", serverRequest(exchange))
        }
        let before = output.bytes.count
        borrowOutput()
        let plan = server.writeHead(
            of: response, to: request.method, version: request.version, keepAlive: !state.mustClose,
            identifier: exchange.identifier, into: &output.bytes)
        exchange.plan = plan
        exchange.status = response.status.code
        let isWhole = writeContent(of: response, plan, &exchange)
        exchange.bytesOut += output.bytes.count - before
        if isWhole { report(exchange) } else { self.exchange = exchange }
        perform(.answered(isWhole: isWhole, keepAlive: plan.keepAlive))
    }

    private func borrowOutput() {
        if output.bytes.capacity == 0 { output.bytes = server.buffers.borrowOutput() }
    }

    /// Whether that was all of the content.
    private func writeContent(
        of response: HTTPResponse, _ plan: HTTPResponseWriter.Plan, _ exchange: inout Exchange
    ) -> Bool {
        switch response.body {
        case .empty: return true
        case .bytes(let content):
            if plan.content != .none { output.bytes.append(contentsOf: content) }
            return true
        case .stream(let stream):
            guard let stream = stream as? ResponseStream else {
                preconditionFailure("the server streams ResponseStream and nothing else")
            }
            guard plan.content != .none else {
                stream.close()
                return true
            }
            if case .length(let length) = plan.content { exchange.owed = length }
            attach(stream)
            return false
        }
    }

    /// Refuses a request that is malformed or too slow; the connection ends after it.
    func refuse(_ response: HTTPResponse) {
        cancelConsumer()
        let identifier = exchange?.identifier ?? RequestID(generator: &server.identifiers)
        exchange = nil
        borrowOutput()
        let plan = server.writeHead(
            of: response, to: .get, version: .http11, keepAlive: false, identifier: identifier, into: &output.bytes)
        if case .bytes(let content) = response.body, plan.content != .none { output.bytes.append(contentsOf: content) }
        server.observer.parseFailed(status: response.status.code)
        perform(.requestRefused)
    }

    func report(_ exchange: Exchange) {
        server.observer.requestFinished(
            method: request.method, route: exchange.match?.route.template ?? "", status: exchange.status,
            duration: server.loop.readClock().duration(since: exchange.begin), bytesIn: exchange.bytesIn,
            bytesOut: exchange.bytesOut)
    }

    // MARK: Streams

    private func attach(_ stream: ResponseStream) {
        self.stream = stream
        needsAnotherPass = true
        let loop = server.loop
        stream.attach { [weak self] in
            loop.execute { [weak self] in self?.streamHasContent() }
        }
        if state.isDraining { stream.drain() }
    }

    private func streamHasContent() {
        guard state.phase == .streaming else { return }
        pump()
    }

    /// Moves what the stream holds to the output, if that is empty: what the client does not take stays in the
    /// stream's bounded buffer.
    func processStream() {
        guard state.phase == .streaming, output.isEmpty, let stream else { return }
        let portion = stream.take()
        if portion.isAborted { return perform(.transportFailed) }
        let before = output.bytes.count
        let isComplete = write(portion.bytes)
        if portion.isFinished || isComplete {
            endStream(stream)
        } else if portion.bytes.isEmpty, let refill = stream.refill {
            startRefill(stream, refill)
        }
        exchange?.bytesOut += output.bytes.count - before
        if state.phase != .streaming { exchangeStreamed() }
    }

    /// Writes content as the plan delimits it; whether a promised length has been reached.
    private func write(_ content: [UInt8]) -> Bool {
        borrowOutput()
        switch exchange?.plan?.content {
        case .chunked: HTTPResponseWriter.writeChunk(content.span, into: &output.bytes)
        case .untilClose: output.bytes.append(contentsOf: content)
        case .length:
            // More than was promised would be taken for the next answer.
            let owed = exchange?.owed ?? 0
            let taken = min(UInt64(content.count), owed)
            output.bytes.append(contentsOf: content.prefix(Int(taken)))
            exchange?.owed = owed - taken
            return owed == taken
        case .some(.none), nil: break
        }
        return false
    }

    private func endStream(_ stream: ResponseStream) {
        // Fewer octets than promised: only a cut connection tells the client.
        guard exchange?.owed == 0 else { return perform(.transportFailed) }
        if exchange?.plan?.content == .chunked { HTTPResponseWriter.writeLastChunk(into: &output.bytes) }
        self.stream = nil
        stream.close()
        perform(.streamComplete)
    }

    private func exchangeStreamed() {
        guard state.phase != .closed, let exchange else { return }
        self.exchange = nil
        report(exchange)
    }

    private func startRefill(_ stream: ResponseStream, _ refill: @escaping @Sendable (ResponseStream) -> Void) {
        guard !isRefilling else { return }
        isRefilling = true
        let loop = server.loop
        server.pool.submitContinuation { [self] in
            refill(stream)
            loop.execute { [self] in
                isRefilling = false
                streamHasContent()
            }
        }
    }
}
