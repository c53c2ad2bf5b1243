/// A three-digit status code (RFC 9110, section 15); two are equal when their codes are.
public struct HTTPStatus: Sendable, Hashable {
    private let storedCode: UInt16

    /// A status of this code, which must have three digits.
    public init(code: Int) {
        precondition((100...999).contains(code), "a status code has three digits")
        storedCode = UInt16(code)
    }

    /// The number: 100 to 999.
    public var code: Int { Int(storedCode) }

    /// Whether an answer of this status has content at all: 1xx, 204 and 304 never do (RFC 9110, section 6.4.1).
    public var allowsContent: Bool { storedCode >= 200 && storedCode != 204 && storedCode != 304 }

    /// Whether more answers to the same request follow: 1xx.
    public var isInformational: Bool { storedCode < 200 }
}

extension HTTPStatus {
    /// 100: go on and send the content.
    public static var `continue`: HTTPStatus { HTTPStatus(code: 100) }
    /// 200.
    public static var ok: HTTPStatus { HTTPStatus(code: 200) }
    /// 201, with `Location`.
    public static var created: HTTPStatus { HTTPStatus(code: 201) }
    /// 202: taken on, not done yet.
    public static var accepted: HTTPStatus { HTTPStatus(code: 202) }
    /// 204: done, and nothing to say.
    public static var noContent: HTTPStatus { HTTPStatus(code: 204) }
    /// 304: what the client has is still right.
    public static var notModified: HTTPStatus { HTTPStatus(code: 304) }
    /// 308: the same request belongs elsewhere.
    public static var permanentRedirect: HTTPStatus { HTTPStatus(code: 308) }
    /// 400: not a message this server understands.
    public static var badRequest: HTTPStatus { HTTPStatus(code: 400) }
    /// 401, with `WWW-Authenticate`.
    public static var unauthorized: HTTPStatus { HTTPStatus(code: 401) }
    /// 403.
    public static var forbidden: HTTPStatus { HTTPStatus(code: 403) }
    /// 404.
    public static var notFound: HTTPStatus { HTTPStatus(code: 404) }
    /// 405, with `Allow`.
    public static var methodNotAllowed: HTTPStatus { HTTPStatus(code: 405) }
    /// 406: nothing the client accepts.
    public static var notAcceptable: HTTPStatus { HTTPStatus(code: 406) }
    /// 408: the request did not arrive in time.
    public static var requestTimeout: HTTPStatus { HTTPStatus(code: 408) }
    /// 409: at odds with the state of things.
    public static var conflict: HTTPStatus { HTTPStatus(code: 409) }
    /// 410: was here, will not return.
    public static var gone: HTTPStatus { HTTPStatus(code: 410) }
    /// 411: a length is needed.
    public static var lengthRequired: HTTPStatus { HTTPStatus(code: 411) }
    /// 412: a condition of the request does not hold.
    public static var preconditionFailed: HTTPStatus { HTTPStatus(code: 412) }
    /// 413: more content than allowed.
    public static var contentTooLarge: HTTPStatus { HTTPStatus(code: 413) }
    /// 414: a longer request line than allowed.
    public static var targetTooLong: HTTPStatus { HTTPStatus(code: 414) }
    /// 415, with `Accept`.
    public static var unsupportedMediaType: HTTPStatus { HTTPStatus(code: 415) }
    /// 417: an `Expect` other than 100-continue.
    public static var expectationFailed: HTTPStatus { HTTPStatus(code: 417) }
    /// 421: a request for someone else.
    public static var misdirectedRequest: HTTPStatus { HTTPStatus(code: 421) }
    /// 422: well-formed, and still not to be processed.
    public static var unprocessableContent: HTTPStatus { HTTPStatus(code: 422) }
    /// 428: a condition is required.
    public static var preconditionRequired: HTTPStatus { HTTPStatus(code: 428) }
    /// 429, with `Retry-After`.
    public static var tooManyRequests: HTTPStatus { HTTPStatus(code: 429) }
    /// 431: more fields, or longer ones, than allowed.
    public static var fieldSectionTooLarge: HTTPStatus { HTTPStatus(code: 431) }
    /// 500.
    public static var internalServerError: HTTPStatus { HTTPStatus(code: 500) }
    /// 501: a method or a transfer coding this server does not know.
    public static var notImplemented: HTTPStatus { HTTPStatus(code: 501) }
    /// 503, with `Retry-After`.
    public static var serviceUnavailable: HTTPStatus { HTTPStatus(code: 503) }
    /// 504: something behind the server took too long.
    public static var gatewayTimeout: HTTPStatus { HTTPStatus(code: 504) }
    /// 505: a major version other than 1.
    public static var versionNotSupported: HTTPStatus { HTTPStatus(code: 505) }
    /// 507: no room to store what was sent.
    public static var insufficientStorage: HTTPStatus { HTTPStatus(code: 507) }
}
