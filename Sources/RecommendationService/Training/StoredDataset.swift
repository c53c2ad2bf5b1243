import InteractionStorage
import NCF

/// Everything that is stored, as a dataset to train on, and up to which row it was read.
struct StoredDataset {
    let dataset: InteractionDataset
    let watermark: Int64

    /// Reads the record from one consistent state of the store: all of it, or the rows after one and up to another. Each
    /// interaction counts as `kinds` say.
    ///
    /// Complexity: linear in the interactions, twice: once to read them, once to order them by user.
    static func load(
        from store: any InteractionStore, kinds: InteractionKinds, after first: Int64 = 0, upTo last: Int64 = .max
    ) throws(TrainingPipeline.Failure) -> StoredDataset {
        var assembly = DatasetAssembly(kinds: kinds)
        var names: ScanSnapshot?
        do {
            try store.scan(
                after: first, begin: { names = $0 },
                row: { row in
                    guard row.rowID <= last else { return false }
                    guard let names, let userID = names.userIDs[row.userKey], let itemID = names.itemIDs[row.itemKey]
                    else {
                        return true
                    }
                    assembly.add(
                        userID: userID, itemID: itemID, kind: (row.kindKey, names.kinds[row.kindKey]),
                        rating: row.rating, weight: row.weight, timestamp: row.timestamp)
                    return true
                })
        } catch {
            throw .failed("The interactions could not be read: \(error).")
        }
        return StoredDataset(dataset: assembly.build(), watermark: names?.watermark ?? 0)
    }
}

/// What a training run read: sizes, and what had to be cleaned.
struct DataSummary: Sendable {
    var users: Int
    var items: Int
    var interactions: Int
    var watermark: Int64
    var cleaning: DatasetCleaning

    init(_ dataset: InteractionDataset, watermark: Int64) {
        users = dataset.userCount
        items = dataset.itemCount
        interactions = dataset.interactionCount
        self.watermark = watermark
        cleaning = dataset.cleaning
    }
}
