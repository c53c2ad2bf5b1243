internal import JSON

/// A mapped safetensors file: a length, a JSON header that names tensors, and their numbers, all checked before use.
///
/// Format: 8 bytes little-endian header length; the header, one object of `name: {dtype, shape, data_offsets}` and
/// optionally `__metadata__` of strings; then the data, which the tensors must cover without gap or overlap
/// (https://github.com/huggingface/safetensors). Nothing of the file is trusted: whatever is wrong is refused by a
/// sentence that names the tensor or the byte.
final class SafetensorsFile: Sendable {
    /// Where one tensor lies.
    struct Entry: Sendable, Equatable {
        var elementName: String
        var shape: [Int]
        /// Bytes from the start of the file.
        var range: Range<Int>
    }

    /// The longest header that is read; the format's own bound.
    static let headerLimit = 100_000_000

    let file: MappedFile
    let entries: [String: Entry]
    let metadata: [String: String]

    /// Maps the file at `path` and checks its header; the data are not touched.
    convenience init(path: String) throws(SnapshotFileError) {
        try self.init(MappedFile(path: path))
    }

    /// Checks the header of a file that is mapped already, and that it has no more bytes than `headerLimit`.
    init(_ file: MappedFile, headerLimit: Int = SafetensorsFile.headerLimit) throws(SnapshotFileError) {
        self.file = file
        let count = file.count
        guard count >= 8 else {
            throw SnapshotFileError(
                path: file.path, reason: "the file ends within the header length, after \(count) bytes")
        }
        let length = unsafe file.withBytes { unsafe UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= UInt64(Self.headerLimit), Int(length) <= count - 8 else {
            throw SnapshotFileError(
                path: file.path,
                reason: "the header is said to have \(length) bytes, the file has \(count - 8) after it")
        }
        guard Int(length) <= headerLimit else {
            throw SnapshotFileError(
                path: file.path, reason: "the header has \(length) bytes, of which \(headerLimit) are read at most")
        }
        let start = 8 + Int(length)
        let header = unsafe file.withBytes { unsafe Array($0[8..<start]) }
        (entries, metadata) = try SafetensorsHeader(path: file.path, dataStart: start, fileSize: count).parse(header)
    }

    /// The elements of a tensor, without copying them.
    ///
    /// - Throws: Where there is no such tensor, or it is of another type or shape, or lies across an element's alignment.
    func elements<Element: SafetensorsElement>(
        _ name: String, of type: Element.Type = Element.self, shape: [Int]
    ) throws(SnapshotFileError) -> FrozenArray<Element> {
        guard let entry = entries[name] else {
            throw SnapshotFileError(path: file.path, reason: "there is no tensor \"\(name)\"")
        }
        guard entry.elementName == Element.safetensorsName, entry.shape == shape else {
            throw SnapshotFileError(
                path: file.path,
                reason: "tensor \"\(name)\" is \(entry.elementName) \(entry.shape), "
                    + "expected \(Element.safetensorsName) \(shape)")
        }
        guard entry.range.lowerBound % MemoryLayout<Element>.alignment == 0 else {
            throw SnapshotFileError(
                path: file.path,
                reason: "tensor \"\(name)\" begins at byte \(entry.range.lowerBound), which is not aligned")
        }
        return file.elements(in: entry.range)
    }

    /// The first extent of a one-dimensional tensor, for those whose length is theirs to say.
    func length(of name: String) throws(SnapshotFileError) -> Int {
        guard let entry = entries[name], entry.shape.count == 1 else {
            throw SnapshotFileError(path: file.path, reason: "there is no one-dimensional tensor \"\(name)\"")
        }
        return entry.shape[0]
    }
}
