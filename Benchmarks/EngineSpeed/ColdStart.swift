import ArgumentParser
import Glibc
import InteractionFormats
import InteractionStorage
import JSON
import NCF
import RecommendationService

/// `EngineSpeed cold-start`: how well items, or users, that the model has never seen are ranked by their features alone.
///
/// A fifth of the items (or users) is held out with all their interactions. Of each user who had any with held-out items, those
/// are ranked among all held-out items, and among these together with all others that the user has not seen.
struct ColdStart: ParsableCommand {
    @Option(help: "A dataset with a file of items; anything that nectar import reads.")
    var from: String

    @Flag(help: "Hold out users rather than items.")
    var users = false

    @Flag(help: "Hold out of what is left once the measured fifth is gone: to choose on, not to report.")
    var inner = false

    @Option(help: "mf or neumf.")
    var architecture = Architecture.mf

    @Option(help: "Epochs after the closed form.")
    var epochs = 0

    @Option(help: "Elements of the histories' embeddings; 0 for none, 192 by default.")
    var history: Int?

    @Option(help: "How many times, with seeds 1 and up.")
    var seeds = 3

    @Option(help: "FeatureSettings.minimumCount.")
    var minimumCount = 5

    @Option(help: "FeatureSettings.bucketCount.")
    var buckets = 16

    @Option(help: "Threads.")
    var threads = 2

    private typealias Row = (user: String, item: String, time: Int64)
    private typealias Records = [ExactName: FeatureRecord]

    func run() throws {
        var rows: [Row] = []
        let reader = try DatasetReader(path: from)
        try reader.readInteractions(faults: { throw $0 }) { rows.append(($0.userID, $0.itemID, $0.timestamp ?? 0)) }
        var records: (items: Records, users: Records) = ([:], [:])
        try reader.readItems(faults: { throw $0 }) { records.items[ExactName($0.id)] = FeatureRecord($0) }
        try reader.readUsers(faults: { throw $0 }) { records.users[ExactName($0.id)] = FeatureRecord($0) }
        for seed in 1...UInt64(max(1, seeds)) {
            var cold = held(of: rows, seed: seed)
            var kept = rows
            if inner {
                kept = rows.filter { !cold.contains(name($0)) }
                cold = held(of: kept, seed: 100 + seed)
            }
            var builder = InteractionDataset.Builder()
            for row in kept where !cold.contains(name(row)) {
                builder.add(userID: row.user, itemID: row.item, rating: nil, timestamp: row.time)
            }
            let train = builder.build()
            let model = try model(of: train, records, seed: seed)
            let held = kept.filter { cold.contains(name($0)) }
            if users {
                try reportUsers(model, train, held, records.users, seed)
            } else {
                try reportItems(model, held, records.items, seed)
            }
        }
    }

    private func name(_ row: Row) -> ExactName { ExactName(users ? row.user : row.item) }

    /// A random fifth of the items, or users.
    private func held(of rows: [Row], seed: UInt64) -> Set<ExactName> {
        var random = ThinnedData.Generator(state: seed)
        let names = Set(rows.map(name)).sorted().shuffled(using: &random)
        return Set(names.prefix(names.count / 5))
    }

    private func model(
        of train: InteractionDataset, _ records: (items: Records, users: Records), seed: UInt64
    ) throws -> ModelSnapshot {
        var wish = Hyperparameters.defaults(for: architecture, objective: .implicit)
        (wish.seed, wish.threads, wish.epochs, wish.earlyStopping) = (seed, threads, epochs, 0)
        if let history { wish.history.dimension = history }
        var settings = AutomaticSettings(
            profile: DatasetProfile(train), wish: wish,
            given: [.architecture, .epochs, .earlyStopping, .historyDimension]
        ).settings
        if architecture == .mf, history == nil { settings.history.dimension = 192 }
        let features = FeatureSettings(minimumCount: minimumCount, bucketCount: buckets)
        func known(_ indices: [Int], _ ids: IDMap, _ records: Records) -> [Int: FeatureRecord] {
            var known: [Int: FeatureRecord] = [:]
            for index in indices { known[index] = records[ExactName(ids[index])] }
            return known
        }
        let items = known(FeatureTraining.items(of: train), train.itemIDs, records.items)
        let trained = try Trainer(
            dataset: train, hyperparameters: settings, features: ItemFeatures(items, settings: features)
        ).train()
        let plain = ModelSnapshot(measuring: trained.parameters, on: train, settings)
        let training = FeatureTraining(model: plain, dataset: train)
        let started = EngineSpeed.cpuSeconds
        let model = training.train(
            items: items, itemSettings: features,
            users: known(FeatureTraining.users(of: train), train.userIDs, records.users), userSettings: features)
        guard let model else { throw ValidationError("It was cancelled.") }
        EngineSpeed.report { report in
            report.member("cpu_seconds_of_features", EngineSpeed.cpuSeconds - started)
            report.member("item_features", model.features?.items?.vocabulary.count ?? 0)
            report.member("explained", model.features?.items?.explained.gmf ?? 0)
            report.member("user_features", model.features?.users?.vocabulary.count ?? 0)
            report.member("users_explained", model.features?.users?.explained.gmf ?? 0)
        }
        return model
    }

    private func reportItems(_ model: ModelSnapshot, _ held: [Row], _ records: Records, _ seed: UInt64) throws {
        let names = Set(held.map { ExactName($0.item) }).sorted()
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let found = names.map { records[$0].flatMap { model.item(with: $0) } }
        let table = FeaturedItems(found.compactMap { $0 })
        var (among, all, without) = (Figures(), Figures(), Figures())
        for (user, rows) in Dictionary(grouping: held, by: \.user).sorted(by: { $0.key < $1.key }) {
            guard let index = model.users.index(of: user) else { continue }
            let vector = model.vector(ofUser: index)
            let mean = model.predict(user: index, item: nil).logit
            var scored = model.score(vector, table).makeIterator()
            let scores = found.map { $0 == nil ? mean : scored.next() ?? mean }
            let positives = Set(rows.compactMap { places[ExactName($0.item)] })
            let seen = Set(model.seenItems(of: index).map(Int.init))
            let others = model.scores(user: index).enumerated().filter { !seen.contains($0.offset) }.map(\.element)
            among.add(scores, positives, others: [])
            all.add(scores, positives, others: others)
            without.add(scores.map { _ in mean }, positives, others: others)
        }
        EngineSpeed.report { report in
            report.member("seed", Int(seed))
            report.member("cold_items", names.count)
            among.write("among_cold", to: &report)
            all.write("full", to: &report)
            without.write("full_without_features", to: &report)
        }
    }

    private func reportUsers(
        _ model: ModelSnapshot, _ train: InteractionDataset, _ held: [Row], _ records: Records, _ seed: UInt64
    ) throws {
        let popular = PopularityScorer(dataset: train).scores(user: 0)
        let meanUser = (0..<model.itemCount).map { model.predict(user: nil, item: $0).logit }
        var (byFeatures, byPopularity, byMean) = (Figures(), Figures(), Figures())
        for (user, rows) in Dictionary(grouping: held, by: \.user).sorted(by: { $0.key < $1.key }) {
            let positives = Set(rows.compactMap { model.items.index(of: $0.item) })
            let features = records[ExactName(user)].flatMap { model.userFeatures(of: $0) }
            let vector = features.flatMap { model.user(with: $0) } ?? model.vector(ofUser: nil)
            var scores = [Float](repeating: 0, count: model.itemCount)
            for item in model.recommend(for: vector, limit: model.itemCount) { scores[item.item] = item.score }
            byFeatures.add(scores, positives, others: [])
            byPopularity.add(popular, positives, others: [])
            byMean.add(meanUser, positives, others: [])
        }
        EngineSpeed.report { report in
            report.member("seed", Int(seed))
            byFeatures.write("features", to: &report)
            byPopularity.write("popularity", to: &report)
            byMean.write("mean_user", to: &report)
        }
    }
}

/// Means over users; ties count against the held-out ones, and half in the area under the curve.
private struct Figures {
    private var users = 0
    private var (hits, gain, area) = (0.0, 0.0, 0.0)

    mutating func add(_ scores: [Float], _ positives: Set<Int>, others: [Float]) {
        let negatives = (scores.indices.filter { !positives.contains($0) }.map { scores[$0] } + others).sorted()
        guard !positives.isEmpty, !negatives.isEmpty else { return }
        users += 1
        var right = 0.0
        var ranks: [Int] = []
        // How many negatives are below, and how many are not above.
        for (place, score) in positives.map({ scores[$0] }).sorted(by: >).enumerated() {
            let below = Self.count(negatives) { $0 < score }
            let notAbove = Self.count(negatives) { $0 <= score }
            right += Double(below) + Double(notAbove - below) / 2
            ranks.append(negatives.count - below + place)
        }
        area += right / Double(positives.count) / Double(negatives.count)
        let best = ranks.filter { $0 < 10 }
        hits += best.isEmpty ? 0 : 1
        gain +=
            best.reduce(0) { $0 + Self.discount($1) } / (0..<min(10, ranks.count)).reduce(0) { $0 + Self.discount($1) }
    }

    /// How many of a rising list fulfil what only its beginning does.
    private static func count(_ sorted: [Float], _ isBefore: (Float) -> Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(sorted[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func discount(_ rank: Int) -> Double {
        1 / log2(Double(rank + 2))
    }

    func write(_ name: String, to report: inout JSONWriter) {
        let count = Double(max(1, users))
        report.member("\(name)_users", users)
        report.member("\(name)_auc", area / count)
        report.member("\(name)_hr", hits / count)
        report.member("\(name)_ndcg", gain / count)
    }
}
