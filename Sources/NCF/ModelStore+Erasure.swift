internal import Locking

extension ModelStore {
    /// From the next question on no model answers for the user with that ID that was trained before that erasure, whichever serves;
    /// O(1). Whoever has come back since is somebody else, and known to those that were trained after it.
    ///
    /// The files know the user until ``removeUsers(erased:)``, and another process until it loads them again.
    public func hide(userID: String, erasure: Int64) {
        publishing.withLock { _ in
            concealed.withLock { $0[userID] = max($0[userID] ?? erasure, erasure) }
            if let current, current.isOlder(thanErasure: erasure) { current.hide(userID) }
        }
    }

    /// Hides users whom only their models can name (``hide(userID:erasure:)``); O(bytes of all models).
    ///
    /// - Parameter erasure: The number of a user's last erasure; nil where there was none.
    public func hideUsers(erased erasure: (String) -> Int64?) {
        for version in files.versions() {
            guard let snapshot = try? files.locked({ () throws(SnapshotFileError) in try files.read(version) }) else {
                continue
            }
            for user in 0..<snapshot.userCount {
                if let erasure = erasure(snapshot.users[user]) { hide(userID: snapshot.users[user], erasure: erasure) }
            }
        }
    }

    /// Takes users out of every model of the directory, and out of the one that serves, that was trained before they were erased.
    ///
    /// Reads each model once, and writes anew what knew one of them: O(bytes of all models). What a crash has left of a model, which
    /// no list names, is removed. A model that cannot be read is left as it is: it will never serve.
    ///
    /// - Parameter erasure: The number of a user's last erasure; nil where there was none.
    /// - Returns: The versions that knew one of them, newest first.
    /// - Throws: Where a model could not be written; those before it are done, and to call it again does no harm.
    @discardableResult
    public func removeUsers(erased erasure: (String) -> Int64?) throws(SnapshotFileError) -> [Int] {
        let concealedBefore = concealed.withLock { $0 }
        try files.locked { () throws(SnapshotFileError) in try files.removeOrphans() }
        var changed: [Int] = []
        // A publication that is under way has asked who is erased already, perhaps before whom this is to take out.
        let versions = try publishing.withLock { _ throws(SnapshotFileError) in
            try files.locked { () throws(SnapshotFileError) in files.versions() }
        }
        for version in versions where try removeUsers(erased: erasure, from: version) {
            changed.append(version)
        }
        let done = concealedBefore.filter { userID, hidden in erasure(userID).map { hidden <= $0 } ?? false }
        concealed.withLock { concealed in
            concealed = concealed.filter { userID, hidden in done[userID].map { hidden > $0 } ?? true }
        }
        return changed
    }

    /// Removes every model of which `isRetired` says so from the directory, but for the one that serves, and the one to serve
    /// after a restart; returns the versions removed, newest first.
    @discardableResult
    public func retire(where isRetired: (ModelSummary) -> Bool) throws(SnapshotFileError) -> [Int] {
        let retired = versions().filter(isRetired).map(\.version)
        return try files.locked { () throws(SnapshotFileError) in
            var removed: [Int] = []
            for version in retired where version != current?.version && version != files.current() {
                try files.remove(version)
                removed.append(version)
            }
            return removed
        }
    }

    /// Whether the version knew one of them. Publications wait for one version, not for all.
    private func removeUsers(
        erased erasure: (String) -> Int64?, from version: Int
    ) throws(SnapshotFileError) -> Bool {
        try publishing.withLock { _ throws(SnapshotFileError) in
            try files.locked { () throws(SnapshotFileError) in
                guard let snapshot = try? files.read(version) else { return false }
                let isErased = { erasure($0).map(snapshot.isOlder) ?? false }
                guard let cleaned = snapshot.without(usersWhere: isErased) else { return false }
                try files.replace(cleaned)
                if current?.version == version { exchange(try files.read(version)) }
                return true
            }
        }
    }
}

extension ModelSnapshot {
    /// Whether its data were read before that erasure.
    func isOlder(thanErasure erasure: Int64) -> Bool { lineage.erasures < erasure }

    /// The same model without the users of whom `isErased` says so; nil where it knows none of them.
    public func without(usersWhere isErased: (String) -> Bool) -> ModelSnapshot? {
        let gone = (0..<userCount).filter { isErased(users[$0]) }
        return gone.isEmpty ? nil : removing(users: Set(gone))
    }
}
