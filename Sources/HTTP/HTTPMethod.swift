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

    /// The method spelt by the octets in this range, or nil when it is none that is known.
    init?(token bytes: Span<UInt8>, _ range: Range<Int>) {
        // The length leaves one or two candidates, and each is one comparison or two.
        switch range.count {
        case 3 where bytes.equals("GET", in: range): self = .get
        case 3 where bytes.equals("PUT", in: range): self = .put
        case 4 where bytes.equals("POST", in: range): self = .post
        case 4 where bytes.equals("HEAD", in: range): self = .head
        case 5 where bytes.equals("PATCH", in: range): self = .patch
        case 5 where bytes.equals("TRACE", in: range): self = .trace
        case 6 where bytes.equals("DELETE", in: range): self = .delete
        case 7 where bytes.equals("OPTIONS", in: range): self = .options
        case 7 where bytes.equals("CONNECT", in: range): self = .connect
        default: return nil
        }
    }

    /// The longest spelling, in octets.
    static var longestSpelling: Int { 7 }
}
