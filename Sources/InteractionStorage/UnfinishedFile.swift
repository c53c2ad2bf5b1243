import Glibc

/// A file beside the one that it is to become, under a name that says so, until it is whole.
///
/// Whoever makes it holds a lock on it, which goes with the process: what has such a name and no lock was left behind by a process
/// that was killed (``removeAbandoned(in:)``). Of SQLite's own files beside it the names go on with `-journal`, `-wal` or `-shm`.
final class UnfinishedFile {
    let path: String
    private let descriptor: Int32

    private static let companions = ["", "-journal", "-wal", "-shm"]

    /// Makes an empty file, to become `target`, which only its owner may read: it is about people.
    init(for target: String) throws(StoreError) {
        path = "\(target).new-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(path, failed: "open") }
        // Nobody else can have it; on a file system without locks there is none to find.
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    /// Removes what has not got another name. SQLite has to have closed it: to close a descriptor gives up the process's locks on
    /// the file.
    func remove() {
        for companion in Self.companions { unsafe unlink(path + companion) }
        close(descriptor)
    }

    /// Writes all of `bytes` and syncs them.
    func write(_ bytes: [UInt8]) throws(StoreError) {
        try StoreFile.write(bytes[...], to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw StoreError(path, failed: "fsync") }
    }

    /// Removes what killed processes have left unfinished in a folder; returns the names.
    static func removeAbandoned(in folder: String) -> [String] {
        names(in: folder).filter { name in
            isUnfinished(name) && !isLocked("\(folder)/\(own(name))") && remove("\(folder)/\(name)")
        }
    }

    /// Whether there was such a file, and there is none now.
    static func remove(_ path: String) -> Bool { unsafe unlink(path) == 0 }

    /// `x.new-12-345`, or that with the name of a companion.
    static func isUnfinished(_ name: String) -> Bool {
        name.wholeMatch(of: /.+\.new-[0-9]+-[0-9]+(-journal|-wal|-shm)?/) != nil
    }

    private static func own(_ name: String) -> String {
        companions.dropFirst().first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }

    private static func isLocked(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// What lies in a folder, in order; nothing where it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // The name ends in a NUL within the entry, which is good until the next one is read.
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }
}
