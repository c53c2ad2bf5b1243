import HTTP
import Networking

// From a response to octets.
extension HTTPConnection {
    /// Writes the answer of the present exchange, or its head where its content comes over time.
    func answer(_ response: HTTPResponse) {
        guard let exchange = exchange.take() else { return }
        answer(response, exchange)
    }

    /// Writes the answer of an exchange that its caller has taken out.
    func answer(_ response: consuming HTTPResponse, _ exchange: consuming Exchange) {
        if response.status.isInformational {
            response = server.router.problem(
                .internalServerError, "The handler gave an answer that is none.", exchange.request)
        }
        if server.compression.isLongEnough(response) {
            server.compression.apply(to: &response, for: exchange.request.head, limit: ResponseCompression.loopLimit)
        }
        borrowOutput()
        let before = output.pending
        let plan = server.write(
            response, to: requestStorage.head.method, version: requestStorage.head.version,
            keepAlive: !state.mustClose, identifier: requestStorage.identifier, into: &output.bytes)
        exchange.delimitation = plan.content
        note(response, in: &exchange)
        let isWhole = isComplete(response, plan, &exchange)
        exchange.bytesOut += output.pending - before
        if isWhole { report(exchange) } else { self.exchange = consume exchange }
        answered(isWhole: isWhole, plan)
    }

    /// Keeps of an answer what is told when it is over.
    func note(_ response: HTTPResponse, in exchange: inout Exchange) {
        exchange.status = response.status.code
        if server.isLogged, let log = server.accessLog { exchange.notedValue = response.fields[log.notedField] }
    }

    func answered(isWhole: Bool, _ plan: HTTPResponseWriter.Plan) {
        switch state.handle(.answered(isWhole: isWhole, keepAlive: plan.keepAlive)) {
        // Who works off the input goes on by itself, and whoever else answers pumps afterwards.
        case .none, .flush, .continueReading: break
        case let action: execute(action)
        }
    }

    func borrowOutput() {
        if output.bytes.capacity == 0 { server.buffers.borrowOutput(&output) }
    }

    /// Whether all of the answer is written; the content of a stream is about to come.
    private func isComplete(
        _ response: HTTPResponse, _ plan: HTTPResponseWriter.Plan, _ exchange: inout Exchange
    ) -> Bool {
        guard let stream = response.stream else { return true }
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

    /// Refuses content that is no message, or too much.
    func refuse(_ failure: ContentFailure) {
        switch failure {
        case .framing(let failure): refuse(failure.status, failure.detail)
        case .malformedGzip: refuse(.badRequest, "The content is not the gzip that it is said to be.")
        case .noRoom: refuse(server.noRoom(nil))
        case .expandsTooFar: refuse(.contentTooLarge, "The gzip content expands too far.")
        }
    }

    /// Refuses what has come so far of a request; who has taken it may have more to say.
    func refuse(_ status: HTTPStatus, _ detail: String) {
        refuse(refusalOfConsumer(status, detail) ?? server.router.problem(status, detail, nil))
    }

    /// Refuses a request that is malformed or too slow; the connection ends after it.
    func refuse(_ response: HTTPResponse) {
        cancelConsumer()
        let identifier = exchange?.request.identifier ?? RequestID(generator: &server.identifiers)
        borrowOutput()
        let before = output.pending
        _ = server.write(
            response, to: .get, version: .http11, keepAlive: false, identifier: identifier, into: &output.bytes)
        server.observer.parseFailed(status: response.status.code)
        if let log = server.accessLog {
            logRefusal(response.status.code, identifier, bytesOut: output.pending - before, to: log)
        }
        exchange = nil
        perform(.requestRefused)
    }

    func report(_ exchange: borrowing Exchange) {
        guard server.isObserved else { return }
        let duration = server.loop.readClock().duration(since: exchange.begin)
        if exchange.status != 0 {
            server.observer.requestFinished(
                method: requestStorage.head.method, route: exchange.request.route, status: exchange.status,
                duration: duration,
                bytesIn: exchange.bytesIn, bytesOut: exchange.bytesOut)
        }
        if let log = server.accessLog { self.log(exchange, lasting: duration, to: log) }
    }
}
