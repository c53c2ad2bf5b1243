import Testing

@testable import NCF

@Suite("Kinds of feedback in a dataset")
struct FeedbackKindTests {
    private static let day: Int64 = 86_400_000
    private static let now: Int64 = 1_700_000_000_000

    /// What a test says of a pair: one of the kinds below by its first letter, how many days ago, and its own weight.
    private struct Row {
        var kind: Character
        var daysAgo: Int64
        var weight: Float = 1
        var rating: Float?

        init(_ kind: Character, _ daysAgo: Int64, weight: Float = 1, rating: Float? = nil) {
            self.kind = kind
            self.daysAgo = daysAgo
            self.weight = weight
            self.rating = rating
        }
    }

    private static let kinds: [Character: FeedbackKind] = [
        "v": FeedbackKind(weight: 1), "p": FeedbackKind(weight: 5), "d": FeedbackKind(weight: 2, sign: .negative),
        "s": FeedbackKind(weight: 0.5, sign: .negative), "f": FeedbackKind(weight: 8, halfLifeDays: 10),
        "0": FeedbackKind(weight: 0),
    ]

    /// A dataset of one pair and, so that the newest time is known, another user's.
    private func merged(_ rows: [Row]) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        let numbers = Self.kinds.mapValues { builder.define($0) }
        for row in rows {
            builder.add(
                userID: "u", itemID: "i", rating: row.rating, weight: row.weight,
                timestamp: Self.now - row.daysAgo * Self.day, kind: row.kind == "-" ? 0 : numbers[row.kind] ?? -1)
        }
        builder.add(userID: "newest", itemID: "i", rating: nil, timestamp: Self.now)
        return builder.build()
    }

    @Test("an interaction counts its own weight times its kind's, below 0 for a dislike")
    func evidence() {
        #expect(FeedbackKind.plain.evidence(1.1) == 1.1)
        #expect(FeedbackKind(weight: 3).evidence(0.5) == 1.5)
        #expect(FeedbackKind(weight: 2, sign: .negative).evidence(4) == -8)
        for kind in [FeedbackKind(weight: 0, sign: .negative), FeedbackKind(weight: 2, sign: .negative)] {
            // Nothing is nothing, and not −0.
            #expect(kind.evidence(0).bitPattern == 0)
        }
        #expect(FeedbackKind(weight: 0).evidence(3) == 0)
    }

    @Test(
        "what fades has half its weight after its half-life, a quarter after two, all of it when it is new",
        arguments: [(0, 8), (10, 4), (20, 2), (-3, 8)] as [(Int64, Float)])
    func fades(days: Int64, left: Float) {
        let kind = FeedbackKind(weight: 8, halfLifeDays: 10)
        #expect(kind.evidence(1, age: days * Self.day) == left)
    }

    @Test("age is counted from the newest interaction of the data, and one without a time does not fade")
    func age() {
        for shift in [0, 500 * Self.day] {
            var builder = InteractionDataset.Builder()
            let kind = builder.define(FeedbackKind(weight: 8, halfLifeDays: 10))
            for (item, days) in [("old", 20), ("newest", 0), ("newer", 10)] as [(String, Int64)] {
                builder.add(
                    userID: "u", itemID: item, rating: nil, timestamp: Self.now + shift - days * Self.day, kind: kind)
            }
            builder.add(userID: "u", itemID: "timeless", rating: nil, kind: kind)
            let data = builder.build()
            let weights = Dictionary(
                uniqueKeysWithValues: (0..<4).map { (data.itemIDs[Int(data.items[$0])], data.weights[$0]) })
            #expect(weights == ["old": 2, "newest": 8, "newer": 4, "timeless": 8])
        }
    }

    @Test(
        "of a pair's kinds the newest says whether it is liked, and the strongest that agrees stands",
        arguments: [
            ([Row("p", 9), Row("v", 1)], 5), ([Row("v", 9), Row("p", 1)], 5), ([Row("p", 9), Row("d", 1)], -2),
            ([Row("d", 9), Row("v", 1)], 1), ([Row("d", 9), Row("s", 1)], -2),
            ([Row("s", 9), Row("p", 5), Row("d", 3), Row("v", 1)], 5),
            // Of one kind the newest stands: it corrects the older one.
            ([Row("v", 9, weight: 7), Row("v", 1, weight: 3)], 3), ([Row("-", 9, weight: 7), Row("-", 1)], 1),
            ([Row("d", 9, weight: 4), Row("s", 5), Row("d", 1, weight: 0.1)], -0.5),
            // 8 has become 4 after 10 days, less than the 5 that do not fade, and 1 after 30.
            ([Row("f", 10), Row("p", 30)], 5), ([Row("f", 0), Row("p", 30)], 8), ([Row("v", 5), Row("f", 30)], 1),
            // Seen and nothing else takes nothing back.
            ([Row("p", 9), Row("0", 1)], 5), ([Row("d", 9), Row("0", 1)], -2), ([Row("0", 9), Row("0", 1)], 0),
            // Of equal times the one that arrived last is the newest.
            ([Row("p", 1), Row("d", 1)], -2), ([Row("d", 1), Row("p", 1)], 5), ([Row("-", 3), Row("v", 1)], 1),
        ] as [([Row], Float)])
    private func pairs(rows: [Row], weight: Float) {
        let data = merged(rows)
        #expect(data.interactionCount == 2 && data.weights[0] == weight)
        #expect(data.hasDislikes == (weight < 0))
        #expect(data.cleaning[.repeatedPairs] == rows.count - 1)
    }

    @Test("a row without a time comes right after what had come before it, in a pair and in a history")
    func untimed() {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(sign: .negative))
        func add(_ item: String, daysAgo: Int64?, kind: Int = 0) {
            builder.add(
                userID: "u", itemID: item, rating: nil, timestamp: daysAgo.map { Self.now - $0 * Self.day } ?? 0,
                kind: kind)
        }
        add("before all", daysAgo: nil)
        add("seen", daysAgo: 5)
        add("second", daysAgo: 3)
        add("seen", daysAgo: nil, kind: dislike)
        add("last", daysAgo: 1)
        add("late", daysAgo: 4)
        let data = builder.build()
        #expect(data.items.map { data.itemIDs[Int($0)] } == ["before all", "late", "second", "seen", "last"])
        #expect(data.weights == [1, 1, 1, -1, 1])
        #expect(data.timestamps[3] == 0)
    }

    @Test("however long ago, a dislike stays one, and a like")
    func fadedAway() {
        for days in [100, 150, 2000, 1_000_000] as [Int64] {
            let age = days * Self.day
            #expect(FeedbackKind(halfLifeDays: 1).evidence(1, age: age) > 0, "\(days)")
            #expect(FeedbackKind(sign: .negative, halfLifeDays: 1).evidence(1, age: age) < 0, "\(days)")
            #expect(FeedbackKind(weight: 0, sign: .negative, halfLifeDays: 1).evidence(1, age: age) == 0)
        }
    }

    @Test("the row that stands keeps its own rating and time, and contradictions are counted")
    func standing() {
        let data = merged([Row("d", 9, rating: 1), Row("p", 8, rating: 4), Row("v", 1, rating: 2)])
        #expect(data.ratings[0] == 4 && data.timestamps[0] == Self.now - 8 * Self.day)
        #expect(data.cleaning[.repeatedPairs] == 2 && data.cleaning[.conflictingRatings] == 2)
        #expect(data.cleaning[.conflictingSigns] == 1)
        // Alike but for the kind is no duplicate.
        let alike = merged([Row("v", 3), Row("p", 3), Row("p", 3)])
        #expect(alike.cleaning[.exactDuplicates] == 1 && alike.cleaning[.repeatedPairs] == 1 && alike.weights[0] == 5)
    }

    @Test("kinds that no row has change nothing, to the bit: dataset, closed form, training and choice")
    func unused() throws {
        func dataset(defining: Bool) -> InteractionDataset {
            var random = SplitMix64(seed: 3)
            var builder = InteractionDataset.Builder()
            if defining { for kind in Self.kinds.values { _ = builder.define(kind) } }
            for row in 0..<900 {
                builder.add(
                    userID: "\(random.below(40))", itemID: "\(random.below(30))", rating: Float(random.below(5)),
                    weight: Float(random.below(3)), timestamp: Int64(row % 7) * Self.day)
            }
            return builder.build()
        }
        let (plain, other) = (dataset(defining: false), dataset(defining: true))
        #expect(plain.items == other.items && plain.userOffsets == other.userOffsets)
        #expect(plain.weights == other.weights && plain.timestamps == other.timestamps)
        #expect(plain.ratings == other.ratings && plain.cleaning == other.cleaning)
        #expect(!plain.hasDislikes && plain.withoutDislikes().items == plain.items)
        for objective in trainableObjectives {
            let results = try [plain, other].map { data in
                var settings = DislikeTrainingTests.settings(objective, .uniform)
                if objective == .rating { settings.history = .none }
                return try Trainer(dataset: data.prepared(for: objective), hyperparameters: settings).train()
            }
            #expect(results[0].parameters == results[1].parameters)
        }
    }

    @Test("no split holds a dislike out, and ratings are prepared with dislikes as interactions like any other")
    func splits() {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(weight: 3, sign: .negative))
        for user in 0..<20 {
            for item in 0..<12 {
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: item % 3 == 2 ? 1 : 4,
                    timestamp: Int64(1 + item) * Self.day, kind: item % 3 == 2 ? dislike : 0)
            }
        }
        let data = builder.build()
        let disliked = Set((0..<data.itemCount).filter { (Int(data.itemIDs[$0]) ?? 0) % 3 == 2 }.map(Int32.init))
        var splits = HoldoutStrategy.allCases.map { data.split($0, seed: 1) }
        splits += [data.ownSplit(fold: 0, seed: 1), data.ownSplit(fold: 1, seed: 1)]
        for (train, holdout) in splits {
            #expect(holdout.items.allSatisfy { disliked.isDisjoint(with: $0) })
            #expect(train.weights.count { $0 == -3 } == 80)
        }
        #expect(Objective.auto.resolved(for: data) == .implicit)
        #expect(data.prepared(for: .implicit).weights == data.weights)
        #expect(Set(data.prepared(for: .rating).weights) == [1, 3])
        #expect(DatasetProfile(data).meanWeight == (2 + 3) / 3.0)
    }
}
