/// The external IDs of users or items, each with the dense index under which the engine knows it.
///
/// All IDs lie in one UTF-8 arena, `offsets[i] ..< offsets[i + 1]` being ID `i`, so the map can stand on a mapped file
/// and costs three allocations whatever its size. Lookups probe an open-addressing table whose slots carry 32 bits of the
/// hash, so that a miss rarely touches the arena; a lookup allocates nothing. The hash is the standard library's
/// (SipHash, keyed anew in each process), so chosen IDs cannot be made to collide, and the table is therefore rebuilt at
/// start rather than stored. IDs are equal when their bytes are: Unicode-equivalent spellings are different IDs.
public struct IDMap: Sendable {
    let arena: FrozenArray<UInt8>
    let offsets: FrozenArray<UInt64>
    private let table: FrozenIDHashTable

    /// A map that knows no ID.
    public init() {
        self = Builder().build()
    }

    private init(arena: [UInt8], offsets: [UInt64], table: IDHashTable) {
        self.arena = FrozenArray(arena)
        self.offsets = FrozenArray(offsets)
        self.table = FrozenIDHashTable(table)
    }

    /// Stands on bytes that may come from anywhere: checks them, then builds the table; O(number of IDs).
    ///
    /// - Throws: ``IDMapCorruption`` where the offsets do not partition the arena or an ID occurs twice.
    init(arena: FrozenArray<UInt8>, offsets: FrozenArray<UInt64>) throws(IDMapCorruption) {
        try unsafe offsets.withUnsafeBufferPointer { offsets throws(IDMapCorruption) in
            try unsafe IDMap.checkPartition(offsets, of: arena.count)
        }
        self.arena = arena
        self.offsets = offsets
        let table = try unsafe arena.withUnsafeBufferPointer { arena throws(IDMapCorruption) in
            try unsafe offsets.withUnsafeBufferPointer { offsets throws(IDMapCorruption) in
                try unsafe IDHashTable(indexing: arena, offsets)
            }
        }
        self.table = FrozenIDHashTable(table)
    }

    /// How many IDs there are; indices run from 0 up to it.
    public var count: Int { offsets.count - 1 }

    /// The ID at `index`.
    public subscript(index: Int) -> String {
        unsafe withBytes(at: index) { bytes in unsafe String(decoding: bytes, as: UTF8.self) }
    }

    /// The index of `id`, or nil if it is unknown.
    public func index(of id: String) -> Int? {
        if let found = unsafe id.utf8.withContiguousStorageIfAvailable({ unsafe index(of: $0) }) {
            return found
        }
        return unsafe Array(id.utf8).withUnsafeBufferPointer { unsafe index(of: $0) }
    }

    private func index(of id: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = unsafe IDHashTable.hash(id)
        return table.find(hash: hash) { index in
            unsafe withBytes(at: index) { bytes in unsafe bytes.elementsEqual(id) }
        }
    }

    private func withBytes<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let range = Int(offsets[index])..<Int(offsets[index + 1])
        return unsafe arena.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[range])) }
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
}

extension IDMap: Equatable {
    /// Whether both hold the same IDs under the same indices.
    public static func == (left: IDMap, right: IDMap) -> Bool {
        left.offsets.elementsEqual(right.offsets) && left.arena.elementsEqual(right.arena)
    }
}

extension IDMap {
    /// Gives each new ID the next index.
    public struct Builder {
        private var arena: [UInt8] = []
        private var offsets: [UInt64] = [0]
        private var table = IDHashTable(minimumCapacity: 0)

        /// A builder that has seen no ID.
        public init() {}

        /// How many different IDs were seen.
        public var count: Int { offsets.count - 1 }

        /// The index of `id`, a new one if it was not seen before; amortised O(length of the ID).
        public mutating func intern(_ id: String) -> Int {
            var id = id
            return id.withUTF8 { bytes in unsafe intern(bytes) }
        }

        private mutating func intern(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
            let hash = unsafe IDHashTable.hash(bytes)
            let found = table.find(hash: hash) { index in
                unsafe arena[Int(offsets[index])..<Int(offsets[index + 1])].elementsEqual(bytes)
            }
            if let found { return found }
            let index = count
            if table.isFull { table = IDHashTable(growing: table, arena, offsets) }
            unsafe arena.append(contentsOf: bytes)
            offsets.append(UInt64(arena.count))
            table.insert(index: index, hash: hash)
            return index
        }

        /// The finished map.
        public consuming func build() -> IDMap {
            IDMap(arena: arena, offsets: offsets, table: table)
        }
    }
}
