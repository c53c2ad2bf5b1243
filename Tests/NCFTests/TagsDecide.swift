@testable import NCF

/// Made-up data in which taste follows a tag: users of even number like what is red, the others what is blue; and a few
/// strays. Some items of either colour nobody has seen.
struct TagsDecide {
    var users = 40
    var items = 30
    var hasStrays = true

    func isRed(_ item: Int) -> Bool { item % 2 == 0 }
    func likesRed(_ user: Int) -> Bool { user % 2 == 0 }

    var dataset: InteractionDataset { dataset() }

    func dataset(rated: Bool = false) -> InteractionDataset {
        var random = SplitMix64(seed: 5)
        var builder = InteractionDataset.Builder()
        for user in 0..<users {
            for item in 0..<items {
                let fits = isRed(item) == likesRed(user)
                let draw = random.below(10)
                let isTaken = rated ? draw < 6 : fits ? draw < 7 : hasStrays && draw < 1
                guard isTaken else { continue }
                builder.add(
                    userID: "u\(user)", itemID: "i\(item)", rating: rated ? (fits ? 5 : 1) : nil,
                    timestamp: Int64(1 + draw))
            }
        }
        return builder.build()
    }

    /// How many items the user took without being of those who like them.
    func strays(of user: Int) -> Int {
        let dataset = dataset
        guard let index = dataset.userIDs.index(of: "u\(user)") else { return 0 }
        return dataset.interactions(of: index).count { place in
            let item = Int(dataset.itemIDs[Int(dataset.items[place])].dropFirst()) ?? -1
            return isRed(item) != likesRed(user)
        }
    }

    /// What item `item` is: its colour, and what has nothing to do with taste.
    func record(item: Int) -> FeatureRecord {
        var record = FeatureRecord()
        record.add(.tags, "", .labels([isRed(item) ? "red" : "blue", item % 3 == 0 ? "round" : "square"]))
        record.add(.attribute, "price", .number(Double(item % 7)))
        record.add(.vector, "image", .vector([isRed(item) ? 1 : -1, Float(item % 4) - 1.5]))
        return record
    }

    /// What user `user` is.
    func record(user: Int) -> FeatureRecord {
        var record = FeatureRecord()
        record.add(.attribute, "team", .labels([likesRed(user) ? "reds" : "blues"]))
        return record
    }

    func records(of dataset: InteractionDataset) -> (items: [Int: FeatureRecord], users: [Int: FeatureRecord]) {
        var records: (items: [Int: FeatureRecord], users: [Int: FeatureRecord]) = ([:], [:])
        for item in 0..<items {
            if let index = dataset.itemIDs.index(of: "i\(item)") { records.items[index] = record(item: item) }
        }
        for user in 0..<users {
            if let index = dataset.userIDs.index(of: "u\(user)") { records.users[index] = record(user: user) }
        }
        return records
    }

    /// A model of the data, with features.
    func model(
        _ architecture: Architecture, rated: Bool = false, histories: Bool = false, threads: Int = 1,
        objective: Objective? = nil
    ) throws -> (plain: ModelSnapshot, knowing: ModelSnapshot) {
        let dataset = dataset(rated: rated)
        let settings = Hyperparameters(
            architecture: architecture, objective: objective ?? (rated ? .rating : .implicit), embeddingDimension: 4,
            mlpEmbeddingDimension: 4, hiddenLayerSizes: [8, 4],
            start: rated || objective == .cosineContrastive ? .none : ClosedFormStart(),
            history: histories ? HistoryBag(dimension: 4, regularization: 10) : .none, epochs: 4, batchSize: 64,
            learningRate: 0.02, earlyStopping: 0, threads: threads)
        let records = records(of: dataset)
        let trained = try Trainer(
            dataset: dataset, hyperparameters: settings,
            features: ItemFeatures(records.items, settings: FeatureSettings(minimumCount: 2))
        ).train()
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount,
            hyperparameters: trained.hyperparameters)
        let plain = ModelSnapshot(version: 1, dataset: dataset, parameters: trained.parameters, lineage: lineage)
        let knowing = FeatureTraining(model: plain, dataset: dataset).train(
            items: records.items, itemSettings: FeatureSettings(minimumCount: 2), users: records.users,
            userSettings: FeatureSettings(minimumCount: 2))
        return (plain, knowing ?? plain)
    }
}
