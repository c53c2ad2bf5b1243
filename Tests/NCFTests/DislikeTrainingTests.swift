import TestSupport
import Testing

@testable import NCF

@Suite("Training with dislikes")
struct DislikeTrainingTests {
    static func settings(
        _ objective: Objective, _ sampling: NegativeSampling, epochs: Int = 6, threads: Int = 1, sweeps: Int = 4
    ) -> Hyperparameters {
        var settings = Hyperparameters(
            architecture: .mf, objective: objective, embeddingDimension: 2, epochs: epochs, batchSize: 60,
            learningRate: 0.02, negativesPerPositive: 3, earlyStopping: 0, threads: threads)
        settings.negativeSampling = sampling
        let hasForm = objective != .rating && objective != .cosineContrastive
        settings.start = ClosedFormStart(sweeps: hasForm ? sweeps : 0, regularization: 0.02, unobservedWeight: 0.1)
        settings.history = hasForm && sweeps > 0 ? HistoryBag(dimension: 4, regularization: 5) : .none
        return settings
    }

    /// Everybody likes the items of one colour, but for six users who like two of either and may dislike four of one.
    static func colours(dislikes: Bool, weight: Double = 1) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(weight: weight, sign: .negative))
        for user in 0..<40 {
            for item in 0..<20 where item % 2 == user % 2 && (user / 2 + item / 2) % 5 != 0 {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: 1)
            }
        }
        for user in 0..<6 {
            for item in undecided(user).likes {
                builder.add(userID: "undecided \(user)", itemID: "\(item)", rating: nil, timestamp: 1)
            }
            for item in undecided(user).dislikes where dislikes {
                builder.add(
                    userID: "undecided \(user)", itemID: "\(item)", rating: nil, timestamp: 1, kind: dislike)
            }
        }
        return builder.build()
    }

    /// What an undecided user likes and dislikes, and what it has not seen of the colour that it dislikes and of the other.
    static func undecided(_ user: Int) -> (likes: [Int], dislikes: [Int], alike: [Int], others: [Int]) {
        func items(_ places: Range<Int>, _ colour: Int) -> [Int] { places.map { 2 * ((user + $0) % 10) + colour } }
        let hated = user % 2
        return (
            items(0..<2, 0) + items(0..<2, 1), items(2..<6, hated), items(6..<10, hated), items(2..<10, 1 - hated)
        )
    }

    /// By how much what an undecided user has not seen of the colour it dislikes scores below the other, in the mean.
    private func distances(_ parameters: ModelParameters, _ data: InteractionDataset) throws -> [Float] {
        try (0..<6).map { number in
            let user = try #require(data.userIDs.index(of: "undecided \(number)"))
            func mean(_ items: [Int]) throws -> Float {
                let scores = try items.map {
                    parameters.logit(user: user, item: try #require(data.itemIDs.index(of: "\($0)")))
                }
                return scores.reduce(0, +) / Float(items.count)
            }
            return try mean(Self.undecided(number).others) - mean(Self.undecided(number).alike)
        }
    }

    @Test(
        "items like those that a user dislikes rank below items like those it does not",
        arguments: [
            (.implicit, .uniform), (.implicit, .popularity), (.bpr, .uniform), (.softmax, .uniform),
            (.softmax, .popularity), (.softmax, .inBatch),
        ] as [(Objective, NegativeSampling)], [0, 4])
    func ranking(method: (Objective, NegativeSampling), sweeps: Int) throws {
        // In so small a catalogue everything unseen is a negative about as often as a dislike is.
        let data = Self.colours(dislikes: true, weight: 10)
        var settings = Self.settings(method.0, method.1, epochs: 30, sweeps: sweeps)
        // Of several seeds: two dimensions can begin so that a user of six likes hardly gets anywhere.
        func distances(_ data: InteractionDataset) throws -> [Float] {
            var means = [Float](repeating: 0, count: 6)
            for seed in 1...4 as ClosedRange<UInt64> {
                settings.seed = seed
                let found = try self.distances(
                    Trainer(dataset: data, hyperparameters: settings).train().parameters, data)
                for (user, distance) in found.enumerated() { means[user] += distance / 4 }
            }
            return means
        }
        let (averse, indifferent) = (try distances(data), try distances(Self.colours(dislikes: false)))
        #expect(averse.reduce(0, +) > indifferent.reduce(0, +), "\(averse) \(indifferent)")
        #expect(averse.allSatisfy { $0 > 0 }, "\(averse)")
    }

    @Test("the closed form alone does so too, the more the more a dislike counts", arguments: [false, true])
    func closedForm(histories: Bool) throws {
        let results = try [0, 1, 8].map { weight in
            let data = Self.colours(dislikes: weight > 0, weight: max(1, weight))
            var settings = Self.settings(.implicit, .uniform, epochs: 0)
            if !histories { settings.history = .none }
            return try distances(Trainer(dataset: data, hyperparameters: settings).train().parameters, data)
                .reduce(0, +)
        }
        #expect(results[1] > results[0] && results[2] > results[1] && results[1] > 0, "\(results)")
    }

    @Test(
        "the bytes are the same for any number of threads",
        arguments: [
            (.implicit, .uniform), (.bpr, .popularity), (.softmax, .inBatch), (.cosineContrastive, .uniform),
        ] as [(Objective, NegativeSampling)])
    func deterministic(method: (Objective, NegativeSampling)) throws {
        let data = Self.colours(dislikes: true)
        let results = try [1, 2, 3].map {
            try Trainer(dataset: data, hyperparameters: Self.settings(method.0, method.1, threads: $0)).train()
        }
        for other in results.dropFirst() {
            #expect(other.parameters == results[0].parameters)
            #expect(other.reports.map(\.loss) == results[0].reports.map(\.loss))
        }
    }

    @Test("each dislike comes once an epoch on average, with its weight, as a negative of its own user's groups")
    func sampling() throws {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(weight: 2, sign: .negative))
        for user in 0..<4 {
            // As many dislikes as positives, twice as many, half as many, and more than a group has places for.
            for item in 0..<4 { builder.add(userID: "\(user)", itemID: "\(item)", rating: nil) }
            for item in 0..<[4, 8, 2, 20][user] {
                builder.add(userID: "\(user)", itemID: "d\(item)", rating: nil, kind: dislike)
            }
        }
        for item in 0..<30 { builder.add(userID: "other", itemID: "d\(item)", rating: nil) }
        builder.add(userID: "grump", itemID: "d1", rating: nil, kind: dislike)
        let data = builder.build()
        let source = try TrainingSource(dataset: data, hyperparameters: Self.settings(.implicit, .uniform))
        #expect(source.groupCount == 4 * 4 + 30)
        var counts = [Int](repeating: 0, count: data.userCount)
        let epochs = 200
        for epoch in 1...epochs {
            let batch = MiniBatch(capacity: source.groupCount, samplesPerGroup: 4)
            batch.groupCount = source.groupCount
            source.fill(
                0..<source.groupCount, of: batch, first: 0, order: source.order(epoch: epoch), epoch: epoch)
            for sample in 0..<batch.sampleCount {
                let user = Int(batch.users[sample / 4])
                let place = data.interactions(of: user).first { data.items[$0] == batch.items[sample] }
                let weight = place.map { data.weights[$0] } ?? 0
                #expect(batch.targets[sample] == (sample % 4 == 0 ? 1 : 0) && (weight > 0) == (sample % 4 == 0))
                // One of weight 1 was drawn like anything unseen.
                #expect(batch.weights[sample] == 1 || weight < 0 && batch.weights[sample] == 2)
                if batch.weights[sample] == 2 { counts[user] += 1 }
            }
        }
        // The first two always; the third by chance, 8 a group on average in 4; the last as many as there are places: 3 of 4 × 3.
        #expect(counts[0] == 4 * epochs && counts[1] == 8 * epochs && counts[3] == 12 * epochs)
        #expect(abs(counts[2] - 2 * epochs) < 60, "\(counts)")
        #expect(counts[4...].allSatisfy { $0 == 0 })
    }

    @Test("with nothing but dislikes there is nothing to learn, and the error says so")
    func nothing() {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(sign: .negative))
        for item in 0..<3 { builder.add(userID: "u", itemID: "\(item)", rating: nil, kind: dislike) }
        let data = builder.build()
        #expect(throws: TrainingError.nothingToTrain("no interaction counts for an item")) {
            try Trainer(dataset: data, hyperparameters: Self.settings(.implicit, .uniform)).train()
        }
    }
}
