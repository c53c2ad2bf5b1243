import Testing

@testable import NCF

@Suite("Ratings on any scale")
struct RatingScaleTests {
    private func settings(_ architecture: Architecture, _ output: RatingOutput, history: Int) -> Hyperparameters {
        var settings = Hyperparameters(
            architecture: architecture, objective: .rating, embeddingDimension: 8, hiddenLayerSizes: [16, 8],
            history: HistoryBag(dimension: history), epochs: 12, batchSize: 64, learningRate: 0.01,
            weightDecay: architecture == .mf ? 0.1 : 0, earlyStopping: 100)
        settings.ratingOutput = output
        return settings
    }

    private func scaled(_ data: InteractionDataset, by factor: Float) -> InteractionDataset {
        InteractionDataset(
            userIDs: data.userIDs, itemIDs: data.itemIDs, userOffsets: data.userOffsets, items: data.items,
            ratings: data.ratings.map { factor * $0 }, weights: data.weights, timestamps: data.timestamps,
            cleaning: data.cleaning)
    }

    private func snapshot(_ settings: Hyperparameters, _ data: InteractionDataset) throws -> ModelSnapshot {
        let result = try Trainer(dataset: data, hyperparameters: settings).train()
        var lineage = ServingFixture.lineage(.rating)
        lineage.hyperparameters = result.hyperparameters
        return ModelSnapshot(version: 1, dataset: data, parameters: result.parameters, lineage: lineage)
    }

    @Test("the range and the deviation are of what is rated, in two passes")
    func figures() throws {
        #expect(RatingScale([] as [Float]) == nil && RatingScale([.nan]) == nil)
        let scale = try #require(RatingScale([.nan, 2, 4, 4, 4, 5, 5, 7, 9]))
        #expect(scale.range == 2...9 && scale.deviation == 2)
        #expect(try #require(RatingScale([1e6, 1e6 + 2] as [Float])).deviation == 1)
        #expect(try #require(RatingScale([3, 3] as [Float])) == RatingScale(range: 3...3, deviation: 1))
        // Where nobody says it is a quarter of the width: 1 on the scale from 1 to 5.
        #expect(RatingScale(range: 1...5).deviation == 1 && RatingScale(range: 0...1000).deviation == 250)
        #expect(RatingScale(range: 3...3).deviation == 1)
    }

    @Test(
        "ratings in other units are learned, measured and folded in alike", arguments: [Architecture.mf, .neumf],
        [
            (RatingOutput.linear, 0, 256), (.linear, 1, 256), (.bounded, 1, 256), (.linear, 0, 1 / 1024),
            (.bounded, 0, 1 / 1024),
        ]
            as [(RatingOutput, Int, Float)])
    func units(architecture: Architecture, form: (output: RatingOutput, history: Int, factor: Float)) throws {
        let factor = form.factor
        // The factor is a power of two, so that nothing is rounded otherwise.
        let data = Checkerboard(side: 24).dataset(.rating)
        let other = scaled(data, by: factor)
        let settings = settings(architecture, form.output, history: form.history)
        let (left, right) = (try snapshot(settings, data), try snapshot(settings, other))
        let (items, ratings) = ([1, 5, 8, 12] as [Int32], [5, 1, 4, 2] as [Float])
        let folded = left.foldIn(items: items, ratings: ratings)
        let foldedOther = right.foldIn(items: items, ratings: ratings.map { factor * $0 })
        let (reasons, reasonsOther) = (
            left.explain(folded, items: [3, 9], history: items, ratings: ratings),
            right.explain(foldedOther, items: [3, 9], history: items, ratings: ratings.map { factor * $0 })
        )
        #expect(reasons.contains { !$0.becauseOf.isEmpty })
        for (own, their) in zip(reasons, reasonsOther) {
            #expect(own.becauseOf.map(\.item) == their.becauseOf.map(\.item))
        }
        var spread: Set<Float> = []
        for item in 0..<data.itemCount {
            for (own, their) in [
                (left.predict(user: 3, item: item), right.predict(user: 3, item: item)),
                (left.predict(foldedIn: folded, item: item), right.predict(foldedIn: foldedOther, item: item)),
            ] {
                let (rating, other) = (try #require(own.rating), try #require(their.rating))
                #expect(abs(factor * rating - other) < 1e-3 * factor, "item \(item): \(rating), \(other)")
                #expect(abs(own.probability - their.probability) < 1e-3)
                spread.insert(rating)
            }
        }
        #expect(spread.count > 10)
    }

    @Test("epochs report the error and the loss in the ratings' own units", arguments: [RatingOutput.linear, .bounded])
    func reports(output: RatingOutput) throws {
        let factor: Float = 256
        let data = Checkerboard(side: 24).dataset(.rating)
        let settings = settings(.mf, output, history: 0)
        func reports(_ data: InteractionDataset) throws -> [EpochReport] {
            let split = data.split(.random, seed: 5)
            return try Trainer(dataset: split.train, hyperparameters: settings).train(holdout: split.holdout).reports
        }
        let (own, their) = (try reports(data), try reports(scaled(data, by: factor)))
        #expect(own.count == 12 && their.count == 12)
        for (left, right) in zip(own, their) {
            let (error, other) = (try #require(left.validation).value, try #require(right.validation).value)
            #expect(error > 0 && abs(other / error - Double(factor)) < 1e-3 * Double(factor))
            #expect(abs(right.loss / left.loss - Double(factor * factor)) < 1e-3 * Double(factor * factor))
        }
        let last = try #require(own.last)
        #expect(last.loss < 1.5 && last.loss > 0.01)
    }

    @Test("a rating beyond the scale counts as its end in folding in")
    func beyond() throws {
        let data = Checkerboard(side: 24).dataset(.rating)
        let model = try snapshot(settings(.mf, .linear, history: 1), data)
        #expect(model.ratingRange == 1...5)
        #expect(
            model.foldIn(items: [1, 5], ratings: [1000, -3]) == model.foldIn(items: [1, 5], ratings: [5, 1]))
        #expect(
            model.foldIn(user: 2, newer: [7], ratings: [100]) == model.foldIn(user: 2, newer: [7], ratings: [5]))
    }

    @Test("files keep the deviation; older ones have a quarter of the scale")
    func files() throws {
        let data = scaled(Checkerboard(side: 24).dataset(.rating), by: 256)
        let model = try snapshot(settings(.mf, .linear, history: 0), data)
        let scale = try #require(model.ratingScale)
        #expect(scale == data.ratingScale && scale.deviation > 200)
        let scratch = ScratchDirectory()
        let store = try ModelStore(directory: scratch.path, keep: 5)
        try store.publish(model)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 1)
        #expect(try #require(restarted.current).ratingScale == scale)

        let metadata = WeightsMetadata(of: model)
        #expect(try WeightsMetadata(metadata.encoded) == metadata)
        var encoded = metadata.encoded
        encoded["rating_deviation"] = nil
        #expect(try #require(try WeightsMetadata(encoded).ratingScale).deviation == 256)
        // What an older program has no use for it is not given, for it would refuse the name.
        #expect(WeightsMetadata(of: ServingFixture.snapshot(.mf)).encoded["rating_deviation"] == nil)
        for wrong in ["0", "-1", "much", "inf", "nan"] {
            encoded["rating_deviation"] = wrong
            #expect(throws: SnapshotFileError.self) { try WeightsMetadata(encoded) }
        }
        #expect(throws: SnapshotFileError.self) { try WeightsMetadata(["rating_deviation": "1"]) }
    }

    @Test("what a model is known to be off by is what folding in measures errors in")
    func unit() throws {
        let data = Checkerboard(side: 24).dataset(.rating)
        func model(rmse: Double?) throws -> ModelSnapshot {
            let result = try Trainer(dataset: data, hyperparameters: settings(.mf, .linear, history: 0)).train()
            var lineage = ServingFixture.lineage(.rating)
            lineage.hyperparameters = result.hyperparameters
            lineage.metrics["rmse"] = rmse
            return ModelSnapshot(version: 1, dataset: data, parameters: result.parameters, lineage: lineage)
        }
        let deviation = try #require(data.ratingScale).deviation
        #expect(try model(rmse: nil).ratingUnit == deviation && model(rmse: 99).ratingUnit == deviation)
        #expect(try model(rmse: 0.5).ratingUnit == 0.5 && model(rmse: 0).ratingUnit == 0.1 * deviation)
        // The surer the ratings, the nearer to them.
        func error(_ rmse: Double?) throws -> Float {
            let model = try model(rmse: rmse)
            let user = model.foldIn(items: [1, 2, 5], ratings: [5, 1, 4])
            return zip([1, 2, 5], [5, 1, 4] as [Float]).reduce(0) {
                $0 + abs(model.predict(foldedIn: user, item: $1.0).logit - $1.1)
            }
        }
        #expect(try error(0.3) < error(1) && error(1) < error(nil))
    }
}
