import HTTP
import Networking

// Content that comes over time, from a stream to octets.
extension HTTPConnection {
    func attach(_ stream: ResponseStream) {
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
        if !portion.bytes.isEmpty { restartHeartbeat() }
        if portion.isAborted { return perform(.transportFailed) }
        let before = output.pending
        let isComplete = write(portion.bytes)
        if portion.isFinished || isComplete {
            endStream(stream)
        } else if portion.bytes.isEmpty, let refill = stream.refill {
            startRefill(stream, refill)
        }
        exchange?.bytesOut += output.pending - before
        if state.phase != .streaming { exchangeStreamed() }
    }

    /// Writes content as the plan delimits it; whether a promised length has been reached.
    private func write(_ content: [UInt8]) -> Bool {
        borrowOutput()
        switch exchange?.delimitation {
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

    /// Tells the client that there is still somebody, in the stream's own words; a client that has gone is found out
    /// by it.
    func beat() {
        guard let stream, output.isEmpty else { return }
        let before = output.pending
        _ = write(stream.heartbeat)
        exchange?.bytesOut += output.pending - before
    }

    private func endStream(_ stream: ResponseStream) {
        // Fewer octets than promised: only a cut connection tells the client.
        guard exchange?.owed == 0 else { return perform(.transportFailed) }
        if exchange?.delimitation == .chunked { HTTPResponseWriter.writeLastChunk(into: &output.bytes) }
        self.stream = nil
        stream.close()
        perform(.streamComplete)
    }

    private func exchangeStreamed() {
        guard state.phase != .closed, let exchange = exchange.take() else { return }
        report(exchange)
    }

    private func startRefill(_ stream: ResponseStream, _ refill: @escaping @Sendable (ResponseStream) -> Void) {
        guard !isRefilling else { return }
        isRefilling = true
        let loop = server.loop
        server.pools.bulk.submitContinuation { [self] in
            refill(stream)
            loop.execute { [self] in
                isRefilling = false
                streamHasContent()
            }
        }
    }
}
