extension SafetensorsFile {
    /// What was written, for the manifest beside it.
    struct Receipt: Sendable, Equatable {
        var byteCount: Int
        var checksum: UInt64
    }

    /// Writes a file that must not exist yet (or may, if `replacing`), whole or not at all, and computes its checksum on the way.
    ///
    /// The tensors are laid down in order of falling element size, so that each is aligned without gaps.
    static func write(
        _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to path: String,
        replacing: Bool = false
    ) throws(SnapshotFileError) -> Receipt {
        let ordered = laidDown(tensors)
        var checksum = PayloadChecksum()
        var byteCount = 0
        try SnapshotFile.create(path, replacing: replacing) { descriptor throws(SnapshotFileError) in
            func put(_ bytes: UnsafeRawBufferPointer) throws(SnapshotFileError) {
                unsafe checksum.update(bytes)
                byteCount += bytes.count
                try unsafe SnapshotFile.write(bytes, to: descriptor, path: path)
            }
            let header = SafetensorsHeader.encode(ordered, metadata: metadata)
            try unsafe FrozenArray(header).withUnsafeBufferPointer { bytes throws(SnapshotFileError) in
                try unsafe put(UnsafeRawBufferPointer(bytes))
            }
            for tensor in ordered {
                try unsafe tensor.bytes.withUnsafeBufferPointer { bytes throws(SnapshotFileError) in
                    try unsafe put(UnsafeRawBufferPointer(bytes))
                }
            }
        }
        return Receipt(byteCount: byteCount, checksum: checksum.finalize())
    }

    /// The order in which tensors lie in a file: by falling size of their elements.
    static func laidDown(_ tensors: [SafetensorsTensor]) -> [SafetensorsTensor] {
        tensors.enumerated().sorted { left, right in
            (right.element.elementSize, left.offset) < (left.element.elementSize, right.offset)
        }.map(\.element)
    }
}
