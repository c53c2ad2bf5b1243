internal import Glibc
internal import JSON
internal import Locking

/// The files of a ``ModelStore``: names, the lock between processes, what is read and written under which name.
struct ModelDirectory: Sendable {
    let directory: String
    // flock() tells open files apart, not threads; this tells threads apart.
    private let threads = Lock(())

    /// Creates the directory if it is missing.
    init(_ directory: String) throws(SnapshotFileError) {
        self.directory = directory
        if unsafe mkdir(directory, 0o755) != 0 && errno != EEXIST {
            throw SnapshotFileError(path: directory, failed: "mkdir")
        }
        close(try SnapshotFile.open(directory, O_RDONLY | O_DIRECTORY))
    }

    /// Runs `body` while no other thread or process changes the directory.
    func locked<Result: Sendable>(
        _ body: () throws(SnapshotFileError) -> Result
    ) throws(SnapshotFileError) -> Result {
        try threads.withLock { _ throws(SnapshotFileError) in
            let path = "\(directory)/lock"
            let descriptor = try SnapshotFile.open(path, O_RDWR | O_CREAT)
            defer { close(descriptor) }
            while flock(descriptor, LOCK_EX) != 0 {
                if errno != EINTR { throw SnapshotFileError(path: path, failed: "flock") }
            }
            return try body()
        }
    }

    // MARK: Names

    private enum Suffix {
        static let payload = ".safetensors"
        static let manifest = ".json"
    }

    func paths(_ version: Int) -> (payload: String, manifest: String) {
        (path(version, Suffix.payload), path(version, Suffix.manifest))
    }

    private func path(_ version: Int, _ suffix: String) -> String {
        let digits = String(version)
        return "\(directory)/v\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)\(suffix)"
    }

    /// The version that a file name stands for, if it is one that ``path(_:_:)`` makes.
    private func version(of name: String, _ suffix: String) -> Int? {
        guard name.hasPrefix("v"), name.hasSuffix(suffix) else { return nil }
        guard let version = Int(name.dropFirst().dropLast(suffix.count)), version > 0 else { return nil }
        return path(version, suffix) == "\(directory)/\(name)" ? version : nil
    }

    private func names() -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    /// Versions with a manifest, newest first.
    func versions() -> [Int] {
        names().compactMap { version(of: $0, Suffix.manifest) }.sorted(by: >)
    }

    /// Versions with a payload or manifest under a name that goes on with `suffix`.
    func versions(ending suffix: String) -> [Int] {
        let names = names().filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        return Set(names.compactMap { version(of: $0, Suffix.manifest) ?? version(of: $0, Suffix.payload) }).sorted()
    }

    /// Versions of which there is any file, newest first: what is worth trying, or at least refusing by name.
    func candidates() -> [Int] {
        let all = names().compactMap { version(of: $0, Suffix.manifest) ?? version(of: $0, Suffix.payload) }
        return Set(all).sorted(by: >)
    }

    // MARK: Snapshots

    func hasSnapshot(_ version: Int) -> Bool {
        unsafe access(path(version, Suffix.manifest), F_OK) == 0
    }

    func manifest(_ version: Int) throws(SnapshotFileError) -> SnapshotManifest {
        let path = path(version, Suffix.manifest)
        guard hasSnapshot(version) else {
            throw SnapshotFileError(path: path, reason: "the manifest is missing, so this is not a whole snapshot")
        }
        let manifest = try SnapshotManifest(MappedFile(path: path).contents(), path: path)
        guard manifest.version == version else {
            throw SnapshotFileError(path: path, reason: "it is the manifest of version \(manifest.version)")
        }
        return manifest
    }

    /// Maps and verifies one version.
    func read(_ version: Int) throws(SnapshotFileError) -> ModelSnapshot {
        let manifest = try manifest(version)
        return try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path(version, Suffix.payload)))
    }

    /// Writes `snapshot` unless it is there. Under the lock.
    ///
    /// - Throws: Also where another model has been written under its version.
    func ensureWritten(_ snapshot: ModelSnapshot) throws(SnapshotFileError) {
        guard hasSnapshot(snapshot.version) else { return try write(snapshot) }
        guard try !hasReplaced(snapshot) else {
            throw SnapshotFileError(
                path: path(snapshot.version, Suffix.manifest), reason: "another model was written under this version")
        }
    }

    /// Whether another model is there under the version of `snapshot`.
    func hasReplaced(_ snapshot: ModelSnapshot) throws(SnapshotFileError) -> Bool {
        let manifest = try manifest(snapshot.version)
        return snapshot.manifest(payload: manifest.payload).encoded() != manifest.encoded()
    }

    /// Writes the payload, then the manifest that makes it a snapshot. Under the lock.
    func write(_ snapshot: ModelSnapshot) throws(SnapshotFileError) {
        guard !hasSnapshot(snapshot.version) else {
            throw SnapshotFileError(
                path: path(snapshot.version, Suffix.manifest), reason: "this version exists already")
        }
        // A payload without manifest is what a crash left; nobody else is writing, for the lock is held.
        unsafe unlink(path(snapshot.version, Suffix.payload))
        let receipt = try SafetensorsFile.write(
            snapshot.tensors(), metadata: snapshot.payloadMetadata,
            to: path(snapshot.version, Suffix.payload))
        let manifest = snapshot.manifest(payload: receipt).encoded()
        do throws(SnapshotFileError) {
            try write(manifest, to: path(snapshot.version, Suffix.manifest), replacing: false)
        } catch {
            // On a full disk nobody has use for half a snapshot.
            unsafe unlink(path(snapshot.version, Suffix.payload))
            throw error
        }
        try noteUsed(snapshot.version)
    }

    /// Removes the manifest first, so that a crash in between leaves no manifest without payload. Under the lock.
    func remove(_ version: Int) throws(SnapshotFileError) {
        unsafe unlink(path(version, Suffix.manifest))
        try SnapshotFile.syncDirectory(of: path(version, Suffix.manifest))
        unsafe unlink(path(version, Suffix.payload))
    }

    /// Removes temporary files and ends replacements: under the lock nobody is still writing them.
    func clean() throws(SnapshotFileError) {
        try locked { () throws(SnapshotFileError) in
            try endReplacements()
            for name in names() where name.hasSuffix(SnapshotFile.temporarySuffix) {
                unsafe unlink("\(directory)/\(name)")
            }
        }
    }

    /// Removes payloads whose manifest was never written. Under the lock.
    func removeOrphans() throws(SnapshotFileError) {
        let whole = Set(versions())
        for version in candidates() where !whole.contains(version) {
            try noteUsed(version)
            unsafe unlink(path(version, Suffix.payload))
        }
    }

    // MARK: Small files

    private var currentPath: String { "\(directory)/current.json" }
    private var counterPath: String { "\(directory)/counter.json" }

    /// The version last published; nil where there is none or the file is damaged.
    func current() -> Int? { number(at: currentPath) }

    /// When the version last published was, in milliseconds since 1970: when the file that names it was written.
    func currentSince() -> Int64? {
        var status = stat()
        guard unsafe stat(currentPath, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }

    /// Under the lock.
    func setCurrent(_ version: Int) throws(SnapshotFileError) {
        try setNumber(version, at: currentPath)
        try noteUsed(version)
    }

    /// Gives out the next number, on stable storage before it is used. Under the lock.
    func reserveVersion() throws(SnapshotFileError) -> Int {
        let next = lastUsed + 1
        try setNumber(next, at: counterPath)
        return next
    }

    /// Gives out `version` itself, if it is greater than every number given out before. Under the lock.
    func reserve(_ version: Int) throws(SnapshotFileError) -> Bool {
        guard version > lastUsed else { return false }
        try setNumber(version, at: counterPath)
        return true
    }

    /// The greatest number given out; 0 before the first.
    var lastUsed: Int { max(number(at: counterPath) ?? 0, current() ?? 0, candidates().first ?? 0) }

    /// Makes sure that `version` is not given out again, however it came to be.
    private func noteUsed(_ version: Int) throws(SnapshotFileError) {
        if version > number(at: counterPath) ?? 0 { try setNumber(version, at: counterPath) }
    }

    private func number(at path: String) -> Int? {
        guard let file = try? MappedFile(path: path) else { return nil }
        guard let value = try? JSONParser().parse(file.contents()).root["version"]?.int, value > 0 else { return nil }
        return value
    }

    private func setNumber(_ version: Int, at path: String) throws(SnapshotFileError) {
        var writer = JSONWriter()
        writer.object { $0.member("version", version) }
        try write(writer.bytes + [UInt8(ascii: "\n")], to: path, replacing: true)
    }

    func write(_ bytes: [UInt8], to path: String, replacing: Bool) throws(SnapshotFileError) {
        let bytes = FrozenArray(bytes)
        try SnapshotFile.create(path, replacing: replacing) { descriptor throws(SnapshotFileError) in
            try unsafe bytes.withUnsafeBufferPointer { bytes throws(SnapshotFileError) in
                try unsafe SnapshotFile.write(UnsafeRawBufferPointer(bytes), to: descriptor, path: path)
            }
        }
    }
}
