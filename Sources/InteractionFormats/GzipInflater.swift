private import CZlib

/// Decompresses a gzip stream (RFC 1952) piece by piece; several members one behind the other read as one.
///
/// Zeros behind the last member are passed over, as gzip(1) does: tapes and archives fill their blocks with them.
///
/// One thread at a time. Memory is zlib's window and one output buffer, whatever the stream claims to expand to.
@safe
final class GzipInflater {
    /// What is wrong with the stream.
    struct Failure: Error {
        var reason: String
    }

    // Allocated once, since zlib keeps the address of its own state; freed in deinit.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output: [UInt8]
    private var memberHasEnded = false
    private var paddingHasBegun = false

    init(outputCapacity: Int = 65_536) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        output = [UInt8](repeating: 0, count: outputCapacity)
        // 15 bits of window, the largest; 16 more ask for the gzip wrapper and nothing else.
        let status = unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "inflateInit2 failed with \(status)")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decompresses `input`, calling `body` with every piece of content that comes of it.
    func inflate(_ input: [UInt8], _ body: (Span<UInt8>) throws -> Void) throws {
        var offset = 0
        while true {
            if memberHasEnded {
                offset = try skipPadding(of: input, from: offset)
                guard offset < input.count else { return }
                unsafe inflateReset(stream)
                memberHasEnded = false
            }
            let step = try inflateOnce(input, from: offset)
            offset += step.consumed
            let content = output
            if step.produced > 0 { try body(content.span.extracting(0..<step.produced)) }
            // A full output buffer means that more may be waiting inside zlib.
            if offset == input.count && step.produced < output.count && !memberHasEnded { return }
        }
    }

    /// Checks that the stream ended where a member ended.
    func finish() throws(Failure) {
        guard memberHasEnded else { throw Failure(reason: "the gzip stream is cut short") }
    }

    /// Where something else than zeros follows a member, which can only be another member at once.
    private func skipPadding(of input: [UInt8], from start: Int) throws(Failure) -> Int {
        var offset = start
        while offset < input.count, input[offset] == 0 { offset += 1 }
        paddingHasBegun = paddingHasBegun || offset > start
        guard offset < input.count, paddingHasBegun else { return offset }
        throw Failure(reason: "the gzip stream is damaged (zeros follow it, and then something else)")
    }

    private func inflateOnce(_ input: [UInt8], from offset: Int) throws(Failure) -> (consumed: Int, produced: Int) {
        var status: Int32 = Z_OK
        var consumed = 0
        var produced = 0
        unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                // zlib only reads the input; its interface predates const. Both pointers are used within this scope only.
                let start = unsafe source.baseAddress.map { unsafe $0 + offset }
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
                unsafe stream.pointee.avail_in = UInt32(source.count - offset)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(target.count)
                status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                consumed = unsafe source.count - offset - Int(stream.pointee.avail_in)
                produced = unsafe target.count - Int(stream.pointee.avail_out)
            }
        }
        switch status {
        case Z_STREAM_END: memberHasEnded = true
        case Z_OK: break
        // No progress was possible: more input is needed.
        case Z_BUF_ERROR: break
        default:
            let detail = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "code \(status)"
            throw Failure(reason: "the gzip stream is damaged (\(detail))")
        }
        return (consumed, produced)
    }
}
