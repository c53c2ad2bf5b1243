extension HTTPRequestParser {
    /// Why a request was refused. After any of these the connection is answered once and closed.
    public enum Failure: Error, Sendable, Hashable, CaseIterable {
        /// A carriage return without a line feed after it.
        case bareCarriageReturn
        /// A line feed without a carriage return before it.
        case bareLineFeed
        /// A request line that is not method, target and version with single spaces between, or a second empty line
        /// before it.
        case malformedRequestLine
        /// A method that is no token.
        case invalidMethod
        /// A method that is a token, and none this server knows.
        case unknownMethod
        /// A target with octets that no target may have, a broken escape, or of no known form.
        case invalidTarget
        /// A target of a form that does not go with the method: `*` without OPTIONS, an authority without CONNECT.
        case targetFormNotAllowed
        /// A request line longer than the limit.
        case requestLineTooLong
        /// Not `HTTP/`, digit, dot, digit.
        case invalidVersion
        /// A major version other than 1.
        case unsupportedVersion
        /// White space between the request line and the first field.
        case whitespaceBeforeFirstField
        /// A field line continued on the next one (obs-fold).
        case obsoleteLineFolding
        /// White space between a field's name and its colon.
        case whitespaceBeforeColon
        /// A field line without a colon.
        case missingColon
        /// A field name that is no token, or empty.
        case invalidFieldName
        /// A control octet in a field value.
        case invalidFieldValue
        /// Field lines longer, all together, than the limit.
        case fieldSectionTooLarge
        /// More field lines than the limit.
        case tooManyFields
        /// No Host in HTTP/1.1.
        case missingHost
        /// More than one Host, even if alike.
        case duplicateHost
        /// A Host, or an authority in the target, that is no `uri-host [":" port]`.
        case invalidHost
        /// A Content-Length that is not digits only.
        case invalidContentLength
        /// A Content-Length beyond what can be counted.
        case contentLengthOverflow
        /// More than one Content-Length, even if alike.
        case duplicateContentLength
        /// Content-Length and Transfer-Encoding together.
        case contentLengthWithTransferEncoding
        /// A Transfer-Encoding that is no list of codings with `chunked` once and last.
        case invalidTransferEncoding
        /// A Transfer-Encoding with a coding other than `chunked`.
        case unknownTransferCoding
        /// Transfer-Encoding in HTTP/1.0.
        case transferEncodingInHTTP10
        /// An Expect other than 100-continue.
        case unknownExpectation
        /// A chunk size that is not hexadecimal digits only.
        case invalidChunkSize
        /// A chunk size, or a sum of them, beyond what can be counted.
        case chunkSizeOverflow
        /// A chunk extension that is no list of names and values.
        case invalidChunkExtension
        /// Chunk extensions longer, all together, than the limit.
        case chunkExtensionsTooLong
        /// More chunk framing than content and the limit allow.
        case tooMuchChunkOverhead
        /// Something other than CRLF after a chunk's content.
        case missingChunkTerminator
        /// Trailers longer, all together, or more of them, than the limit.
        case trailerSectionTooLarge
        /// More content than the maximum.
        case contentTooLarge

        /// What the client is told.
        public var status: HTTPStatus {
            switch self {
            case .requestLineTooLong: .targetTooLong
            case .fieldSectionTooLarge, .tooManyFields, .trailerSectionTooLarge: .fieldSectionTooLarge
            case .unknownMethod, .unknownTransferCoding: .notImplemented
            case .unsupportedVersion: .versionNotSupported
            case .unknownExpectation: .expectationFailed
            case .contentTooLarge: .contentTooLarge
            default: .badRequest
            }
        }
    }
}
