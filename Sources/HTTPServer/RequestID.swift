import HTTP

/// What an answer's `X-Request-ID` says: the caller's own if it is sane, else sixteen random octets.
///
/// A generated one stays two integers until somebody wants text, so that a quick request allocates nothing for it.
enum RequestID: Sendable, Equatable {
    case generated(UInt64, UInt64)
    case given(String)

    static let maximumLength = 128

    /// The request's own if it is 1 to 128 visible ASCII octets; a new one otherwise.
    init(of request: HTTPRequest, generator: inout some RandomNumberGenerator) {
        if let index = request.fields.firstIndex(of: .requestID),
            let text = request.fields.withValue(at: index, { Self.sane($0) })
        {
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
        case .given(let text): return text
        case .generated:
            var bytes: [UInt8] = []
            write(to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Appends the text's octets.
    func write(to output: inout [UInt8]) {
        switch self {
        case .given(let text): output.append(contentsOf: text.utf8)
        case .generated(let high, let low):
            Self.writeHex(high, to: &output)
            Self.writeHex(low, to: &output)
        }
    }

    private static func writeHex(_ value: UInt64, to output: inout [UInt8]) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8((value >> shift) & 15)
            output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
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
