import ArgumentParser
import InteractionFormats
import InteractionStorage
import NCF

/// A dataset, whole or with less in it: one real one then stands for many of other sizes and densities.
struct ThinnedData: ParsableArguments {
    @Option(help: "A dataset; anything that nectar import reads.")
    var from: String?

    @Option(help: "Made-up users, items, interactions, groups, and how steeply popularity falls: 1000,500,20000,8,1")
    var made: String?

    @Option(help: "Only so many random users.")
    var users: Int?

    @Option(help: "Only so large a random share of the interactions.")
    var share: Double?

    @Option(help: "Only so many random interactions of each user.")
    var each: Int?

    @Option(help: "Only ratings of at least so much.")
    var liked: Double?

    @Option(help: "Only items with at most so many interactions.")
    var audience: Int?

    /// One interaction.
    struct Row {
        var user: String
        var item: String
        var rating: Double?
        var time: Int64
    }

    /// Each user's latest interaction held out, or with `isRandom` a random one of each, and the rest.
    func split(isRandom: Bool, seed: UInt64) throws -> (train: InteractionDataset, holdout: Holdout) {
        var random = Generator(state: seed)
        var builder = InteractionDataset.Builder()
        for row in thinned(try rows()) {
            builder.add(
                userID: row.user, itemID: row.item, rating: row.rating.map(Float.init),
                timestamp: isRandom ? .random(in: 1...1 << 40, using: &random) : row.time)
        }
        return builder.build().split(.leaveOneOut, seed: seed)
    }

    private func rows() throws -> [Row] {
        var rows: [Row] = []
        if let from {
            _ = try DatasetReader(path: from).readInteractions(faults: { throw $0 }) {
                rows.append(Row(user: $0.userID, item: $0.itemID, rating: $0.rating, time: $0.timestamp ?? 0))
            }
        } else if let made {
            let numbers = made.split(separator: ",").compactMap { Double($0) }
            guard numbers.count == 5 else { throw ValidationError("--made needs five numbers.") }
            let interactions = try SyntheticInteractions(
                .init(
                    users: Int(numbers[0]), items: Int(numbers[1]), interactions: Int(numbers[2]),
                    groups: Int(numbers[3]), zipfExponent: numbers[4]))
            rows = interactions.map {
                Row(user: $0.userID, item: $0.itemID, rating: $0.rating, time: $0.timestamp ?? 0)
            }
        }
        guard !rows.isEmpty else { throw ValidationError("There is no data: --from or --made says which.") }
        return rows
    }

    private func thinned(_ rows: [Row]) -> [Row] {
        var random = Generator(state: 7)
        var rows = rows
        if let liked { rows.removeAll { $0.rating ?? 0 < liked } }
        if let share { rows.removeAll { _ in Double.random(in: 0..<1, using: &random) >= share } }
        if let users {
            let kept = Set(Set(rows.map(\.user)).sorted().shuffled(using: &random).prefix(users))
            rows.removeAll { !kept.contains($0.user) }
        }
        if let audience {
            let counts = rows.reduce(into: [:]) { $0[$1.item, default: 0] += 1 }
            rows.removeAll { counts[$0.item] ?? 0 > audience }
        }
        if let each {
            var counts: [String: Int] = [:]
            rows = rows.shuffled(using: &random).filter { row in
                counts[row.user, default: 0] += 1
                return counts[row.user] ?? 0 <= each
            }
        }
        return rows
    }

    /// SplitMix64 (Steele et al. 2014).
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
