import HTTP

/// What an answer's `X-Request-ID` says: the caller's own if it is sane, else sixteen random octets.
///
/// A generated one stays two integers until somebody wants text, so that a quick request allocates nothing for it.
enum RequestID: Sendable, Equatable {
    case generated(UInt64, UInt64)
    case given(String)

    static let maximumLength = 128

    /// The request's own if it is 1 to 128 visible ASCII octets; a new one otherwise.
    init(of fields: HTTPFields, generator: inout some RandomNumberGenerator) {
        if let index = fields.firstIndex(of: .requestID), let text = fields.withValue(at: index, { Self.sane($0) }) {
            self = .given(text)
        } else {
            self.init(generator: &generator)
        }
    }

    /// A new one.
    init(generator: inout some RandomNumberGenerator) {
        self = .generated(generator.next(), generator.next())
    }

    /// As text: 32 hexadecimal digits, or what the caller sent.
    var text: String {
        switch self {
        case .given(let text): text
        case .generated:
            // Safe: digits are ASCII.
            withOctets { digits in unsafe String(copying: UTF8Span(unchecked: digits)) }
        }
    }

    /// Lends the text's octets.
    @inline(__always)
    func withOctets<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        switch self {
        case .given(let text): return body(text.utf8Span.span)
        case .generated(let high, let low):
            let digits = (
                Self.hexadecimal(high >> 32), Self.hexadecimal(high), Self.hexadecimal(low >> 32), Self.hexadecimal(low)
            )
            // Safe: the octets of four integers, which are there as long as they are lent.
            return unsafe withUnsafeBytes(of: digits) { unsafe body(Span<UInt8>(_unsafeBytes: $0)) }
        }
    }

    // The eight digits of the lower half at once, as they follow each other in memory: its nibbles are spread over the
    // octets, and those above nine are moved on from the digits to the letters.
    private static func hexadecimal(_ value: UInt64) -> UInt64 {
        var octets = value & 0xFFFF_FFFF
        octets = (octets & 0xFFFF_0000) << 16 | octets & 0xFFFF
        octets = (octets & 0x0000_FF00_0000_FF00) << 8 | octets & 0x0000_00FF_0000_00FF
        octets = (octets & 0x00F0_00F0_00F0_00F0) << 4 | octets & 0x000F_000F_000F_000F
        let letters = (octets &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (octets &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
    }

    private static func sane(_ bytes: Span<UInt8>) -> String? {
        guard (1...maximumLength).contains(bytes.count) else { return nil }
        for index in 0..<bytes.count where !(0x21...0x7E).contains(bytes[index]) { return nil }
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }
}

/// Numbers that need not be secret, only different: one xorshift* per loop, seeded once by the system.
struct RequestIDGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The sequence that begins with `seed`.
    init(seed: UInt64) {
        // Zero would stay zero for ever.
        state = seed == 0 ? 0x9E37_79B9_7F4A_7C15 : seed
    }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
