import InteractionStorage
import NCF

/// The records of a store's items and users, as a training reads them.
struct StoredFeatures {
    private static let pageSize = 10_000

    let store: any InteractionStore
    let settings: ServiceConfiguration.Features

    /// What is known of the items and users of a dataset, by their indices.
    struct Records {
        var items: [Int: FeatureRecord] = [:]
        var users: [Int: FeatureRecord] = [:]
        let settings: ServiceConfiguration.Features

        /// The items' features, for a training that begins; nil where there are none.
        var itemFeatures: ItemFeatures? { ItemFeatures(items, settings: settings.items) }

        /// `model` with what the features of its items and users say; nil where `isCancelled` said so.
        func train(
            _ model: ModelSnapshot, on dataset: InteractionDataset, isCancelled: () -> Bool
        ) -> ModelSnapshot? {
            if items.isEmpty && users.isEmpty { return model }
            return FeatureTraining(model: model, dataset: dataset).train(
                items: items, itemSettings: settings.items, users: users, userSettings: settings.users,
                isCancelled: isCancelled)
        }
    }

    /// Reads the catalogue and the users' records once, where there are any; of a store without either it asks only how many
    /// there are.
    func records(of dataset: InteractionDataset) throws(StoreError) -> Records {
        let counts = try store.counts
        var records = Records(settings: settings)
        if settings.usesItems && counts.catalogueItems > 0 {
            records.items = try self.records(
                of: FeatureTraining.items(of: dataset), known: dataset.itemIDs, id: { $0.id }, FeatureRecord.init
            ) { last throws(StoreError) in try store.items(after: last, limit: Self.pageSize) }
        }
        if settings.usesUsers && counts.userRecords > 0 {
            records.users = try self.records(
                of: FeatureTraining.users(of: dataset), known: dataset.userIDs, id: { $0.id }, FeatureRecord.init
            ) { last throws(StoreError) in try store.users(after: last, limit: Self.pageSize) }
        }
        return records
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
