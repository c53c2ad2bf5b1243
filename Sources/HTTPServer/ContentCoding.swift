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
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends.
    fileprivate var trimmingBlanks: SubSequence {
        let tail = drop { $0 == " " || $0 == "\t" }
        let end = tail.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { tail[...$0] } ?? tail[tail.startIndex..<tail.startIndex]
    }
}
