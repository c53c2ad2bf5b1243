import InteractionStorage
import NCF

/// Keeps a model from bringing back users who were erased while it was being made.
struct ErasureBarrier {
    let store: any InteractionStore
    /// The last erasure before the model's data were read.
    let after: Int64

    init(store: any InteractionStore, after erasure: Int64) {
        self.store = store
        after = erasure
    }

    /// `snapshot` without whoever was erased since; nil where it knows none of them.
    ///
    /// Who has come back since, under the same name, is left out as well, until the next training.
    func without(_ snapshot: ModelSnapshot) throws(SnapshotFileError) -> ModelSnapshot? {
        let erased = try tombstones(for: snapshot)
        return erased.isEmpty ? nil : snapshot.without { erased.contains($0) }
    }

    /// The same for a model whose users were named by somebody else: of those erased by `sequence` the ones in `dataset`, which was read
    /// then, have come back of their own accord. Who was erased since is taken out, whatever was read.
    func without(
        _ snapshot: ModelSnapshot, knownTo dataset: InteractionDataset, at sequence: Int64
    ) throws(SnapshotFileError) -> ModelSnapshot? {
        let erased = try tombstones(for: snapshot)
        let since = try ErasureBarrier(store: store, after: sequence).tombstones(for: snapshot)
        guard !erased.isEmpty || !since.isEmpty else { return nil }
        return snapshot.without { name in
            since.contains(name) || (erased.contains(name) && dataset.userIDs.index(of: name) == nil)
        }
    }

    private func tombstones(for snapshot: ModelSnapshot) throws(SnapshotFileError) -> Tombstones {
        do {
            return try store.tombstones(after: after)
        } catch {
            throw SnapshotFileError(
                path: snapshot.name, reason: "the list of erased users could not be read: \(error)")
        }
    }
}
