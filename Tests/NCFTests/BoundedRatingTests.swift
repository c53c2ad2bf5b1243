import Glibc
import Testing

@testable import NCF

@Suite("Ratings bounded by the scale")
struct BoundedRatingTests {
    private let scratch = ScratchDirectory()

    private func settings(_ architecture: Architecture, history: Int = 0) -> Hyperparameters {
        var settings = Hyperparameters(
            architecture: architecture, objective: .rating, embeddingDimension: 8, hiddenLayerSizes: [16, 8],
            history: HistoryBag(dimension: history), epochs: 20, batchSize: 64, learningRate: 0.01, earlyStopping: 0)
        settings.ratingOutput = .bounded
        return settings
    }

    private func snapshot(
        _ settings: Hyperparameters, _ data: InteractionDataset, version: Int = 1
    ) throws -> ModelSnapshot {
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        var lineage = ServingFixture.lineage(.rating)
        lineage.hyperparameters = result.hyperparameters
        return ModelSnapshot(version: version, dataset: data, parameters: result.parameters, lineage: lineage)
    }

    // MARK: The mapping

    @Test("a rating never leaves its scale, rises with the logit, and has the difference quotient's slope")
    func mapping() {
        for range in [1...5, 0...0.1, -2...7.3, 0.1...0.7, 3...3] as [ClosedRange<Float>] {
            let bounded = BoundedRating(range: range)
            var last = -Float.infinity
            for logit in [-.infinity, -1e15, -100, -20, -3, -0.5, 0, 0.5, 2, 9, 100, 1e15, .infinity] as [Float] {
                let (rating, slope) = bounded.value(logit)
                #expect(range.contains(rating) && rating >= last, "\(logit) on \(range)")
                last = rating
                let (low, span) = (Double(range.lowerBound), Double(range.upperBound - range.lowerBound))
                let share = 1 / (1 + exp(-Double(logit)))
                #expect(abs(Double(slope) - span * share * (1 - share)) <= 1e-6 * span, "\(logit) on \(range)")
                #expect(abs(Double(rating) - low - span * share) <= 1e-6 * (abs(low) + span), "\(logit) on \(range)")
            }
            #expect(bounded.rating(-100) == range.lowerBound && bounded.rating(100) == range.upperBound)
        }
    }

    @Test("the logit of a rating is that which is mapped to it, at the ends a finite one")
    func inverse() {
        let bounded = BoundedRating(range: 1...5)
        for rating in [1.25, 2, 3, 3.53, 4.9] as [Float] {
            #expect(abs(bounded.rating(bounded.logit(rating)) - rating) < 1e-5)
        }
        #expect(
            bounded.logit(5).isFinite && bounded.logit(7) == bounded.logit(5) && bounded.logit(5) > bounded.logit(4.9))
        #expect(
            bounded.logit(1).isFinite && bounded.logit(-3) == bounded.logit(1) && bounded.logit(1) < bounded.logit(1.1))
        #expect(BoundedRating(range: 3...3).logit(3) == 0)
    }

    // MARK: Training

    @Test("every gradient is the loss's finite difference", arguments: Architecture.allCases)
    func finiteDifferences(architecture: Architecture) {
        let model = randomModel(architecture, users: 5, items: 6, objective: .rating, seed: 11)
        let batch = randomBatch(groups: 270, samplesPerGroup: 1, users: 5, items: 6, objective: .rating, seed: 12)
        let step = TrainingStep(
            model: model, objective: .rating, capacity: 270, samplesPerGroup: 1, loop: ParallelLoop(threads: 2))
        step.bounded = BoundedRating(range: 1...5)
        let loss = step.computeGradients(batch)
        let gradients = step.gradients(batch)
        var reference = ReferenceModel(model)
        let expected = self.loss(reference, batch)
        #expect(abs(loss - expected) <= 1e-5 * abs(expected))
        check("user", gradients.users, \.users, &reference, batch)
        check("item", gradients.items, \.items, &reference, batch)
        check("dense", gradients.dense, \.dense, &reference, batch)
    }

    private func check(
        _ name: String, _ gradient: [Float], _ path: WritableKeyPath<ReferenceModel, [Double]>,
        _ reference: inout ReferenceModel, _ batch: MiniBatch
    ) {
        let width = 1e-5
        for index in gradient.indices {
            let value = reference[keyPath: path][index]
            reference[keyPath: path][index] = value + width
            let above = loss(reference, batch)
            reference[keyPath: path][index] = value - width
            let below = loss(reference, batch)
            reference[keyPath: path][index] = value
            let expected = (above - below) / (2 * width)
            let found = Double(gradient[index]) * Double(batch.sampleCount)
            #expect(abs(found - expected) <= 5e-4 * (1 + abs(expected)), "\(name) parameter \(index)")
        }
    }

    /// From its definition, on the scale from 1 to 5.
    private func loss(_ model: ReferenceModel, _ batch: MiniBatch) -> Double {
        (0..<batch.sampleCount).reduce(0) { sum, sample in
            let rating = 1 + 4 / (1 + exp(-model.logit(batch, sample)))
            let error = rating - Double(batch.targets[sample])
            return sum + Double(batch.weights[sample]) * error * error
        }
    }

    @Test("μ starts at the mean rating's logit")
    func globalBias() throws {
        let data = randomDataset(users: 9, items: 12, perUser: 5, rated: true, seed: 3)
        let range = try #require(data.ratingRange)
        let mean = data.ratings.reduce(0, +) / Float(data.ratings.count)
        let source = try TrainingSource(dataset: data, hyperparameters: settings(.mf))
        #expect(abs(BoundedRating(range: range).rating(source.globalBias) - mean) < 1e-4)
    }

    @Test("what is learned predicts what was kept from training", arguments: Architecture.allCases)
    func learns(architecture: Architecture) throws {
        let board = Checkerboard(side: 32)
        let data = board.dataset(.rating)
        var settings = settings(architecture)
        settings.epochs = 60
        let model = try snapshot(settings, data)
        let comparison = board.compare(try Trainer(dataset: data, hyperparameters: settings).train().parameters, data)
        #expect(comparison.of > 50 && comparison.right > comparison.of * 95 / 100, "\(comparison)")
        for user in 0..<data.userCount {
            let ratings = model.ratings(user: user, items: Array(0..<Int32(data.itemCount)))
            #expect(ratings.allSatisfy { $0 >= 1 && $0 <= 5 })
        }
    }

    @Test(
        "ratings that are all the same are predicted, without a number that is none", arguments: Architecture.allCases,
        [0, 1])
    func constant(architecture: Architecture, history: Int) throws {
        var builder = InteractionDataset.Builder()
        for user in 0..<12 {
            for item in 0..<10 where (user + item) % 3 > 0 {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: 3.5)
            }
        }
        let settings = settings(architecture, history: architecture == .mf || architecture == .neumf ? history : 0)
        let data = builder.build()
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        #expect(result.reports.allSatisfy { $0.loss == 0 })
        let model = try snapshot(settings, data)
        let folded = model.foldIn(items: [1, 4, 7], ratings: [3.5, 3.5, 3.5])
        #expect(folded.elements().allSatisfy { $0.isFinite })
        for item in 0..<10 {
            #expect(model.predict(user: 3, item: item).rating == 3.5)
            #expect(model.predict(foldedIn: folded, item: item).rating == 3.5)
        }
        #expect(model.explain(user: 3, items: [0, 1]).allSatisfy { $0.parts.sum.isFinite })
    }

    // MARK: Measuring

    @Test("an epoch, an evaluation and a choice measure the ratings and not their logits")
    func measured() throws {
        let split = Checkerboard(side: 24).dataset(.rating).split(.random, seed: 5)
        var settings = settings(.mf)
        (settings.epochs, settings.earlyStopping) = (12, 100)
        let result = try Trainer(dataset: split.train, hyperparameters: settings).train(holdout: split.holdout)
        let best = try #require(result.reports.first { $0.epoch == result.bestEpoch }?.validation)
        var lineage = ServingFixture.lineage(.rating)
        lineage.hyperparameters = result.hyperparameters
        let model = ModelSnapshot(version: 1, dataset: split.train, parameters: result.parameters, lineage: lineage)
        let errors = Evaluation.rating(scorer: model, holdout: split.holdout, range: model.ratingRange)
        var (squares, count) = (0.0, 0)
        for user in split.holdout.items.indices {
            for (item, rating) in zip(split.holdout.items[user], split.holdout.ratings[user]) {
                let logit = Double(result.parameters.logit(user: user, item: Int(item)))
                let error = 1 + 4 / (1 + exp(-logit)) - Double(rating)
                squares += error * error
                count += 1
            }
        }
        let expected = (squares / Double(count)).squareRoot()
        #expect(count > 10 && abs(errors.rmse - expected) < 1e-4 && abs(best.value - expected) < 1e-4)
        let arena = SearchArena(
            dataset: split.train, isRating: true, ratingOutput: .bounded, seed: 5, threads: 1, usersWanted: 10)
        let data = HeldOutData(train: split.train, holdout: split.holdout)
        #expect(abs(arena.gains(of: result.parameters, on: data).figure - expected) < 1e-4)
    }

    @Test("a choice of settings keeps the output that was asked for, and proposes none by itself")
    func chosen() throws {
        let data = PlantedData.ratings(users: 24, items: 24)
        var wish = Hyperparameters.defaults(for: .neumf, objective: .rating)
        wish.ratingOutput = .bounded
        for (given, output) in [([.objective, .ratingOutput], .bounded), (.objective, .linear)]
            as [(GivenSettings, RatingOutput)]
        {
            let choice = try SettingsSearch(
                dataset: data, wish: wish, given: given, budget: SearchBudget(trials: 4)
            ).choose()
            #expect(choice.hyperparameters.ratingOutput == output)
            let trials = try #require(choice.report).trials
            #expect(trials.count == 4 && trials.allSatisfy { $0.settings.ratingOutput == output })
        }
    }

    // MARK: Folding in

    @Test("folding in finds about the least cost", arguments: Architecture.allCases)
    func leastCost(architecture: Architecture) throws {
        let data = ServingFixture.dataset(users: 40, items: 60, seed: 3, rated: true)
        let model = try snapshot(settings(architecture), data)
        let samples = model.foldInSamples(
            items: (0..<20).map { $0 * 3 }, weights: nil, ratings: (0..<20).map { 1 + Float($0 % 5) }
        ).all
        let fold = FoldIn(model: model.model, prior: model.prior, objective: .rating, bounded: model.bounded)
        let user = fold.vector(samples: samples)
        let found = cost(of: user, samples, fold)
        #expect(found < cost(of: fold.prior.user, samples, fold))
        for k in user.elements().indices {
            let spread = max(fold.prior.userVariance.elements()[k], FoldIn.leastVariance).squareRoot()
            for share in [-0.5, -0.1, 0.1, 0.5] as [Float] {
                var elements = user.elements()
                elements[k] += share * spread
                #expect(cost(of: user.moved(to: elements), samples, fold) > 0.97 * found, "element \(k)")
            }
        }
    }

    private func cost(of user: UserVector, _ samples: [FoldIn.Sample], _ fold: FoldIn) -> Double {
        var cost = 0.0
        for ((element, mean), variance) in zip(
            zip(user.elements(), fold.prior.user.elements()), fold.prior.userVariance.elements())
        {
            cost += Double(element - mean) * Double(element - mean) / max(Double(variance), 1e-4) / 2
        }
        for (sample, logit) in zip(samples, fold.model.score(user, items: samples.map(\.item))) {
            let error = 1 + 4 / (1 + exp(-Double(logit))) - Double(sample.target)
            cost += Double(sample.weight) * error * error / 2
        }
        return cost
    }

    @Test("a user who is folded in gets about the ratings that training with it gives", arguments: [0, 1])
    func foldedInLikeTrained(history: Int) throws {
        let data = Checkerboard(side: 32).dataset(.rating)
        var settings = settings(.mf, history: history)
        settings.epochs = 60
        let model = try snapshot(settings, data)
        for user in 0..<8 {
            let folded = model.foldIn(
                items: Array(data.items(of: user)), ratings: data.interactions(of: user).map { data.ratings[$0] })
            for item in 0..<data.itemCount {
                let trained = try #require(model.predict(user: user, item: item).rating)
                let found = try #require(model.predict(foldedIn: folded, item: item).rating)
                #expect(abs(trained - found) < 1, "user \(user), item \(item): \(trained), folded in \(found)")
            }
        }
    }

    // MARK: Files

    @Test("a snapshot keeps the output, in a format that older programs refuse, and so do weights", arguments: [0, 1])
    func files(history: Int) throws {
        let data = randomDataset(users: 9, items: 12, perUser: 5, rated: true, seed: 3)
        let original = try snapshot(settings(.neumf, history: history), data)
        try ModelStore(directory: scratch.path, keep: 5).publish(original)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 1)
        let loaded = try #require(restarted.current)
        #expect(loaded.lineage.hyperparameters.ratingOutput == .bounded)
        let manifests = scratch.names().map { String(decoding: scratch.read($0).prefix(200), as: UTF8.self) }
        #expect(manifests.contains { $0.contains("\"format\":4") })

        let metadata = WeightsMetadata(of: original)
        #expect(metadata.encoded["rating_output"] == "bounded")
        #expect(try WeightsMetadata(metadata.encoded) == metadata)
        var unscaled = metadata
        unscaled.ratingScale = nil
        #expect(throws: SnapshotFileError.self) { try WeightsMetadata(unscaled.encoded) }
        for item in 0..<12 {
            let prediction = original.predict(user: 2, item: item)
            #expect(prediction.rating != prediction.logit)
            #expect(loaded.predict(user: 2, item: item) == prediction)
        }
        #expect(loaded.foldIn(items: [1, 2], ratings: [5, 1]) == original.foldIn(items: [1, 2], ratings: [5, 1]))
    }

    @Test("settings that say linear are those that say nothing, to the byte of a snapshot")
    func linear() throws {
        let data = randomDataset(users: 9, items: 12, perUser: 5, rated: true, seed: 3)
        var unsaid = settings(.neumf, history: 1)
        unsaid.ratingOutput = Hyperparameters().ratingOutput
        var said = unsaid
        said.ratingOutput = .linear
        let other = ScratchDirectory()
        try ModelStore(directory: scratch.path, keep: 5).publish(snapshot(unsaid, data))
        try ModelStore(directory: other.path, keep: 5).publish(snapshot(said, data))
        #expect(scratch.names() == other.names() && !scratch.names().isEmpty)
        for name in scratch.names() {
            #expect(scratch.read(name) == other.read(name))
            #expect(!String(decoding: scratch.read(name), as: UTF8.self).contains("rating_output"))
        }
        let payloads = scratch.names().filter { $0.hasSuffix(".safetensors") }.map {
            String(decoding: scratch.read($0).prefix(4096), as: UTF8.self)
        }
        #expect(payloads.count == 1 && payloads.allSatisfy { $0.contains("snapshot 3") })
        #expect(WeightsMetadata(of: try snapshot(unsaid, data)).encoded["rating_output"] == nil)
    }
}
