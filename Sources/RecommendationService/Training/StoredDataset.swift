import InteractionStorage
public import NCF

/// Everything that is stored, as a dataset to train on, and up to which row it was read.
struct StoredDataset {
    let dataset: InteractionDataset
    let watermark: Int64

    /// Reads the record from one consistent state of the store: all of it, or the rows after one and up to another. Each
    /// interaction counts as `kinds` say.
    ///
    /// - Parameter now: By which rows of the future are told, in milliseconds since 1970; nil tells none.
    ///
    /// Complexity: linear in the interactions, twice: once to read them, once to order them by user.
    static func load(
        from store: any InteractionStore, kinds: InteractionKinds, now: Int64? = nil, after first: Int64 = 0,
        upTo last: Int64 = .max
    ) throws(TrainingPipeline.Failure) -> StoredDataset {
        var assembly = DatasetAssembly(kinds: kinds, now: now)
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
public struct DataSummary: Sendable {
    /// Users, those included of whom nothing is learned.
    public var users: Int
    /// Items, in the same way.
    public var items: Int
    /// User–item pairs.
    public var interactions: Int
    /// The last row of the record that was read; nil where it was no record's.
    public var watermark: Int64?
    /// What had to be cleaned.
    public var cleaning: DatasetCleaning

    /// Sums up a dataset.
    public init(_ dataset: InteractionDataset, watermark: Int64? = nil) {
        users = dataset.userCount
        items = dataset.itemCount
        interactions = dataset.interactionCount
        self.watermark = watermark
        cleaning = dataset.cleaning
    }
}
