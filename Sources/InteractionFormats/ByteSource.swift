import Glibc

/// Reads a file from beginning to end in chunks, decompressing it if it is gzip.
///
/// Blocking; for imports, never on an event loop.
struct ByteSource {
    let path: String
    let chunkSize: Int

    init(path: String, chunkSize: Int = 262_144) {
        self.path = path
        self.chunkSize = chunkSize
    }

    /// Calls `body` with every piece of the content, and `progress` with the bytes of the file read so far, as they
    /// lie on the disk.
    ///
    /// A file is gzip if it begins like gzip, whatever it is called.
    /// - Throws: ``FormatError``, and what `body` throws.
    func read(progress: (Int64) -> Void = { _ in }, _ body: (Span<UInt8>) throws -> Void) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: chunkSize)
        var inflater: GzipInflater?
        var total: Int64 = 0
        while true {
            let count = try fill(&buffer, from: descriptor)
            if total == 0, count >= 2, buffer[0] == 0x1F, buffer[1] == 0x8B { inflater = GzipInflater() }
            total += Int64(count)
            if let inflater, count > 0 {
                try inflate(inflater, Array(buffer[0..<count]), body)
            } else if count > 0 {
                try body(buffer.span.extracting(0..<count))
            }
            progress(total)
            if count < chunkSize { break }
        }
        try checkEnd(inflater, total: total)
    }

    private func checkEnd(_ inflater: GzipInflater?, total: Int64) throws(FormatError) {
        if inflater == nil && path.hasSuffix(".gz") {
            throw .damagedGzip(path: path, reason: total == 0 ? "the gzip file is empty" : "this is not a gzip file")
        }
        do {
            try inflater?.finish()
        } catch {
            throw .damagedGzip(path: path, reason: error.reason)
        }
    }

    /// Up to `limit` bytes of content from the beginning.
    func beginning(limit: Int) throws(FormatError) -> [UInt8] {
        struct Enough: Error {}
        var bytes: [UInt8] = []
        do {
            try read { chunk in
                for index in 0..<min(chunk.count, limit - bytes.count) { bytes.append(chunk[index]) }
                if bytes.count == limit { throw Enough() }
            }
        } catch let error as FormatError {
            throw error
        } catch {
            return bytes
        }
        return bytes
    }

    /// Reads until the buffer is full or the file has ended.
    private func fill(_ buffer: inout [UInt8], from descriptor: Int32) throws(FormatError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(descriptor, bytes.baseAddress.map { unsafe $0 + filled }, bytes.count - filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private func inflate(_ inflater: GzipInflater, _ input: [UInt8], _ body: (Span<UInt8>) throws -> Void) throws {
        do {
            try inflater.inflate(input, body)
        } catch let error as GzipInflater.Failure {
            throw FormatError.damagedGzip(path: path, reason: error.reason)
        }
    }

    private func failure(_ operation: String) -> FormatError {
        .unreadable(path: path, operation: operation, reason: unsafe String(cString: strerror(errno)))
    }
}

extension ByteSource {
    /// The size of the file on the disk, or nil if there is none.
    static func fileSize(_ path: String) -> Int64? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// Whether `path` is a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, sorted; none if it cannot be read.
    static func names(inFolder path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
