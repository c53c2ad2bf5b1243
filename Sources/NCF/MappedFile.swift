internal import Glibc

/// A file mapped read-only; its pages are read when first touched, and shared between processes.
///
/// Snapshots are never written in place, only renamed into position and unlinked, so the mapping cannot change or shrink
/// under a reader.
@safe
final class MappedFile: Sendable {
    let path: String
    // Mapped in init, unmapped in deinit, never written to.
    private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    private let onUnmap: (@Sendable () -> Void)?

    /// Maps the file; `onUnmap` is called on the thread that unmaps it again, after that is done.
    convenience init(path: String, onUnmap: (@Sendable () -> Void)? = nil) throws(SnapshotFileError) {
        let descriptor = try SnapshotFile.open(path, O_RDONLY)
        defer { close(descriptor) }
        try self.init(descriptor: descriptor, path: path, onUnmap: onUnmap)
    }

    /// Maps an open file, which may have no name any more; `path` is what errors call it. The descriptor stays the
    /// caller's, who may close it at once, and must not write to the file any more.
    init(descriptor: Int32, path: String, onUnmap: (@Sendable () -> Void)? = nil) throws(SnapshotFileError) {
        self.path = path
        self.onUnmap = onUnmap
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SnapshotFileError(path: path, failed: "fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SnapshotFileError(path: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw SnapshotFileError(path: path, reason: "the file is empty") }
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe address != MAP_FAILED
        else { throw SnapshotFileError(path: path, failed: "mmap") }
        unsafe bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    /// How many bytes it has.
    var count: Int { unsafe bytes.count }

    /// Runs `body` on the file's bytes; the mapping outlives the call, not the pointer.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Without this the object may be released after its last use, which is before the bytes are read.
        defer { withExtendedLifetime(self) {} }
        return try unsafe body(bytes)
    }

    /// A copy of the whole file, for small ones.
    func contents() -> [UInt8] {
        unsafe withBytes { bytes in unsafe Array(bytes) }
    }

    /// The checksum of the whole file; reads all of it.
    func checksum() -> UInt64 {
        unsafe withBytes { bytes in unsafe PayloadChecksum.of(bytes) }
    }

    /// Elements of the file without copying them; `range` must be within it and aligned.
    func elements<Element: BitwiseCopyable & Sendable>(in range: Range<Int>) -> FrozenArray<Element> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        precondition(range.lowerBound % MemoryLayout<Element>.alignment == 0)
        return unsafe withBytes { bytes in
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
            return unsafe FrozenArray(viewing: part.bindMemory(to: Element.self), owner: self)
        }
    }

    deinit {
        // Nobody else refers to them any more.
        nonisolated(unsafe) let bytes = unsafe bytes
        RetiredMemory.retire(byteCount: .max) { [onUnmap] in
            unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
            onUnmap?()
        }
    }
}
