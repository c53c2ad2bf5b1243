import Glibc

/// What a killed process leaves in a data folder.
public enum AbandonedFiles {
    /// Removes unfinished stores, backups, restorations and uploads, and descriptions of backups that were never finished.
    ///
    /// Only for who alone serves from the folder of the store; a backup may be under way beside it, and is let be.
    ///
    /// - Parameters:
    ///   - folders: That of the store and that of the backups.
    ///   - store: The store's file. Where it is a link, what a restoration left is beside what it leads to.
    /// - Returns: The names that were removed.
    public static func remove(in folders: [String], store: String) -> [String] {
        Set(folders).sorted().flatMap { folder in
            UnfinishedFile.removeAbandoned(in: folder) + removeUnlocked(in: folder) + removeDescriptions(in: folder)
        } + removeRestoration(of: store)
    }

    private static func removeRestoration(of store: String) -> [String] {
        guard let path = try? StoreFile.followingLinks(store), path != store else { return [] }
        return ["", "-journal", "-wal", "-shm"].map { "\(path).restoring\($0)" }.filter { UnfinishedFile.remove($0) }
    }

    /// A restoration, and an upload between its first moment and the next, have no lock: only who serves makes them.
    private static func removeUnlocked(in folder: String) -> [String] {
        UnfinishedFile.names(in: folder).filter { name in
            let isUnlocked =
                name.wholeMatch(of: /.+\.sqlite\.restoring(-journal|-wal|-shm)?|upload-[A-Za-z0-9]{6}/) != nil
            return isUnlocked && UnfinishedFile.remove("\(folder)/\(name)")
        }
    }

    /// A description is there before its backup has its name; until then the backup is an unfinished file.
    private static func removeDescriptions(in folder: String) -> [String] {
        let names = UnfinishedFile.names(in: folder)
        return names.filter { name in
            guard let match = name.wholeMatch(of: /(nectar-.+\.sqlite)\.json/) else { return false }
            let backup = String(match.1)
            guard !names.contains(where: { $0.hasPrefix("\(backup).new-") }) else { return false }
            guard unsafe access("\(folder)/\(backup)", F_OK) != 0 else { return false }
            return UnfinishedFile.remove("\(folder)/\(name)")
        }
    }
}
