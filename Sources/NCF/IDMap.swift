/// The external IDs of users or items, each with the dense index under which the engine knows it.
///
/// All IDs lie in one UTF-8 arena, `offsets[i] ..< offsets[i + 1]` being ID `i`, so the map can stand on a mapped file
/// and costs two allocations whatever its size. Lookups probe an open-addressing table whose slots carry 32 bits of the
/// hash, so that a miss rarely touches the arena; a lookup allocates nothing. The hash is the standard library's
/// (SipHash, keyed anew in each process), so chosen IDs cannot be made to collide, and the table is therefore rebuilt at
/// start rather than stored. IDs are equal when their bytes are: Unicode-equivalent spellings are different IDs.
@safe
public struct IDMap: Sendable {
    private let storage: IDMapStorage

    /// A map that knows no ID.
    public init() {
        self = Builder().build()
    }

    init(storage: IDMapStorage) {
        self.storage = storage
    }

    /// Stands on bytes that `owner` keeps alive and unchanged, such as a mapped file; O(number of IDs).
    ///
    /// - Throws: ``IDMapCorruption`` where the offsets do not partition the arena or an ID occurs twice.
    @unsafe
    init(
        arena: UnsafeBufferPointer<UInt8>, offsets: UnsafeBufferPointer<UInt64>, owner: any AnyObject & Sendable
    ) throws(IDMapCorruption) {
        storage = try unsafe IDMapStorage(arena: arena, offsets: offsets, owner: owner)
    }

    /// How many IDs there are; indices run from 0 up to it.
    public var count: Int { storage.count }

    /// The ID at `index`.
    public subscript(index: Int) -> String {
        precondition(index >= 0 && index < count, "an ID index out of bounds")
        return unsafe String(decoding: storage.bytes(at: index), as: UTF8.self)
    }

    /// The index of `id`, or nil if it is unknown.
    public func index(of id: String) -> Int? {
        if let found = unsafe id.utf8.withContiguousStorageIfAvailable({ unsafe storage.index(of: $0) }) {
            return found
        }
        let bytes = Array(id.utf8)
        return unsafe bytes.withUnsafeBufferPointer { unsafe storage.index(of: $0) }
    }

    /// Hands the arena and the offsets to `body`, for writing them to a file.
    @unsafe
    func withStorage<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt64>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(storage.arena, storage.offsets)
    }
}

extension IDMap: Equatable {
    /// Whether both hold the same IDs under the same indices.
    public static func == (left: IDMap, right: IDMap) -> Bool {
        unsafe left.count == right.count
            && left.allIDs { index, bytes in unsafe right.storage.bytes(at: index).elementsEqual(bytes) }
    }

    private func allIDs(satisfy body: (Int, UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        for index in 0..<count where unsafe !body(index, storage.bytes(at: index)) {
            return false
        }
        return true
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
            unsafe arena.append(contentsOf: bytes)
            offsets.append(UInt64(arena.count))
            if table.isFull { grow() }
            table.insert(index: index, hash: hash)
            return index
        }

        private mutating func grow() {
            var grown = IDHashTable(minimumCapacity: 2 * count)
            for index in 0..<(count - 1) {
                let range = Int(offsets[index])..<Int(offsets[index + 1])
                let hash = unsafe arena.withUnsafeBufferPointer { all in
                    unsafe IDHashTable.hash(UnsafeBufferPointer(rebasing: all[range]))
                }
                grown.insert(index: index, hash: hash)
            }
            table = grown
        }

        /// The finished map.
        public consuming func build() -> IDMap {
            IDMap(storage: IDMapStorage(arena: arena, offsets: offsets, table: table))
        }
    }
}
