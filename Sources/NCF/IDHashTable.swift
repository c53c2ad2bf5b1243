/// Why stored bytes are not an ID map.
struct IDMapCorruption: Error, Equatable {
    var reason: String
}

/// Finds the index of an ID, while IDs are still being added: linear probing over slots of 32 hash bits and a 32-bit
/// index, at most half full.
struct IDHashTable: Sendable {
    // 0 is an empty slot; otherwise the upper half of the hash above the index plus one.
    fileprivate var slots: [UInt64]
    private var count = 0

    init(minimumCapacity: Int) {
        var size = 16
        while size < 2 * minimumCapacity { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    /// Whether the next insertion needs a larger table.
    var isFull: Bool { 2 * (count + 1) > slots.count }

    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hasher = Hasher()
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    func find(hash: UInt64, where isMatch: (Int) -> Bool) -> Int? {
        unsafe slots.withUnsafeBufferPointer { unsafe Self.find(in: $0, hash: hash, where: isMatch) }
    }

    fileprivate static func find(
        in slots: UnsafeBufferPointer<UInt64>, hash: UInt64, where isMatch: (Int) -> Bool
    ) -> Int? {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while unsafe slots[position] != 0 {
            let slot = unsafe slots[position]
            if slot >> 32 == hash >> 32 {
                let index = Int(slot & 0xFFFF_FFFF) - 1
                if isMatch(index) { return index }
            }
            position = (position + 1) & mask
        }
        return nil
    }

    mutating func insert(index: Int, hash: UInt64) {
        precondition(!isFull && index < Int(UInt32.max) - 1, "an ID table that cannot take another ID")
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position] != 0 { position = (position + 1) & mask }
        slots[position] = ((hash >> 32) << 32) | UInt64(index + 1)
        count += 1
    }
}

extension IDHashTable {
    /// A table twice as large over the same IDs, which lie in `arena` by `offsets`.
    init(growing table: IDHashTable, _ arena: [UInt8], _ offsets: [UInt64]) {
        self.init(minimumCapacity: 2 * table.count)
        unsafe arena.withUnsafeBufferPointer { arena in
            for index in 0..<table.count {
                let range = Int(offsets[index])..<Int(offsets[index + 1])
                unsafe insert(index: index, hash: Self.hash(UnsafeBufferPointer(rebasing: arena[range])))
            }
        }
    }

    /// A table over all IDs of an arena whose offsets have been checked.
    init(
        indexing arena: UnsafeBufferPointer<UInt8>, _ offsets: UnsafeBufferPointer<UInt64>
    ) throws(IDMapCorruption) {
        func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
            unsafe UnsafeBufferPointer(rebasing: arena[Int(offsets[index])..<Int(offsets[index + 1])])
        }
        self.init(minimumCapacity: offsets.count - 1)
        for index in 0..<(offsets.count - 1) {
            let id = unsafe bytes(index)
            let hash = unsafe Self.hash(id)
            if let twin = find(hash: hash, where: { unsafe bytes($0).elementsEqual(id) }) {
                throw IDMapCorruption(reason: "ID \(index) is the same as ID \(twin)")
            }
            insert(index: index, hash: hash)
        }
    }
}

/// An ``IDHashTable`` to which no ID will be added.
struct FrozenIDHashTable: Sendable {
    private let slots: FrozenArray<UInt64>

    init(_ table: IDHashTable) {
        slots = FrozenArray(table.slots)
    }

    func find(hash: UInt64, where isMatch: (Int) -> Bool) -> Int? {
        unsafe slots.withUnsafeBufferPointer { unsafe IDHashTable.find(in: $0, hash: hash, where: isMatch) }
    }
}
