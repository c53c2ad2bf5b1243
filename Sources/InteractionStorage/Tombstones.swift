internal import CSodium

/// Who was erased and when, without saying who: a store keeps a keyed hash of each name, by which the name is recognised
/// where it comes again and cannot be read off.
///
/// The hash is BLAKE2b (RFC 7693) of 128 bits under a key that the store has made up for itself. Whoever has the store's file
/// has the key and can try names one by one: it protects from being read, not from being guessed. A store in whose place the backup
/// of another one was restored also has the keys of those that were there before: hashes cannot be made anew without the names,
/// so that a name is looked for under each key.
public struct Tombstones: Sendable {
    /// One erasure.
    public struct Stone: Sendable, Equatable {
        /// Its place among all erasures of the store, from 1.
        public var sequence: Int64
        /// When it was, in milliseconds since 1970.
        public var erasedAt: Int64
    }

    /// How many bytes a key has.
    static let keyLength = 32
    private static let digestLength = 16

    /// The store's own, then those of others whose erasures it remembers.
    let keys: [[UInt8]]
    private var stones: [[UInt8]: Stone] = [:]

    /// The last erasure of the store, one before those asked for included; 0 where there was none.
    public internal(set) var last: Int64

    init(keys: [[UInt8]], last: Int64) {
        precondition(!keys.isEmpty && keys.allSatisfy { $0.count == Self.keyLength })
        self.keys = keys
        self.last = last
    }

    /// Whether nobody was erased.
    public var isEmpty: Bool { stones.isEmpty }

    /// How many were erased.
    public var count: Int { stones.count }

    /// What is known of the erasure of that user; nil where there was none.
    public func stone(of userID: String) -> Stone? {
        if stones.isEmpty { return nil }
        return Stone(latestOf: keys.compactMap { stones[Self.digest(of: userID, key: $0)] })
    }

    /// Whether that user was erased.
    public func contains(_ userID: String) -> Bool { stone(of: userID) != nil }

    /// Whether the user of that hash was erased.
    func contains(digest: [UInt8]) -> Bool { stones[digest] != nil }

    mutating func insert(_ stone: Stone, digest: [UInt8]) {
        stones[digest] = stone
    }

    mutating func insert(_ stone: Stone, for userID: String) {
        insert(stone, digest: Self.digest(of: userID, key: keys[0]))
    }

    /// All, in the order of the erasures.
    var sorted: [(digest: [UInt8], stone: Stone)] {
        stones.sorted { $0.value.sequence < $1.value.sequence }.map { (digest: $0.key, stone: $0.value) }
    }

    /// Those after so many erasures.
    func after(_ sequence: Int64) -> Tombstones {
        var later = self
        later.stones = stones.filter { $0.value.sequence > sequence }
        return later
    }

    /// Whether some of these erasures, or their last times, are unknown to `others`.
    func areNews(to others: Tombstones) -> Bool {
        stones.contains { digest, stone in others.stones[digest].map { $0.erasedAt < stone.erasedAt } ?? true }
    }

    static func digest(of userID: String, key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestLength)
        let name = Array(userID.utf8)
        // Fails only for lengths that it does not know.
        let result = unsafe crypto_generichash(
            &digest, digest.count, name, UInt64(name.count), key, key.count)
        precondition(result == 0)
        return digest
    }

    /// A key that nobody else has.
    static func makeKey() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<keyLength).map { _ in generator.next() }
    }
}

extension Tombstones.Stone {
    /// What is known of one user under several keys; nil where nothing is.
    init?(latestOf stones: [Self]) {
        guard var latest = stones.first else { return nil }
        for stone in stones.dropFirst() {
            latest.sequence = max(latest.sequence, stone.sequence)
            latest.erasedAt = max(latest.erasedAt, stone.erasedAt)
        }
        self = latest
    }

    /// Whether it keeps out an interaction that a request brings which began after so many erasures (nil: now).
    ///
    /// What was under way when the user was erased must not bring the user back, nor may what happened before, however late
    /// it is told. Whoever begins anew under the same name is somebody else.
    func bars(_ interaction: Interaction, begunAfter erasures: Int64?) -> Bool {
        bars(requestBegunAfter: erasures) || interaction.timestamp.map { $0 <= erasedAt } ?? false
    }

    /// Whether it keeps out all that a request brings which began after so many erasures (nil: now): the user was erased meanwhile.
    func bars(requestBegunAfter erasures: Int64?) -> Bool { erasures.map { $0 < sequence } ?? false }
}
