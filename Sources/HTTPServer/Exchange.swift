import HTTP
import Networking

/// One request and its answer, from the accepted head on. It is moved, never copied: it is on every request's path.
struct Exchange: ~Copyable {
    /// What becomes of the content.
    enum Content {
        /// Gathered for the handler.
        case gathered
        /// Read and dropped: the answer is known already.
        case dropped
        /// Handed to the consumer piece by piece.
        case consumed(any RequestBodyConsumer)
    }

    /// Which of its three ends a consumer has reached.
    enum Consumption: Equatable {
        case reading, finishing, over
    }

    let match: Router.Match?
    let identifier: RequestID
    let begin: MonotonicInstant
    var content = Content.gathered
    var consumption = Consumption.reading
    /// The answer, where it is known without a handler.
    var knownAnswer: HTTPResponse?
    var decoder: HTTPBodyDecoder
    /// Expands the content where it comes as gzip.
    var inflater: GzipInflater?
    var body: [UInt8] = []
    /// The decoder has seen the end, but a piece is still with the consumer.
    var isBodyOver = false
    var bytesIn: Int

    /// Who takes the content as it comes, if somebody does.
    var consumer: (any RequestBodyConsumer)? {
        if case .consumed(let consumer) = content { consumer } else { nil }
    }

    var bytesOut = 0
    var status = 0
    /// How a streamed answer is delimited, and how much of a promised length is still owed.
    var plan: HTTPResponseWriter.Plan?
    var owed: UInt64 = 0
}
