/// Why stored bytes are not an ID map.
struct IDMapCorruption: Error, Equatable {
    var reason: String
}

/// The bytes an ``IDMap`` stands on, its own or a mapped file's, and the table that finds them.
@safe
final class IDMapStorage: Sendable {
    // Both point into memory that nobody writes to: allocated here and freed in deinit, or kept alive by `owner`.
    nonisolated(unsafe) let arena: UnsafeBufferPointer<UInt8>
    nonisolated(unsafe) let offsets: UnsafeBufferPointer<UInt64>
    private let owner: (any AnyObject & Sendable)?
    private let table: IDHashTable

    var count: Int { unsafe offsets.count - 1 }

    init(arena: [UInt8], offsets: [UInt64], table: IDHashTable) {
        let ownArena = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: arena.count)
        _ = unsafe ownArena.initialize(from: arena)
        let ownOffsets = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: offsets.count)
        _ = unsafe ownOffsets.initialize(from: offsets)
        unsafe self.arena = UnsafeBufferPointer(ownArena)
        unsafe self.offsets = UnsafeBufferPointer(ownOffsets)
        owner = nil
        self.table = table
    }

    /// Checks the offsets before any byte is read through them, then builds the table.
    init(
        arena: UnsafeBufferPointer<UInt8>, offsets: UnsafeBufferPointer<UInt64>, owner: any AnyObject & Sendable
    ) throws(IDMapCorruption) {
        try unsafe IDMapStorage.checkPartition(offsets, of: arena.count)
        unsafe self.arena = unsafe arena
        unsafe self.offsets = unsafe offsets
        self.owner = owner
        table = try unsafe IDMapStorage.index(arena, offsets)
    }

    deinit {
        guard owner == nil else { return }
        unsafe arena.deallocate()
        unsafe offsets.deallocate()
    }

    /// The UTF-8 of one ID; the caller has checked `index`.
    func bytes(at index: Int) -> UnsafeBufferPointer<UInt8> {
        let range = unsafe Int(offsets[index])..<Int(offsets[index + 1])
        return unsafe UnsafeBufferPointer(rebasing: arena[range])
    }

    func index(of id: UnsafeBufferPointer<UInt8>) -> Int? {
        unsafe table.find(hash: IDHashTable.hash(id)) { index in unsafe bytes(at: index).elementsEqual(id) }
    }

    private static func checkPartition(
        _ offsets: UnsafeBufferPointer<UInt64>, of arenaCount: Int
    ) throws(IDMapCorruption) {
        guard let first = unsafe offsets.first, let last = unsafe offsets.last else {
            throw IDMapCorruption(reason: "there are no ID offsets")
        }
        guard first == 0, last == UInt64(arenaCount) else {
            throw IDMapCorruption(
                reason: "the ID offsets run from \(first) to \(last), the IDs have \(arenaCount) bytes")
        }
        for index in 1..<max(1, offsets.count) where unsafe offsets[index] < offsets[index - 1] {
            throw IDMapCorruption(reason: "ID offset \(index) is smaller than the one before it")
        }
    }

    private static func index(
        _ arena: UnsafeBufferPointer<UInt8>, _ offsets: UnsafeBufferPointer<UInt64>
    ) throws(IDMapCorruption) -> IDHashTable {
        func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
            unsafe UnsafeBufferPointer(rebasing: arena[Int(offsets[index])..<Int(offsets[index + 1])])
        }
        var table = IDHashTable(minimumCapacity: offsets.count - 1)
        for index in 0..<(offsets.count - 1) {
            let id = unsafe bytes(index)
            let hash = unsafe IDHashTable.hash(id)
            let twin = table.find(hash: hash) { other in unsafe bytes(other).elementsEqual(id) }
            if let twin {
                throw IDMapCorruption(reason: "ID \(index) is the same as ID \(twin)")
            }
            table.insert(index: index, hash: hash)
        }
        return table
    }
}

/// Linear probing over slots of 32 hash bits and a 32-bit index, at most half full.
struct IDHashTable: Sendable {
    // 0 is an empty slot; otherwise the upper half of the hash above the index plus one.
    private var slots: [UInt64]
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
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position] != 0 {
            let slot = slots[position]
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
