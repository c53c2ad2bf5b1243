private import CZlib
import HTTP

/// Why content was refused while it was coming.
enum ContentFailure: Error, Equatable {
    /// The framing is broken, or there is too much.
    case framing(HTTPRequestParser.Failure)
    /// Content-Encoding says gzip, and it is not, or it is cut short.
    case malformedGzip
    /// It expands to more than is allowed.
    case expandsTooFar
    /// As much content as may be is held in memory already.
    case noRoom
}

/// Expands a request's gzip content as it comes, with a bound on what may come of it.
///
/// Each octet may expand to ``ServerConfiguration/maximumExpansion``, after a first mebibyte that is free; a bomb is
/// noticed while it goes off, a scratch buffer at a time. Several members one behind the other read as one.
@safe
final class GzipInflater {
    // Allocated once, since zlib keeps the address of its own state; freed in deinit.
    private let stream: UnsafeMutablePointer<z_stream>
    private var scratch = [UInt8](repeating: 0, count: 16 << 10)
    private var memberHasEnded = true
    private var received = 0
    private var expanded = 0
    private let maximumExpansion: Int
    private let maximumLength: Int
    private static let freeExpansion = 1 << 20

    init(maximumExpansion: Int, maximumLength: UInt64?) {
        self.maximumExpansion = maximumExpansion
        self.maximumLength = maximumLength.map { Int(clamping: $0) } ?? .max
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, the largest; 16 more ask for the gzip wrapper and nothing else.
        let status = unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "inflateInit2 failed with \(status)")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// More may come of what it has had, without another octet.
    private(set) var isPending = false

    /// So many octets more have come, and with them the right to expand.
    func receive(_ count: Int) { received += count }

    /// Expands `input`, which has been received, and appends what comes of it; ends when `allowance` octets have come, or up to a
    /// scratch buffer more. What is left of `input` is for the next call.
    func inflate(
        _ input: inout ArraySlice<UInt8>, into output: inout [UInt8], allowance: inout Int
    ) throws(ContentFailure) {
        while allowance > 0 {
            if memberHasEnded {
                guard !input.isEmpty else { return }
                unsafe inflateReset(stream)
                memberHasEnded = false
            }
            let produced = try step(&input)
            expanded += produced
            allowance -= produced
            guard expanded <= maximumLength else { throw .framing(.contentTooLarge) }
            let (allowed, overflow) = received.multipliedReportingOverflow(by: maximumExpansion)
            guard overflow || expanded <= max(allowed, Self.freeExpansion) else { throw .expandsTooFar }
            output.append(contentsOf: scratch[..<produced])
            // A full scratch buffer means that more may be waiting inside zlib.
            isPending = produced == scratch.count && !memberHasEnded
            if input.isEmpty, !isPending { return }
        }
    }

    /// The content is over: was the stream?
    func finish() throws(ContentFailure) {
        guard memberHasEnded else { throw .malformedGzip }
    }

    /// Runs zlib once; drops what it has used from `input` and returns how much it has put into the scratch buffer.
    private func step(_ input: inout ArraySlice<UInt8>) throws(ContentFailure) -> Int {
        let (status, used, produced) = unsafe input.withUnsafeBufferPointer { source in
            unsafe scratch.withUnsafeMutableBufferPointer { target in
                // zlib only reads the input; its interface predates const. Both pointers are used within this scope only.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(target.count)
                let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                return unsafe (
                    status, source.count - Int(stream.pointee.avail_in), target.count - Int(stream.pointee.avail_out)
                )
            }
        }
        input = input.dropFirst(used)
        switch status {
        case Z_STREAM_END: memberHasEnded = true
        // The second: no progress was possible, more input is needed.
        case Z_OK, Z_BUF_ERROR: break
        default: throw .malformedGzip
        }
        return produced
    }
}
