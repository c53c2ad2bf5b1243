internal import Atomics
internal import Dispatch
internal import Glibc
internal import Locking

/// Holds the model that serves, and the directory of snapshots it came from.
///
/// Publication is one atomic exchange; readers never lock. A loop keeps a ``ModelReader`` and so pays one relaxed load per
/// request; anyone else may ask for ``current``. A retired snapshot lives until its last reader lets go, and its memory is
/// then freed on a background queue, whichever thread that was (see ``ModelSnapshot``).
///
/// In the directory a snapshot is `v000017.safetensors` and `v000017.json`; `current.json` names the version to serve
/// after a restart and `counter.json` the last number given out. All are written to a temporary name, fsynced and renamed,
/// by one process at a time (a lock on `lock`), so a training run on the command line may share it with a server.
public final class ModelStore: Sendable {
    /// Where the snapshots lie.
    public var directory: String { files.directory }
    /// How many of the newest snapshots stay on disk, besides the current one.
    public let keep: Int
    /// How snapshots serve that are published.
    public let serving: ServingOptions

    let files: ModelDirectory
    private let reference: ManagedAtomic<Publication?>
    private let publishedGeneration = ManagedAtomic<UInt64>(0)
    // Orders publications, so that memory, disk and generation agree; no reader takes it.
    let publishing = Lock(())
    /// Users whom files may still know that were erased, and how many erasures there had been with theirs: models that were trained with
    /// fewer are not to answer for them.
    let concealed = Lock<[String: Int64]>([:])

    /// A snapshot and how many publications there were up to it.
    final class Publication: AtomicReference, Sendable {
        let snapshot: ModelSnapshot
        let generation: UInt64

        init(snapshot: ModelSnapshot, generation: UInt64) {
            self.snapshot = snapshot
            self.generation = generation
        }
    }

    /// Opens the directory, creating it if it is missing, and clears away what crashes left behind; nothing is loaded.
    ///
    /// - Throws: Where the directory cannot be created, read or locked.
    public init(
        directory: String, keep: Int = 5, serving: ServingOptions = ServingOptions()
    ) throws(SnapshotFileError) {
        precondition(keep > 0, "a store keeps at least one snapshot")
        self.keep = keep
        self.serving = serving
        reference = ManagedAtomic(nil)
        files = try ModelDirectory(directory)
        try files.clean()
    }

    /// The model that serves now; nil before the first publication. Lock-free; any thread.
    public var current: ModelSnapshot? { publication?.snapshot }

    /// How many publications there were in this process; it grows after the exchange, never before.
    public var generation: UInt64 { publishedGeneration.load(ordering: .relaxed) }

    var publication: Publication? { reference.load(ordering: .acquiring) }

    /// Writes `snapshot` to the directory unless it is there, makes it the one to serve after a restart, and exchanges it
    /// for the current one. Blocks on I/O before the exchange: not for an event loop.
    ///
    /// - Throws: Where writing fails or another process has written this version; the current model then goes on serving.
    public func publish(_ snapshot: ModelSnapshot) throws(SnapshotFileError) {
        try publish(snapshot, serves: true) { _ in nil }
    }

    /// Writes `snapshot` without the users of whom `erased` says so, and makes it serve (``publish(_:)``) or only keeps it
    /// (``save(_:)``).
    ///
    /// `erased` is asked under the directory's lock, and ``removeUsers(erased:)`` lists the versions under it: who is erased before
    /// is left out here, and who is erased after will be taken out, by whichever process. It may not ask for the directory.
    public func publish(
        _ snapshot: ModelSnapshot, serves: Bool,
        without erased: (ModelSnapshot) throws(SnapshotFileError) -> ModelSnapshot?
    ) throws(SnapshotFileError) {
        try publishing.withLock { _ throws(SnapshotFileError) in
            let written = try files.locked { () throws(SnapshotFileError) in
                let snapshot = try erased(snapshot) ?? snapshot
                guard serves else {
                    try files.write(snapshot)
                    return snapshot
                }
                try files.ensureWritten(snapshot)
                try files.setCurrent(snapshot.version)
                return snapshot
            }
            if serves { exchange(written) }
        }
        prune()
    }

    /// Goes back, or forward, to a version that is on disk; see ``publish(_:)``.
    ///
    /// - Throws: Where it is not there or not valid; the current model then goes on serving.
    public func publish(version: Int) throws(SnapshotFileError) {
        try publish(loaded: try read(version))
    }

    /// Has a version serve that was loaded from disk (``load(version:)``), without users who were taken out of it since.
    ///
    /// - Throws: As ``publish(version:)`` does.
    public func publish(loaded snapshot: ModelSnapshot) throws(SnapshotFileError) {
        try publish(snapshot, serves: true) { snapshot throws(SnapshotFileError) in
            guard try files.hasReplaced(snapshot) else { return nil }
            let replaced = try files.read(snapshot.version)
            hideConcealed(from: replaced)
            return replaced
        }
    }

    /// Writes `snapshot` to the directory without serving it.
    public func save(_ snapshot: ModelSnapshot) throws(SnapshotFileError) {
        try publish(snapshot, serves: false) { _ in nil }
    }

    /// A version number that was never given out before, not even before a crash or to a snapshot deleted since.
    public func nextVersion() throws(SnapshotFileError) -> Int {
        try files.locked { () throws(SnapshotFileError) in try files.reserveVersion() }
    }

    /// The greatest version that ``reserve(version:)`` gives out: the numbers must not run out.
    public static let greatestReserved = 1_000_000_000

    /// Gives out `version` itself, for a model that comes from elsewhere under a number of its own.
    ///
    /// - Returns: False, and nothing is given out, unless it is greater than every number given out before (the newest
    ///   model has the greatest) and at most ``greatestReserved``.
    public func reserve(version: Int) throws(SnapshotFileError) -> Bool {
        guard canReserve(version: version) else { return false }
        return try files.locked { () throws(SnapshotFileError) in try files.reserve(version) }
    }

    /// Whether ``reserve(version:)`` would give out `version` now.
    public func canReserve(version: Int) -> Bool { version > files.lastUsed && version <= Self.greatestReserved }

    /// Whether there is a version to ``load(version:)``; another may be retired at any time.
    public func has(version: Int) -> Bool { current?.version == version || files.hasSnapshot(version) }

    /// A version of the directory as it would serve; nil where there is none.
    ///
    /// - Throws: Where it is not valid.
    public func load(version: Int) throws(SnapshotFileError) -> ModelSnapshot? {
        if let current, current.version == version { return current }
        do {
            return try read(version)
        } catch {
            // It may have been retired just now.
            guard files.hasSnapshot(version) else { return nil }
            throw error
        }
    }

    /// Every valid manifest in the directory, newest version first; payloads are not opened.
    public func versions() -> [ModelSummary] {
        let serving = current?.version
        let published = files.current()
        return files.versions().compactMap { version in
            guard let manifest = try? files.manifest(version) else { return nil }
            return ModelSummary(
                manifest: manifest, isCurrent: version == serving,
                publishedAt: version == serving && version == published ? files.currentSince() : nil)
        }
    }

    /// What ``loadNewestValid()`` found.
    public struct LoadReport: Sendable {
        /// The version that now serves; nil if there was no valid one.
        public var loaded: Int?
        /// The snapshots that were refused, in the order they were tried, each with a sentence.
        public var refused: [SnapshotFileError] = []
    }

    /// Serves the version last published, or else the newest one that is valid.
    ///
    /// Maps one file and reads it once, to verify its checksum.
    public func loadNewestValid() -> LoadReport {
        var report = LoadReport()
        var candidates = files.candidates()
        if let pinned = files.current() {
            candidates.removeAll { $0 == pinned }
            candidates.insert(pinned, at: 0)
        }
        for version in candidates {
            do throws(SnapshotFileError) {
                let snapshot = try read(version)
                publishing.withLock { _ in exchange(snapshot) }
                report.loaded = version
                return report
            } catch {
                report.refused.append(error)
            }
        }
        return report
    }

    /// Under the lock, for a version that is being replaced has for a moment one's manifest and the other's payload.
    private func read(_ version: Int) throws(SnapshotFileError) -> ModelSnapshot {
        let snapshot = try files.locked { () throws(SnapshotFileError) in try files.read(version) }
        hideConcealed(from: snapshot)
        return snapshot
    }

    /// What is read from a file may know users who were erased, until the file has been written anew.
    private func hideConcealed(from snapshot: ModelSnapshot) {
        for (userID, erasure) in concealed.withLock({ $0 }) where snapshot.isOlder(thanErasure: erasure) {
            snapshot.hide(userID)
        }
    }

    /// The publication itself: one atomic exchange, then the generation that tells readers to look again.
    func exchange(_ snapshot: ModelSnapshot) {
        let next = publishedGeneration.load(ordering: .relaxed) + 1
        let serving = snapshot.serving(serving)
        hideConcealed(from: serving)
        let publication = Publication(snapshot: serving, generation: next)
        let retired = reference.exchange(publication, ordering: .acquiringAndReleasing)
        publishedGeneration.store(next, ordering: .releasing)
        withExtendedLifetime(retired) {}
    }

    /// Removes what is older than the newest ``keep``, never the version that serves or the one to serve after a restart.
    ///
    /// Only frees space, so a failure is left for the next time: it must not make a publication look failed.
    private func prune() {
        let serving = current?.version
        try? files.locked { () throws(SnapshotFileError) in
            try files.removeOrphans()
            let pinned = files.current()
            for version in files.versions().dropFirst(keep) where version != serving && version != pinned {
                try files.remove(version)
            }
        }
    }
}

/// What a manifest says of a snapshot on disk.
public struct ModelSummary: Sendable, Equatable {
    /// Which model.
    public var version: Int
    /// Where it comes from.
    public var lineage: Lineage
    /// The users it knows.
    public var userCount: Int
    /// The items it knows.
    public var itemCount: Int
    /// Bytes of its payload.
    public var byteCount: Int
    /// Whether it is the one that serves.
    public var isCurrent: Bool
    /// When it was published, in milliseconds since 1970; nil where another one has been since, or it never was.
    public var publishedAt: Int64?

    init(manifest: SnapshotManifest, isCurrent: Bool, publishedAt: Int64? = nil) {
        self.publishedAt = publishedAt
        version = manifest.version
        lineage = manifest.lineage
        userCount = manifest.userCount
        itemCount = manifest.itemCount
        byteCount = manifest.payload.byteCount
        self.isCurrent = isCurrent
    }
}
