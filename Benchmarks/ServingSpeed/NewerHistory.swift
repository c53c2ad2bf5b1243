import Foundation
import NCF

/// What it is worth to know what a user has done since the training: a third of a history, up to 20 items, is kept from the
/// training and told afterwards, and one item more is what is to be found.
///
/// Everything is drawn from the pairs in `file` (lines of user and item, tabs between), which should be training pairs only.
struct NewerHistory {
    private static let mostNewer = 20
    private static let sampledNegatives = 99
    private static let cutoff = 10

    private struct User {
        let id: String
        /// All of the history.
        let items: [String]
        let newer: [String]
        let wanted: String
    }

    private let users: [User]
    private let settings: Hyperparameters

    /// Splits every history by `seed`.
    init(file: String, architecture: Architecture, historyDimension: Int, seed: UInt64) throws {
        var random = SeededDraws(seed: seed)
        var histories: [(id: String, items: [String])] = []
        var places: [Substring: Int] = [:]
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let fields = line.split(separator: "\t")
            guard fields.count >= 2 else { fatalError("a line of \(file) is no pair: \(line)") }
            let place = places[fields[0], default: histories.count]
            if place == histories.count { histories.append((String(fields[0]), [])) }
            places[fields[0]] = place
            histories[place].items.append(String(fields[1]))
        }
        users = histories.map { id, items in
            let drawn = items.shuffled(using: &random)
            let rest = drawn.dropLast()
            return User(
                id: id, items: drawn, newer: Array(rest.suffix(min(Self.mostNewer, rest.count / 3))),
                wanted: drawn[drawn.count - 1])
        }
        var settings = Hyperparameters.defaults(for: architecture, objective: .implicit)
        settings.history.dimension = historyDimension
        settings.epochs = 1
        settings.earlyStopping = 0
        settings.seed = seed
        self.settings = settings
    }

    /// Trains twice, and prints HR@10 among 99 random items nobody has told of, NDCG@10, and HR@10 in the catalogue.
    func measure() throws {
        let model = try train { $0.items.dropLast($0.newer.count + 1) }
        report("without them", model) { _, _ in nil }
        report("told afterwards", model) { model.foldIn(user: $0, newer: $1) }
        report("all folded in anew", model) { model.foldIn(items: model.seenItems(of: $0) + $1) }
        report("trained on them", try train { $0.items.dropLast() }) { _, _ in nil }
    }

    private func train(on part: (User) -> ArraySlice<String>) throws -> ModelSnapshot {
        var builder = InteractionDataset.Builder()
        for user in users {
            for item in part(user) { builder.add(userID: user.id, itemID: item, rating: nil) }
        }
        let data = builder.build()
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        return ModelSnapshot(
            version: 1, dataset: data, parameters: result.parameters,
            lineage: Lineage(
                createdAt: 0, dataWatermark: 0, interactionCount: data.interactionCount,
                hyperparameters: result.hyperparameters))
    }

    /// - Parameter vector: A user's, given its newer items; nil for the trained one.
    private func report(_ name: String, _ model: ModelSnapshot, _ vector: (Int, [Int32]) -> UserVector?) {
        var (sampled, gain, full, count) = (0, 0.0, 0, 0)
        var random = SeededDraws(seed: 7)
        for user in users {
            guard let index = model.users.index(of: user.id), let wanted = model.items.index(of: user.wanted) else {
                continue
            }
            let known = Set(user.items.compactMap { model.items.index(of: $0) })
            var asked = [wanted]
            while asked.count <= Self.sampledNegatives {
                let item = Int.random(in: 0..<model.itemCount, using: &random)
                if !known.contains(item) { asked.append(item) }
            }
            let newer = user.newer.compactMap { model.items.index(of: $0).map(Int32.init) }
            let own = vector(index, newer)
            let scores = asked.map { item in
                (own.map { model.predict(foldedIn: $0, item: item) } ?? model.predict(user: index, item: item)).logit
            }
            let rank = scores.dropFirst().count { $0 >= scores[0] }
            if rank < Self.cutoff { (sampled, gain) = (sampled + 1, gain + 1 / log2(Double(rank + 2))) }
            let hidden = ItemSet(
                itemCount: model.itemCount, items: (model.seenItems(of: index) + newer).map(Int.init))
            let list =
                own.map { model.recommend(for: $0, limit: Self.cutoff, hiding: [], excluding: hidden) }
                ?? model.recommend(user: index, limit: Self.cutoff, excluding: hidden)
            full += list.contains { $0.item == wanted } ? 1 : 0
            count += 1
        }
        let figures = [Double(sampled), gain, Double(full)].map { ServingSpeed.rounded($0 / Double(count), 10_000) }
        print("\(name): HR@10 \(figures[0]), NDCG@10 \(figures[1]), full catalogue HR@10 \(figures[2])")
    }
}

/// SplitMix64 (Steele et al. 2014).
private struct SeededDraws: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
