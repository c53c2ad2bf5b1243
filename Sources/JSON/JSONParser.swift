internal import CSimdJSON

/// Why a text is not the JSON that is accepted here.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The byte at which the text stops being acceptable, from 0; nil when it is not about a place.
    public var offset: Int?
    /// What is wrong, as a sentence without its full stop.
    public var reason: String

    /// An error at `offset` with its `reason`.
    public init(offset: Int?, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// The reason and the place, for a problem document or a log.
    public var description: String {
        offset.map { "\(reason) (at byte \($0))" } ?? reason
    }
}

/// Turns JSON text (RFC 8259, UTF-8 only) into documents, reusing its buffers from one text to the next.
///
/// Stricter than the grammar where it must be: no byte order mark, no lone surrogates, no number that is no integer and
/// beyond a finite double, nesting bounded. Duplicate members pass; ``JSONObjectDecoder`` refuses them.
/// For one thread at a time: a loop or a worker owns one.
@safe
public final class JSONParser {
    /// Buffers grown for a longer text than this are given back after it (about fifteen times its size in all).
    public static let retainedCapacity = 1 << 20

    /// How many arrays and objects may stand inside each other.
    public let maximumDepth: Int
    // Made in init, destroyed in deinit, never handed out.
    private let parser: OpaquePointer

    /// A parser that refuses more than `maximumDepth` arrays and objects inside each other.
    public init(maximumDepth: Int = 64) {
        precondition((1...1024).contains(maximumDepth), "maximumDepth is from 1 to 1024")
        guard let parser = unsafe nectar_json_parser_create(maximumDepth) else { fatalError("out of memory") }
        self.maximumDepth = maximumDepth
        unsafe self.parser = parser
    }

    deinit {
        unsafe nectar_json_parser_destroy(parser)
    }

    /// Parses one complete text. Linear in its length; the document does not depend on the parser or on `bytes`.
    public func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONDocument {
        try parse(bytes.span)
    }

    /// Parses one complete text. Linear in its length; the document does not depend on the parser or on `bytes`.
    public func parse(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> JSONDocument {
        do throws(Refusal) {
            return try attempt(bytes)
        } catch {
            throw refusal(error.status, bytes)
        }
    }

    /// The document that `bytes` are, or nil: for what need not be one, since a refusal's place takes a pass of its own.
    func documentIfAny(_ bytes: Span<UInt8>) -> JSONDocument? { try? attempt(bytes) }

    /// Gives back the buffers if they were grown for a text of more than `length` bytes.
    func trim(to length: Int) { unsafe nectar_json_parser_trim(parser, length) }

    private func attempt(_ bytes: Span<UInt8>) throws(Refusal) -> JSONDocument {
        do throws(Refusal) {
            return try read(bytes)
        } catch {
            guard error.status == NECTAR_JSON_INVALID_NUMBER else { throw error }
        }
        let long = LongIntegers(quotingIn: bytes)
        return try read(long.text.span, integers: long.ordinals)
    }

    private struct Refusal: Error {
        let status: nectar_json_status
    }

    /// What simdjson makes of `bytes`, whose strings of the places `integers` were integers beyond 64 bits.
    private func read(_ bytes: Span<UInt8>, integers: [Int] = []) throws(Refusal) -> JSONDocument {
        var lent = unsafe nectar_json_tape()
        var message: UnsafePointer<CChar>?
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe nectar_json_parse(parser, buffer.baseAddress, buffer.count, &lent, &message)
        }
        defer {
            if bytes.count > Self.retainedCapacity { trim(to: Self.retainedCapacity) }
        }
        guard status == NECTAR_JSON_OK else { throw Refusal(status: status) }
        // Buffers that would be given back anyway go with the document.
        let isLong = bytes.count > Self.retainedCapacity
        let copied =
            isLong
            ? unsafe JSONTape(taking: lent, outOf: parser, integers: integers)
            : unsafe JSONTape(copying: lent, integers: integers)
        guard let tape = copied else {
            throw Refusal(status: NECTAR_JSON_OUT_OF_MEMORY)
        }
        return JSONDocument(tape: tape)
    }

    private func refusal(_ status: nectar_json_status, _ bytes: Span<UInt8>) -> JSONSyntaxError {
        switch status {
        case NECTAR_JSON_OUT_OF_MEMORY:
            return JSONSyntaxError(offset: nil, reason: "there is no memory to parse it")
        case NECTAR_JSON_TOO_LARGE: return JSONSyntaxError(offset: nil, reason: "the text is longer than 4 GiB")
        default: break
        }
        // simdjson does not say where; only a refused text pays for the slower pass that does.
        var locator = JSONSyntaxLocator(maximumDepth: maximumDepth)
        if let found = locator.firstError(in: bytes) { return found }
        switch status {
        case NECTAR_JSON_TOO_DEEP: return JSONSyntaxError(offset: nil, reason: "nested too deeply")
        case NECTAR_JSON_INVALID_UTF8: return JSONSyntaxError(offset: nil, reason: "not UTF-8")
        case NECTAR_JSON_INVALID_NUMBER: return JSONSyntaxError(offset: nil, reason: "a number is out of range")
        case NECTAR_JSON_EMPTY: return JSONSyntaxError(offset: 0, reason: "the text is empty")
        default: return JSONSyntaxError(offset: nil, reason: "not JSON")
        }
    }
}
