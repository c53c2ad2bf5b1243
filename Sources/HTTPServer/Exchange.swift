import HTTP
import Networking

/// One request and its answer, from the accepted head on. It is small, and moved, never copied: it is on every
/// request's path.
struct Exchange: ~Copyable {
    /// What the handler gets; the content joins it when it has come.
    let request: ServerRequest
    let begin: MonotonicInstant
    /// What has to do with content, or with an answer that is known without a handler: most requests have neither.
    let intake: Intake?
    var bytesIn: Int
    var bytesOut = 0
    var status = 0
    /// What the answer says in the field that the access log asks for.
    var notedValue: String?
    /// How a streamed answer is delimited, and how much of a promised length is still owed.
    var delimitation = HTTPResponseWriter.Plan.Content.none
    var owed: UInt64 = 0
}

/// What becomes of a request's content while it comes. Belongs to its connection's loop.
final class Intake {
    /// Where the content goes.
    enum Destination {
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

    let destination: Destination
    var consumption = Consumption.reading
    /// Whether a piece has been given to the consumer.
    private(set) var hasBegun = false
    /// Whether all content was one piece, which the consumer has taken on the loop.
    private(set) var isOnLoop = false
    /// The answer, where it is known without a handler.
    var knownAnswer: HTTPResponse?
    private var decoder: HTTPBodyDecoder
    /// Expands the content where it comes as gzip.
    private let inflater: GzipInflater?
    private(set) var body: [UInt8] = []
    /// Its share of the memory for content that is gathered; kept until the answer.
    private let reservation: ContentBudget.Reservation?
    /// Gzip that has come and is not expanded yet.
    private var unexpanded: ArraySlice<UInt8> = []
    /// The decoder has seen the end, but a piece may still be with the consumer.
    private(set) var isOver = false

    /// Content that a handler is to have.
    init(
        _ destination: Destination, _ decoder: HTTPBodyDecoder, _ inflater: GzipInflater? = nil,
        _ reservation: ContentBudget.Reservation? = nil
    ) {
        self.destination = destination
        self.decoder = decoder
        self.inflater = inflater
        self.reservation = reservation
    }

    /// No handler is asked: this is the answer, whatever the content.
    init(known answer: HTTPResponse, _ decoder: HTTPBodyDecoder) {
        destination = .dropped
        knownAnswer = answer
        self.decoder = decoder
        inflater = nil
        reservation = nil
    }

    /// Who takes the content as it comes, if somebody does.
    var consumer: (any RequestBodyConsumer)? {
        if case .consumed(let consumer) = destination { consumer } else { nil }
    }

    /// Notes that `consumer` is about to get `piece`; whether on the loop.
    func begin(_ consumer: any RequestBodyConsumer, _ piece: borrowing [UInt8]) -> Bool {
        isOnLoop = isOver && !hasBegun && piece.count <= consumer.loopLimit
        hasBegun = true
        return isOnLoop
    }

    /// The gathered content, which is then the caller's alone.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Whether there is more to come of what it has taken: then it wants to be asked again, with another allowance.
    var isExpanding: Bool { !unexpanded.isEmpty || inflater?.isPending == true }

    /// Takes in what has come, and tells how much of it was content's; the piece is for the consumer.
    ///
    /// - Parameter allowance: How many octets may be expanded now, on a loop that has others to serve.
    func take(
        _ bytes: ArraySlice<UInt8>, allowance: Int, piece: inout [UInt8], consumed: inout Int
    ) throws(ContentFailure) {
        var allowance = allowance
        let unused = bytes.span
        if isExpanding { try deliver(&allowance, &piece) }
        while !isExpanding {
            switch try nextEvent(unused, &consumed) {
            case .needsMoreBytes: return
            case .end:
                try inflater?.finish()
                isOver = true
                return
            case .content(let range):
                let content = bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
                guard let inflater else {
                    try deliver(content, &piece)
                    continue
                }
                inflater.receive(content.count)
                unexpanded = content
                try deliver(&allowance, &piece)
                // The buffer it lies in is the connection's, and about to be used again.
                if !unexpanded.isEmpty { unexpanded = ArraySlice(Array(unexpanded)) }
            }
        }
    }

    /// Expands as much as is allowed.
    private func deliver(_ allowance: inout Int, _ piece: inout [UInt8]) throws(ContentFailure) {
        guard let inflater else { return }
        switch destination {
        case .gathered:
            try inflater.inflate(&unexpanded, into: &body, allowance: &allowance)
            try reserve()
        case .consumed: try inflater.inflate(&unexpanded, into: &piece, allowance: &allowance)
        case .dropped: unexpanded = []
        }
    }

    private func deliver(_ content: ArraySlice<UInt8>, _ piece: inout [UInt8]) throws(ContentFailure) {
        switch destination {
        case .gathered:
            body.append(contentsOf: content)
            try reserve()
        case .consumed: piece.append(contentsOf: content)
        case .dropped: break
        }
    }

    private func reserve() throws(ContentFailure) {
        guard reservation?.grow(to: body.count) ?? true else { throw .noRoom }
    }

    private func nextEvent(
        _ bytes: Span<UInt8>, _ consumed: inout Int
    ) throws(ContentFailure) -> HTTPBodyDecoder.Event {
        do throws(HTTPRequestParser.Failure) {
            return try decoder.decode(bytes, consumed: &consumed)
        } catch {
            throw .framing(error)
        }
    }
}
