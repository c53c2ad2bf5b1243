import HTTP
import Networking

// Content that is handed to a consumer piece by piece.
extension HTTPConnection {
    /// Has the consumer take a piece on the pool; nothing is read until it has.
    func handOver(_ piece: [UInt8], to consumer: any RequestBodyConsumer) {
        perform(.chunkHandedOver)
        let loop = server.loop
        server.pools.bulk.submitContinuation { [self] in
            let early = consumer.consume(piece)
            let isTold = loop.execute { [self] in pieceTaken(early, by: consumer) }
            // The loop has ended, and with it the connection.
            if !isTold, early == nil { consumer.cancel() }
        }
    }

    /// Has the consumer take all the content there is, at once.
    func give(_ content: [UInt8], to consumer: any RequestBodyConsumer, _ intake: Intake) {
        guard let early = consumer.consume(content) else { return }
        intake.consumption = .over
        intake.knownAnswer = early
    }

    /// All content has been taken: its answer.
    func finish(_ consumer: any RequestBodyConsumer) {
        let isOnLoop = exchange?.intake?.isOnLoop == true
        exchange?.intake?.consumption = .finishing
        let pending = PendingAnswer(self)
        if isOnLoop { return consumer.finish { response in pending.give(response) } }
        server.pools.bulk.submitContinuation {
            consumer.finish { response in pending.give(response) }
        }
    }

    /// Tells the consumer that nothing more comes, unless it has ended by itself or a piece is still with it.
    func cancelConsumer() {
        guard let consumer = idleConsumer else { return }
        exchange?.intake?.consumption = .over
        server.pools.bulk.submitContinuation { consumer.cancel() }
    }

    /// What a consumer that is about to be cancelled has to say to the client.
    func refusalOfConsumer(_ status: HTTPStatus, _ detail: String) -> HTTPResponse? {
        idleConsumer?.refusal(status, detail)
    }

    /// The consumer that waits for more.
    private var idleConsumer: (any RequestBodyConsumer)? {
        guard let intake = exchange?.intake, intake.consumption == .reading, !state.isHandlerBusy else { return nil }
        return intake.consumer
    }

    private func pieceTaken(_ early: HTTPResponse?, by consumer: any RequestBodyConsumer) {
        guard state.phase == .body else {
            // The connection broke meanwhile. One that has answered has ended by itself.
            if let early {
                if case .stream(let stream as ResponseStream) = early.body { stream.close() }
            } else {
                server.pools.bulk.submitContinuation { consumer.cancel() }
            }
            return
        }
        if let early {
            exchange?.intake?.consumption = .over
            if exchange?.intake?.isOver == true { exchange?.intake?.knownAnswer = early }
        }
        perform(.chunkTaken)
        if exchange?.intake?.isOver == true {
            perform(.bodyComplete)
        } else if let early {
            answer(early)
        }
        pump()
    }
}
