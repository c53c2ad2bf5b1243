/// Finds the content in the octets after a head: by length or by chunks (RFC 9112, sections 6 and 7).
///
/// Nothing is copied and nothing kept: content is told as ranges of the input, and every octet is looked at once,
/// however the input is cut.
public struct HTTPBodyDecoder: Sendable {
    /// What the octets after `consumed` turned out to be.
    public enum Event: Sendable, Equatable {
        /// Content at this range of the input; there may be more right behind it, so decode again.
        case content(Range<Int>)
        /// All octets are consumed and the message goes on.
        case needsMoreBytes
        /// The message is over; what lies after `consumed` belongs to the next one.
        case end
    }

    private enum State {
        case content(remaining: UInt64)
        case chunkFraming
        case chunkContent(remaining: UInt64)
        case trailers
        case over
        case failed(HTTPRequestParser.Failure)
    }

    private var state: State
    // Beside the state rather than in its cases, where every step would copy them out and in again.
    private var framing: ChunkFraming
    private var trailers: TrailerSection

    /// A decoder for the body of one message; nil as the maximum means that there is none.
    ///
    /// A Content-Length beyond the maximum is refused by the first `decode`, chunks by the size that passes it.
    public init(
        framing: HTTPBodyFraming,
        limits: HTTPRequestParser.Limits = HTTPRequestParser.Limits(),
        maximumLength: UInt64?
    ) {
        self.framing = ChunkFraming(limits: limits, maximumLength: maximumLength ?? .max)
        trailers = TrailerSection(limits: limits)
        switch framing {
        case .none: state = .over
        case .contentLength(let length):
            state = length > maximumLength ?? .max ? .failed(.contentTooLarge) : .content(remaining: length)
        case .chunked: state = .chunkFraming
        }
    }

    /// Goes on from `consumed` and moves it past what it has understood.
    ///
    /// After a failure every further call fails in the same way.
    public mutating func decode(
        _ bytes: Span<UInt8>,
        consumed: inout Int
    ) throws(HTTPRequestParser.Failure) -> Event {
        do throws(HTTPRequestParser.Failure) {
            return try advance(bytes, &consumed)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func advance(
        _ bytes: Span<UInt8>,
        _ consumed: inout Int
    ) throws(HTTPRequestParser.Failure) -> Event {
        while true {
            switch state {
            case .content(let remaining):
                if remaining == 0 {
                    state = .over
                } else {
                    guard let range = take(remaining, bytes, &consumed) else { return .needsMoreBytes }
                    state = .content(remaining: remaining - UInt64(range.count))
                    return .content(range)
                }
            case .chunkFraming:
                guard let size = try framing.readSize(bytes, &consumed) else { return .needsMoreBytes }
                state = size == 0 ? .trailers : .chunkContent(remaining: size)
            case .chunkContent(let remaining):
                if remaining == 0 {
                    framing.endContent()
                    state = .chunkFraming
                } else {
                    guard let range = take(remaining, bytes, &consumed) else { return .needsMoreBytes }
                    state = .chunkContent(remaining: remaining - UInt64(range.count))
                    return .content(range)
                }
            case .trailers:
                guard try trailers.read(bytes, &consumed) else { return .needsMoreBytes }
                state = .over
            case .over: return .end
            case .failed(let failure): throw failure
            }
        }
    }

    private func take(_ remaining: UInt64, _ bytes: Span<UInt8>, _ consumed: inout Int) -> Range<Int>? {
        guard consumed < bytes.count else { return nil }
        let count = Int(min(remaining, UInt64(bytes.count - consumed)))
        defer { consumed += count }
        return consumed..<consumed + count
    }
}
