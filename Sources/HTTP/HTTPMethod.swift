/// A request method that this server knows by name (RFC 9110, section 9).
///
/// Methods are case-sensitive; a token that is none of these is answered 501 by the parser.
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    /// Transfer a current representation of the target.
    case get = "GET"
    /// The same as GET, without the content of the answer.
    case head = "HEAD"
    /// Process the enclosed content.
    case post = "POST"
    /// Replace the target by the enclosed content.
    case put = "PUT"
    /// Change a part of the target (RFC 5789).
    case patch = "PATCH"
    /// Remove the target.
    case delete = "DELETE"
    /// Describe how one may talk to the target.
    case options = "OPTIONS"
    /// Ask for a tunnel; never given here.
    case connect = "CONNECT"
    /// Ask for a loop-back of the message; never given here.
    case trace = "TRACE"

    /// The method spelt by these bytes, or nil when it is none that is known.
    init?(token: Span<UInt8>) {
        // The length leaves one or two candidates, so nothing is built and little compared.
        let candidates: (HTTPMethod, HTTPMethod)
        switch token.count {
        case 3: candidates = (.get, .put)
        case 4: candidates = (.post, .head)
        case 5: candidates = (.patch, .trace)
        case 6: candidates = (.delete, .delete)
        case 7: candidates = (.options, .connect)
        default: return nil
        }
        if token.equals(candidates.0.rawValue) {
            self = candidates.0
        } else if token.equals(candidates.1.rawValue) {
            self = candidates.1
        } else {
            return nil
        }
    }

    /// The longest spelling, in octets.
    static var longestSpelling: Int { 7 }
}
