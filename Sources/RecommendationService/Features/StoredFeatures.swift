import InteractionStorage
import NCF

/// The records of a store's items and users, as a training reads them.
struct StoredFeatures {
    private static let pageSize = 10_000

    let store: any InteractionStore
    let settings: ServiceConfiguration.Features

    /// `model` with what the features of its items and users say; nil where `isCancelled` said so.
    ///
    /// Reads the catalogue and the users' records once, where there are any; of a store without either it asks only how many
    /// there are.
    func train(
        _ model: ModelSnapshot, on dataset: InteractionDataset, isCancelled: () -> Bool
    ) throws(StoreError) -> ModelSnapshot? {
        let training = FeatureTraining(model: model, dataset: dataset)
        let counts = try store.counts
        let items = settings.usesItems && counts.catalogueItems > 0 ? try itemRecords(training, model) : [:]
        let users = settings.usesUsers && counts.userRecords > 0 ? try userRecords(training, model) : [:]
        if items.isEmpty && users.isEmpty { return model }
        return training.train(
            items: items, itemSettings: settings.items, users: users, userSettings: settings.users,
            isCancelled: isCancelled)
    }

    private func itemRecords(
        _ training: FeatureTraining, _ model: ModelSnapshot
    ) throws(StoreError) -> [Int: FeatureRecord] {
        try records(of: training.items, known: model.items, id: { $0.id }, FeatureRecord.init) {
            last throws(StoreError) in try store.items(after: last, limit: Self.pageSize)
        }
    }

    private func userRecords(
        _ training: FeatureTraining, _ model: ModelSnapshot
    ) throws(StoreError) -> [Int: FeatureRecord] {
        try records(of: training.users, known: model.users, id: { $0.id }, FeatureRecord.init) {
            last throws(StoreError) in try store.users(after: last, limit: Self.pageSize)
        }
    }

    /// The records of those of `wanted` that have any property, page by page.
    private func records<Entry>(
        of wanted: [Int], known: IDMap, id: (Entry) -> String, _ record: (Entry) -> FeatureRecord,
        _ page: (String?) throws(StoreError) -> [Entry]
    ) throws(StoreError) -> [Int: FeatureRecord] {
        let wanted = ItemSet(itemCount: known.count, items: wanted)
        var records: [Int: FeatureRecord] = [:]
        var last: String?
        while true {
            let entries = try page(last)
            guard let end = entries.last else { return records }
            for entry in entries {
                guard let index = known.index(of: id(entry)), wanted.contains(index) else { continue }
                let properties = record(entry)
                if !properties.properties.isEmpty { records[index] = properties }
            }
            last = id(end)
        }
    }
}
