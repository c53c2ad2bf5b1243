import HTTP
import Networking

// The way of most requests, from the head to the answer in one go: all of the request is there, and a handler answers it
// on the loop.
extension HTTPConnection {
    /// Answers the request whose head has just been read, unless it is one of those that take more.
    ///
    /// The request comes along, because to fetch it from the connection again is to count a reference again.
    func answersAtOnce(_ request: ServerRequest.Storage, _ route: Router.Route, headLength: Int) -> Bool {
        guard route.answersAtOnce, mayBeAnswered(request), let length = lengthOfContentAtHand(request) else {
            return false
        }
        request.stamp = 0
        if request.match?.route !== route { request.match = Router.Match(route: route, parameters: []) }
        if length > 0 { input.take(length, into: &request.body) }
        // What it says to do is to ask the handler.
        _ = state.handle(.headComplete(keepAlive: request.head.keepAlive, body: .none))
        let bytesIn = headLength + length
        if route.isConstant {
            give(route.constant, request, route, bytesIn: bytesIn)
        } else {
            give(route.answer(ServerRequest(request)), request, route, bytesIn: bytesIn)
        }
        return true
    }

    private func give(
        _ response: HTTPResponse, _ request: ServerRequest.Storage, _ route: Router.Route, bytesIn: Int
    ) {
        if needsMore(response) || server.isLogged {
            answer(response, exchange(request, bytesIn: bytesIn))
        } else {
            writePlainly(response, request, route, bytesIn: bytesIn)
        }
    }

    private func writePlainly(
        _ response: HTTPResponse, _ request: ServerRequest.Storage, _ route: Router.Route, bytesIn: Int
    ) {
        borrowOutput()
        let before = output.pending
        let plan = server.write(
            response, to: request.head.method, version: request.head.version, keepAlive: !state.mustClose,
            identifier: request.identifier, into: &output.bytes)
        if server.isObserved {
            // Without an exchange, which would hold the request.
            server.answeredAtOnce(
                request.head.method, route, status: response.status.code, bytesIn: bytesIn,
                bytesOut: output.pending - before)
        }
        answered(isWhole: true, plan)
    }

    private func exchange(_ request: ServerRequest.Storage, bytesIn: Int) -> Exchange {
        Exchange(request: ServerRequest(request), begin: server.loop.now, intake: nil, bytesIn: bytesIn)
    }

    // RFC 9110, section 7.4: whoever asked for https believes that nobody else could read it.
    private func mayBeAnswered(_ request: ServerRequest.Storage) -> Bool {
        request.head.targetScheme != .https || transport.isSecured
    }

    /// How long the content is, if all of it has come already, and as it is to be read; nil otherwise.
    private func lengthOfContentAtHand(_ request: ServerRequest.Storage) -> Int? {
        switch request.head.framing {
        case .none: return 0
        case .chunked: return nil
        case .contentLength(let length):
            guard length <= UInt64(min(input.count, server.configuration.maximumBodyLength)) else { return nil }
            return server.hasContentCoding(&request.head) ? nil : Int(length)
        }
    }

    private func needsMore(_ response: HTTPResponse) -> Bool {
        !response.isWhole || response.status.isInformational || server.compression.isLongEnough(response)
    }
}
