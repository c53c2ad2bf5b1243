import Glibc
import HTTPServer

/// Holds the bytes of an upload until it is known whether all of it is good: in memory while it is small and there is room, then
/// in a file that has no name and goes with the process.
///
/// Belongs to one request; one call at a time.
struct UploadSpool: ~Copyable {
    /// Why the bytes could not be kept.
    struct Failure: Error, Equatable {
        let operation: String
        let errno: Int32

        /// Whether the disk, a quota or a limit had no room.
        var isForWantOfSpace: Bool { [ENOSPC, EDQUOT, EFBIG].contains(errno) }
    }

    /// Bytes kept in memory before the file is opened.
    static let memoryLimit = 4 << 20
    /// Bytes of the file read back at once.
    private static let pieceLength = 1 << 20

    private let directory: String
    /// Its share of the memory for content.
    private let reservation: ContentBudget.Reservation
    private var memory: [UInt8] = []
    private var file: Int32 = -1
    /// How far the file has been read back.
    private var offset = 0

    /// Keeps its file, if it needs one, in `directory`, and of `budget` no more than leaves half of it to others, who have no
    /// file to turn to.
    init(directory: String, budget: ContentBudget) {
        self.directory = directory
        reservation = budget.reserve()
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Adds bytes at the end.
    mutating func append(_ chunk: [UInt8]) throws(Failure) {
        memory += chunk
        let isKept = memory.count <= Self.memoryLimit && reservation.grow(to: memory.capacity, leaving: 0.5)
        if !isKept { try flush() }
    }

    /// Everything that was added, as one file, which is open as long as the spool lives.
    mutating func descriptor() throws(Failure) -> Int32 {
        if file < 0 || !memory.isEmpty { try flush() }
        return file
    }

    /// The next piece from the beginning on; nil after the last. Nothing is added any more once reading has begun.
    mutating func next() throws(Failure) -> [UInt8]? {
        if let piece = try nextOfFile() { return piece }
        guard !memory.isEmpty else { return nil }
        // What is in memory came after what is in the file.
        defer { memory = [] }
        return memory
    }

    private mutating func nextOfFile() throws(Failure) -> [UInt8]? {
        guard file >= 0 else { return nil }
        var piece = [UInt8](repeating: 0, count: Self.pieceLength)
        while true {
            let count = unsafe pread(file, &piece, piece.count, offset)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(operation: "pread", errno: errno) }
            offset += count
            piece.removeLast(piece.count - count)
            return piece.isEmpty ? nil : piece
        }
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
        memory = []
        reservation.clear()
    }
}
