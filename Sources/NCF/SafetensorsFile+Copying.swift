extension SafetensorsFile {
    /// A copy of a tensor's elements, wherever they begin: files made elsewhere need not be aligned.
    ///
    /// - Throws: Where there is no such tensor, or it is of another type or shape.
    func copy<Element: SafetensorsElement>(
        _ name: String, of type: Element.Type = Element.self, shape: [Int]
    ) throws(SnapshotFileError) -> [Element] {
        let entry = try entry(name)
        guard entry.elementName == Element.safetensorsName, entry.shape == shape else {
            throw unexpected(name, entry, "\(Element.safetensorsName) \(shape)")
        }
        return copy(entry.range)
    }

    /// A copy of a one-dimensional tensor of whole numbers, of any of the integer types that count things.
    ///
    /// - Throws: Also where one of them is negative or beyond ``Int``.
    func copyIntegers(_ name: String, count: Int? = nil) throws(SnapshotFileError) -> [Int] {
        let entry = try entry(name)
        guard entry.shape.count == 1, count == nil || entry.shape == [count ?? 0] else {
            throw unexpected(name, entry, "I64 [\(count.map(String.init) ?? "…")]")
        }
        let numbers: [Int] =
            switch entry.elementName {
            case "I32": copy(entry.range, as: Int32.self).map(Int.init)
            case "U32": copy(entry.range, as: UInt32.self).map(Int.init)
            case "I64": copy(entry.range, as: Int64.self).map(Int.init)
            // What is too large becomes negative, which is refused like any other.
            case "U64": copy(entry.range, as: UInt64.self).map { Int(exactly: $0) ?? -1 }
            default: throw unexpected(name, entry, "I32, U32, I64 or U64")
            }
        guard let place = numbers.firstIndex(where: { $0 < 0 }) else { return numbers }
        throw SnapshotFileError(
            path: file.path, reason: "tensor \"\(name)\" has a number at place \(place) that counts nothing")
    }

    /// Where the tensor `name` lies.
    func entry(_ name: String) throws(SnapshotFileError) -> Entry {
        guard let entry = entries[name] else {
            throw SnapshotFileError(path: file.path, reason: "there is no tensor \"\(name)\"")
        }
        return entry
    }

    private func unexpected(_ name: String, _ entry: Entry, _ expected: String) -> SnapshotFileError {
        SnapshotFileError(
            path: file.path,
            reason: "tensor \"\(name)\" is \(entry.elementName) \(entry.shape), expected \(expected)")
    }

    private func copy<Element: BitwiseCopyable & Sendable>(
        _ range: Range<Int>, as type: Element.Type = Element.self
    ) -> [Element] {
        let count = range.count / MemoryLayout<Element>.stride
        return unsafe file.withBytes { bytes in
            unsafe [Element](count: count) { elements in
                unsafe UnsafeMutableRawBufferPointer(start: elements, count: range.count).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
        }
    }
}
