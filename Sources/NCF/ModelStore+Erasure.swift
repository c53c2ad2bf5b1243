internal import Locking

extension ModelStore {
    /// From the next question on no model answers for the user with that ID, whichever serves; O(1).
    ///
    /// The files know the user until ``removeUsers(where:)``, and another process until it loads them again.
    public func hide(userID: String) {
        publishing.withLock { _ in
            concealed.withLock { _ = $0.insert(userID) }
            current?.hide(userID)
        }
    }

    /// Hides users whom only their models can name (``hide(userID:)``); O(bytes of all models).
    public func hideUsers(where isErased: (String) -> Bool) {
        for version in files.versions() {
            guard let snapshot = try? files.locked({ () throws(SnapshotFileError) in try files.read(version) }) else {
                continue
            }
            for user in 0..<snapshot.userCount where isErased(snapshot.users[user]) {
                hide(userID: snapshot.users[user])
            }
        }
    }

    /// Takes users out of every model of the directory, and out of the one that serves.
    ///
    /// Reads each model once, and writes anew what knew one of them: O(bytes of all models). What a crash has left of a model, which
    /// no list names, is removed. A model that cannot be read is left as it is: it will never serve.
    ///
    /// - Returns: The versions that knew one of them, newest first.
    /// - Throws: Where a model could not be written; those before it are done, and to call it again does no harm.
    @discardableResult
    public func removeUsers(where isErased: (String) -> Bool) throws(SnapshotFileError) -> [Int] {
        let concealedBefore = concealed.withLock { $0 }
        try files.locked { () throws(SnapshotFileError) in try files.removeOrphans() }
        var changed: [Int] = []
        for version in files.versions() where try removeUsers(where: isErased, from: version) {
            changed.append(version)
        }
        concealed.withLock { $0.subtract(concealedBefore.filter(isErased)) }
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
        where isErased: (String) -> Bool, from version: Int
    ) throws(SnapshotFileError) -> Bool {
        try publishing.withLock { _ throws(SnapshotFileError) in
            try files.locked { () throws(SnapshotFileError) in
                guard let snapshot = try? files.read(version) else { return false }
                guard let cleaned = snapshot.without(usersWhere: isErased) else { return false }
                try files.replace(cleaned)
                if current?.version == version { exchange(try files.read(version)) }
                return true
            }
        }
    }
}

extension ModelSnapshot {
    /// The same model without the users of whom `isErased` says so; nil where it knows none of them.
    public func without(usersWhere isErased: (String) -> Bool) -> ModelSnapshot? {
        let gone = (0..<userCount).filter { isErased(users[$0]) }
        return gone.isEmpty ? nil : removing(users: Set(gone))
    }
}
