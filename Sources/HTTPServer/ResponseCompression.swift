private import CZlib
import HTTP

/// Sends an answer as gzip where the client asked for it and it is worth it.
///
/// Worth it are texts, JSON above all, beyond the configured length. Left alone are answers with a coding of their own,
/// streams, and those with a strong ETag, which stands for the very octets.
struct ResponseCompression {
    /// What may be compressed on a loop, which does nothing else meanwhile: about a millisecond's work.
    static let loopLimit = 64 << 10

    /// Answers shorter than this are sent as they are.
    let threshold: Int

    /// Whether the rest is worth looking at, which for most answers it is not.
    func isLongEnough(_ response: HTTPResponse) -> Bool { response.contentCount >= threshold && response.isWhole }

    /// Compresses the content, unless it is longer than `limit`; says `Vary` in either case, since it could have been.
    func apply(to response: inout HTTPResponse, for request: HTTPRequest, limit: Int = .max) {
        let content = response.content
        guard isLongEnough(response), isCompressible(response),
            !response.fields.contains(.contentEncoding)
        else { return }
        addVary(to: &response.fields)
        guard content.count <= limit, request.fields.welcomesGzip,
            let compressed = Self.gzip(content), compressed.count < content.count
        else { return }
        response.fields.set(.contentEncoding, "gzip")
        response.body = .bytes(compressed)
    }

    /// The answer as it is to be sent, however long it is: for threads that may take their time.
    func applied(to response: HTTPResponse, for request: HTTPRequest) -> HTTPResponse {
        var response = response
        apply(to: &response, for: request)
        return response
    }

    private func isCompressible(_ response: HTTPResponse) -> Bool {
        guard response.status.allowsContent, response.status.code != 206,
            let type = response.fields[.contentType]?.lowercased()
        else { return false }
        if let tag = response.fields[.entityTag], !tag.hasPrefix("W/") { return false }
        let essence = type.prefix { $0 != ";" && $0 != " " }
        return essence.hasPrefix("text/") || essence == "application/json" || essence.hasSuffix("+json")
            || essence == "application/x-ndjson"
    }

    private func addVary(to fields: inout HTTPFields) {
        guard let present = fields[.vary] else { return fields.append(.vary, "Accept-Encoding") }
        guard present != "*", !present.lowercased().contains("accept-encoding") else { return }
        fields.set(.vary, present + ", Accept-Encoding")
    }

    /// The content as one gzip member, at zlib's fastest level: nearly all of the gain for a third of the time.
    static func gzip(_ content: [UInt8]) -> [UInt8]? {
        var stream = unsafe z_stream()
        // 15 bits of window, 16 more for the gzip wrapper; 8 is the default share of memory.
        guard
            unsafe deflateInit2_(
                &stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { unsafe _ = deflateEnd(&stream) }
        let bound = unsafe Int(deflateBound(&stream, UInt(content.count)))
        var output = [UInt8](repeating: 0, count: bound)
        let status = unsafe content.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                // zlib only reads the input; its interface predates const. Both pointers are used within this scope only.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(target.count)
                return unsafe deflate(&stream, Z_FINISH)
            }
        }
        // The bound holds, so one call is enough.
        guard status == Z_STREAM_END else { return nil }
        unsafe output.removeLast(Int(stream.avail_out))
        return output
    }
}
