internal import Glibc

// A snapshot is two files, which no system call replaces together. The new ones are written beside the old, the manifest
// last: from then on the replacement is decided, and whoever finds it half done, after a crash too, ends it.
extension ModelDirectory {
    private static let nextSuffix = ".next"

    /// Puts `snapshot` in the place of the one that is there under its version. Under the lock.
    func replace(_ snapshot: ModelSnapshot) throws(SnapshotFileError) {
        let (payload, manifest) = paths(snapshot.version)
        unsafe unlink(manifest + Self.nextSuffix)
        let receipt = try SafetensorsFile.write(
            snapshot.tensors(), metadata: snapshot.payloadMetadata,
            to: payload + Self.nextSuffix, replacing: true)
        do throws(SnapshotFileError) {
            try write(
                snapshot.manifest(payload: receipt).encoded(), to: manifest + Self.nextSuffix, replacing: true)
        } catch {
            unsafe unlink(payload + Self.nextSuffix)
            throw error
        }
        try endReplacement(of: snapshot.version)
    }

    /// Ends what a crash has interrupted. Under the lock.
    func endReplacements() throws(SnapshotFileError) {
        for version in versions(ending: Self.nextSuffix) { try endReplacement(of: version) }
    }

    private func endReplacement(of version: Int) throws(SnapshotFileError) {
        let (payload, manifest) = paths(version)
        let isDecided = unsafe access(manifest + Self.nextSuffix, F_OK) == 0
        guard isDecided else {
            unsafe unlink(payload + Self.nextSuffix)
            return
        }
        for path in [payload, manifest] {
            // The payload may have been moved before.
            guard unsafe rename(path + Self.nextSuffix, path) == 0 || errno == ENOENT else {
                throw SnapshotFileError(path: path, failed: "rename")
            }
            try SnapshotFile.syncDirectory(of: path)
        }
    }
}
