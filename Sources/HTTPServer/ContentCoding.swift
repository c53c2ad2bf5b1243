import HTTP

/// How a request's content is encoded beyond its framing (RFC 9110, section 8.4).
enum ContentCoding: Equatable {
    case identity, gzip
    /// Another coding, or several: the request is answered 415.
    case unknown

    init(of request: HTTPRequest) {
        guard request.framing.hasBody, request.fields.contains(.contentEncoding) else {
            self = .identity
            return
        }
        let codings = request.fields.values(of: .contentEncoding)
            .flatMap { $0.split(separator: ",") }
            .map { $0.trimmingBlanks.lowercased() }
            .filter { !$0.isEmpty && $0 != "identity" }
        switch codings {
        case []: self = .identity
        case ["gzip"], ["x-gzip"]: self = .gzip
        default: self = .unknown
        }
    }

    /// Whether a client that sends these `Accept-Encoding` fields takes gzip at least as gladly as the plain content
    /// (RFC 9110, section 12.5.3). One that sends none did not ask for it.
    static func isGzipWelcome(_ fields: [String]) -> Bool {
        var qualities: [String: Double] = [:]
        for element in fields.flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";").map { $0.trimmingBlanks.lowercased() }
            guard let coding = parts.first, !coding.isEmpty else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            // A weight that is none counts as a refusal: plain content is right for everybody.
            qualities[coding == "x-gzip" ? "gzip" : coding] = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
        }
        let gzip = qualities["gzip"] ?? qualities["*"] ?? 0
        return gzip > 0 && gzip >= qualities["identity"] ?? 0
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends.
    fileprivate var trimmingBlanks: SubSequence {
        let tail = drop { $0 == " " || $0 == "\t" }
        let end = tail.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { tail[...$0] } ?? tail[tail.startIndex..<tail.startIndex]
    }
}
