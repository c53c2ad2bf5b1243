import Testing

@testable import NCF

@Suite("What a model learns from")
struct LearningCoreTests {
    private static func rules(user: Int = 1, item: Int = 1) -> CleaningRules {
        var rules = CleaningRules()
        (rules.minimumUserInteractions, rules.minimumItemInteractions) = (user, item)
        return rules
    }

    private static func dataset(_ pairs: [(Int, Int)]) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        for (user, item) in pairs { builder.add(userID: "u\(user)", itemID: "i\(item)", rating: nil) }
        return builder.build()
    }

    private static func pairs(_ data: InteractionDataset) -> Set<String> {
        var pairs: Set<String> = []
        data.forEachInteraction { user, place in
            pairs.insert("\(data.userIDs[user]) \(data.itemIDs[Int(data.items[place])])")
        }
        return pairs
    }

    /// The definition: whoever has too few goes, and again, until nobody does.
    private static func coreByDefinition(_ data: InteractionDataset, _ rules: CleaningRules) -> Set<String> {
        var left: [(Int, Int32)] = []
        data.forEachInteraction { user, place in left.append((user, data.items[place])) }
        while true {
            let users = Dictionary(grouping: left) { $0.0 }.mapValues(\.count)
            let items = Dictionary(grouping: left) { $0.1 }.mapValues(\.count)
            let rest = left.filter {
                users[$0.0, default: 0] >= rules.minimumUserInteractions
                    && items[$0.1, default: 0] >= rules.minimumItemInteractions
            }
            if rest.count == left.count { break }
            left = rest
        }
        return Set(left.map { "\(data.userIDs[$0.0]) \(data.itemIDs[Int($0.1)])" })
    }

    /// How many users and items have an interaction.
    private static func active(_ data: InteractionDataset) -> (users: Int, items: Int) {
        let counts = data.interactionCounts()
        return (counts.users.count { $0 > 0 }, counts.items.count { $0 > 0 })
    }

    @Test("is the core that taking the rare away again and again leaves", arguments: 1...20 as ClosedRange<UInt64>)
    func byDefinition(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let pairs = (0..<300).map { _ in (random.below(60), random.below(1 + random.below(60))) }
        let data = Self.dataset(pairs)
        for rules in [
            Self.rules(user: 3), Self.rules(item: 4), Self.rules(user: 4, item: 5), Self.rules(user: 9, item: 9),
        ] {
            let (served, core) = data.inspected(by: rules)
            // Counted are all that leave, in whichever round.
            let learned = core.learned(from: served)
            #expect(served.cleaning[.rareUsers] == Self.active(data).users - Self.active(learned).users)
            #expect(served.cleaning[.rareItems] == Self.active(data).items - Self.active(learned).items)
            let expected = Self.coreByDefinition(data, rules)
            #expect(Self.pairs(core.learned(from: served)) == expected, "seed \(seed), \(rules)")
            // What is not learned from is seen, and nothing else.
            #expect(Self.pairs(served) == Self.pairs(data))
            served.forEachInteraction { user, place in
                let pair = "\(served.userIDs[user]) \(served.itemIDs[Int(served.items[place])])"
                #expect((served.weights[place] != 0) == expected.contains(pair))
            }
        }
    }

    @Test("what falls one after the other falls whole, to nothing where nothing holds it")
    func chain() {
        // Each user holds on to the next item by one interaction.
        let chain = Self.dataset((0..<50).flatMap { [($0, $0), ($0, $0 + 1)] })
        let (served, core) = chain.inspected(by: Self.rules(user: 2, item: 2))
        #expect(core.learned(from: served).interactionCount == 0)
        #expect(served.weights.allSatisfy { $0 == 0 })
        #expect(served.cleaning[.rareItems] == 51 && served.cleaning[.rareUsers] == 50)
    }

    @Test("by the rules that keep everything, the dataset is the same to the bit")
    func keepsEverything() {
        let data = Self.dataset((0..<12).flatMap { user in (0..<12).map { (user, $0) } })
        let (served, core) = data.inspected(by: CleaningRules())
        #expect(core.isWhole && served.items == data.items && served.weights == data.weights)
        #expect(served.userOffsets == data.userOffsets && served.timestamps == data.timestamps)
    }

    @Test("nothing that is not learned from is held out")
    func holdout() {
        let data = Self.dataset((0..<20).flatMap { user in (0..<(user < 10 ? 2 : 8)).map { (user, $0) } })
        let (served, core) = data.inspected(by: Self.rules(user: 5))
        let (train, held) = served.split(.leaveOneOut, seed: 1)
        #expect(held.items.prefix(10).allSatisfy(\.isEmpty) && held.interactionCount == 10)
        #expect(core.learned(from: train).interactionCount == 70)
        #expect(train.interactionCount == 90)
    }

    @Test("a user of whom nothing was learned is served by what the user did, as one who comes later")
    func completion() throws {
        var builder = InteractionDataset.Builder()
        // Two groups of users with tastes of their own, and one user of each group who did little.
        for user in 0..<40 {
            for item in 0..<10 where (user + item) % 5 != 0 {
                builder.add(userID: "u\(user)", itemID: "i\(user % 2 * 10 + item)", rating: nil)
            }
        }
        for item in 0..<3 { builder.add(userID: "even", itemID: "i\(item)", rating: nil) }
        for item in 0..<3 { builder.add(userID: "odd", itemID: "i\(10 + item)", rating: nil) }
        let all = builder.build()
        let (served, core) = all.inspected(by: Self.rules(user: 5))
        var settings = Hyperparameters.defaults(for: .mf, objective: .implicit)
        (settings.epochs, settings.earlyStopping, settings.embeddingDimension, settings.threads) = (0, 0, 4, 1)
        settings.history = .none
        let result = try Trainer(dataset: core.learned(from: served), hyperparameters: settings).train()
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: 0, hyperparameters: result.hyperparameters)
        let parameters = try #require(core.completing(result, served: served, all: all))
        let model = ModelSnapshot(version: 1, dataset: served, parameters: parameters, lineage: lineage)
        for (name, items) in [("even", 0..<10), ("odd", 10..<20)] {
            let user = try #require(all.userIDs.index(of: name))
            let first = model.recommend(user: user, limit: 5).map { all.itemIDs[$0.item] }
            let own = Set(items.map { "i\($0)" })
            #expect(first.allSatisfy(own.contains), "\(name): \(first)")
            // Seen, and so not recommended.
            #expect(Set(first).isDisjoint(with: (0..<3).map { "i\(items.lowerBound + $0)" }))
        }
        #expect(core.completing(result, served: served, all: all, isCancelled: { true }) == nil)
    }
}
