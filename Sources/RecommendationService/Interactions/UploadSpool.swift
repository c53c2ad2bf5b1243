import Glibc

/// Holds the bytes of an upload until it is known whether all of it is good: in memory while it is small, then in a file
/// that has no name and goes with the process.
///
/// Belongs to one request; one call at a time.
struct UploadSpool: ~Copyable {
    /// Why the bytes could not be kept.
    struct Failure: Error, Equatable {
        let operation: String
        let errno: Int32
    }

    /// Bytes kept in memory before the file is opened.
    static let memoryLimit = 4 << 20

    private let directory: String
    private var memory: [UInt8] = []
    private var file: Int32 = -1

    /// Keeps its file, if it needs one, in `directory`.
    init(directory: String) {
        self.directory = directory
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Adds bytes at the end.
    mutating func append(_ chunk: [UInt8]) throws(Failure) {
        memory += chunk
        if memory.count > Self.memoryLimit { try flush() }
    }

    /// Hands all bytes to `body` from the first to the last, in pieces.
    mutating func read<Refusal: Error>(_ body: ([UInt8]) throws(Refusal) -> Void) throws(ReadFailure<Refusal>) {
        if file >= 0 {
            var piece = [UInt8](repeating: 0, count: 1 << 20)
            var offset = 0
            while true {
                let count = unsafe pread(file, &piece, piece.count, offset)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw .spool(Failure(operation: "pread", errno: errno)) }
                if count == 0 { break }
                offset += count
                do { try body(Array(piece[..<count])) } catch { throw .consumer(error) }
            }
        }
        if !memory.isEmpty {
            do { try body(memory) } catch { throw .consumer(error) }
        }
    }

    /// Why reading back stopped.
    enum ReadFailure<Refusal: Error>: Error {
        case spool(Failure)
        case consumer(Refusal)
    }

    private mutating func flush() throws(Failure) {
        if file < 0 {
            var template = Array("\(directory)/upload-XXXXXX".utf8CString)
            file = unsafe mkstemp(&template)
            guard file >= 0 else { throw Failure(operation: "mkstemp", errno: errno) }
            unsafe unlink(&template)
        }
        var written = 0
        while written < memory.count {
            let count = unsafe memory.withUnsafeBytes { bytes in
                unsafe write(file, bytes.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(operation: "write", errno: errno) }
            written += count
        }
        memory.removeAll(keepingCapacity: true)
    }
}
