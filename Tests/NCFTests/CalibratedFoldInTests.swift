import TestSupport
import Testing

@testable import NCF

@Suite("Folding into a model whose logits were calibrated")
struct CalibratedFoldInTests {
    private let data = ServingFixture.dataset(users: 9, items: 60, seed: 7)
    private let calibration = LogitCalibration(slope: 0.3, offset: -1.25)

    private func snapshots(_ architecture: Architecture) -> (plain: ModelSnapshot, calibrated: ModelSnapshot) {
        let parameters = ServingFixture.parametersWithHistory(architecture, data, seed: 3)
        var lineage = ServingFixture.lineage()
        let plain = ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: lineage)
        (lineage.calibration, lineage.metrics["calibration_error"]) = (calibration, 0.01)
        let calibrated = ModelSnapshot(
            version: 2, dataset: data, parameters: parameters.calibrated(by: calibration), lineage: lineage)
        return (plain, calibrated)
    }

    @Test("whoever is folded in gets what the calibration makes of the logits", arguments: Architecture.allCases)
    func logits(architecture: Architecture) {
        let (plain, calibrated) = snapshots(architecture)
        let items = (0..<60).map { Int32($0) }
        let histories: [([Int32], [Float]?)] = [([3], nil), ([5, 17, 31, 8], nil), ([5, 17, 31], [2, -1, 3])]
        for (history, weights) in histories {
            let before = plain.model.score(plain.foldIn(items: history, weights: weights), items: items)
            let after = calibrated.model.score(calibrated.foldIn(items: history, weights: weights), items: items)
            for (before, after) in zip(before, after) {
                #expect(abs(calibration.slope * before + calibration.offset - after) < 2e-3)
            }
        }
        // What is known of a user moves by what is new as it did.
        let before = plain.model.score(plain.foldIn(user: 4, newer: [7, 50], weights: [1, -1]), items: items)
        let after = calibrated.model.score(calibrated.foldIn(user: 4, newer: [7, 50], weights: [1, -1]), items: items)
        for (before, after) in zip(before, after) {
            #expect(abs(calibration.slope * before + calibration.offset - after) < 2e-3)
        }
    }

    @Test("explanations are those of the model as it was, times the slope", arguments: [Architecture.mf, .neumf])
    func explanations(architecture: Architecture) throws {
        let parameters = ServingFixture.parameters(architecture, users: 9, items: 60, seed: 3)
        var lineage = ServingFixture.lineage()
        let plain = ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: lineage)
        lineage.calibration = calibration
        let calibrated = ModelSnapshot(
            version: 2, dataset: data, parameters: parameters.calibrated(by: calibration), lineage: lineage)
        let history: [Int32] = [5, 17, 31, 8]
        let found = [plain, calibrated].map { snapshot in
            snapshot.explain(snapshot.foldIn(items: history), items: [2, 40], history: history)
        }
        for (before, after) in zip(found[0], found[1]) {
            let scores = Dictionary(uniqueKeysWithValues: before.becauseOf.map { ($0.item, $0.score) })
            for reason in after.becauseOf {
                let expected = try #require(scores[reason.item])
                #expect(abs(calibration.slope * expected - reason.score) < 2e-3)
            }
        }
    }

    @Test("of a calibration that nobody noted, negatives count as many as it was among")
    func unknown() {
        var lineage = ServingFixture.lineage()
        lineage.hyperparameters.negativesPerPositive = 100
        func negatives(_ metrics: [String: Double], _ calibration: LogitCalibration?) -> Int {
            (lineage.metrics, lineage.calibration) = (metrics, calibration)
            return ModelSnapshot(
                version: 1, dataset: data, parameters: ServingFixture.parameters(.mf, users: 9, items: 60, seed: 3),
                lineage: lineage
            ).negativesPerPositive
        }
        #expect(negatives([:], nil) == 100)
        #expect(negatives(["calibration_error": 0.1], nil) == ScoreCalibration.negativesPerPositive)
        #expect(negatives(["calibration_error": 0.1], calibration) == 100)
    }

    @Test("a snapshot keeps its calibration")
    func kept() throws {
        let scratch = ScratchDirectory()
        let store = try ModelStore(directory: scratch.path, keep: 5)
        try store.publish(snapshots(.mf).calibrated)
        let restarted = try ModelStore(directory: scratch.path, keep: 5)
        #expect(restarted.loadNewestValid().loaded == 2)
        #expect(restarted.current?.lineage.calibration == calibration)
    }

    /// A model of cosines whose users are of length 1.7, and its rows of items.
    private func cosineModel(seen: Bool = true) -> ModelSnapshot {
        var parameters = ServingFixture.parameters(.mf, users: 9, items: 60, seed: 3)
        func unit(_ rows: [Float], _ scale: Float) -> [Float] {
            stride(from: 0, to: rows.count, by: parameters.embeddingDimension).flatMap { start in
                (CosineFit.unit(Array(rows[start..<start + parameters.embeddingDimension])) ?? []).map { scale * $0 }
            }
        }
        (parameters.userGMF, parameters.itemGMF) = (unit(parameters.userGMF, 1.7), unit(parameters.itemGMF, 1))
        parameters.userBias = parameters.userBias.map { _ in 0 }
        var lineage = ServingFixture.lineage(.cosineContrastive)
        lineage.hyperparameters.contrast = CosineContrast(margin: 0.1, negativeWeight: 4)
        let known = seen ? data : data.removing(Array(repeating: true, count: data.interactionCount))
        return ModelSnapshot(version: 1, dataset: known, parameters: parameters, lineage: lineage)
    }

    private func length(_ user: UserVector) -> Float { user.gmf.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test(
        "of cosines, what is disliked scores less than before, for strangers and for the known",
        arguments: [true, false])
    func cosineDislikes(seen: Bool) throws {
        let snapshot = cosineModel(seen: seen)
        func score(_ user: UserVector, _ item: Int32) -> Float { snapshot.model.score(user, items: [item])[0] }
        let stranger = snapshot.prior.user
        let best = Int32(try #require(snapshot.recommend(for: stranger, limit: 1).first).item)
        let turned = snapshot.foldIn(items: [best], weights: [-30])
        #expect(score(turned, best) < score(stranger, best) && length(turned) < 1.001 * length(stranger))
        for user in 0..<9 {
            let own = snapshot.model.vector(of: user)
            let fresh = try #require((0..<Int32(60)).first { !snapshot.seenItems(of: user).contains($0) })
            let top = Int32(try #require(snapshot.recommend(for: own, limit: 1).first).item)
            let disliking = snapshot.foldIn(user: user, newer: [top], weights: [-5])
            #expect(score(disliking, top) < score(own, top))
            let liking = snapshot.foldIn(user: user, newer: [fresh])
            #expect(score(liking, fresh) > score(own, fresh))
            #expect(abs(length(liking) - 1.7) < 1e-4 && abs(length(disliking) - 1.7) < 1e-4)
            // One item more is not another user.
            let cosine = zip(own.gmf, liking.gmf).reduce(0) { $0 + $1.0 * $1.1 } / (1.7 * 1.7)
            #expect(cosine > 0.95, "\(cosine)")
        }
    }

    @Test("of cosines, reasons are about what a score loses where the history is folded in without them")
    func cosineReasons() throws {
        let snapshot = cosineModel()
        let history: [Int32] = [5, 17, 31, 8, 44, 3, 28]
        let user = snapshot.foldIn(items: history)
        let asked: [Int32] = [2, 40, 13, 55]
        let whole = snapshot.model.score(user, items: asked)
        let rest = history.map { left in
            snapshot.model.score(snapshot.foldIn(items: history.filter { $0 != left }), items: asked)
        }
        var (products, squares) = (Float(0), (Float(0), Float(0)))
        for (row, explanation) in snapshot.explain(user, items: asked, history: history, reasons: 7).enumerated() {
            for reason in explanation.becauseOf {
                let place = try #require(history.firstIndex(of: Int32(reason.item)))
                let expected = whole[row] - rest[place][row]
                products += reason.score * expected
                squares = (squares.0 + reason.score * reason.score, squares.1 + expected * expected)
            }
        }
        // Of about the same size, and alike.
        #expect(products / (squares.0 * squares.1).squareRoot() > 0.7)
        #expect((0.4...2.5).contains((squares.0 / squares.1).squareRoot()))
    }

    @Test("of cosines, a stranger's direction is down the loss of training, at the length of the trained users")
    func cosines() throws {
        var random = SeededGenerator(seed: 8)
        let snapshot = cosineModel()
        let (width, lineage) = (snapshot.model.gmfWidth, snapshot.lineage)
        let (history, weights): ([Int32], [Float]) = ([5, 17, 31, 8, 44], [1, 2, 1, 1, -1])
        let user = snapshot.foldIn(items: history, weights: weights)
        #expect(abs(user.gmf.reduce(0) { $0 + $1 * $1 }.squareRoot() - 1.7) < 1e-4)
        let samples = snapshot.foldInSamples(items: history, weights: weights, ratings: nil).all
        let shares = samples.reduce(Float(0)) { $0 + ($1.target > 0 || $1.isDisliked ? 0 : $1.weight) }
        let negatives = Float(lineage.hyperparameters.negativesPerPositive)
        func loss(_ point: [Float]) -> Float {
            let point = CosineFit.unit(point) ?? point
            return samples.reduce(0) { sum, sample in
                let row = snapshot.model.itemGMF[Int(sample.item) * width..<(Int(sample.item) + 1) * width]
                let cosine = zip(row, point).reduce(0) { $0 + $1.0 * $1.1 }
                if sample.target > 0 { return sum + sample.weight * (1 - cosine) }
                // Five positives' worth of negatives, and one dislike among those of a positive.
                let weight = sample.isDisliked ? sample.weight / negatives : 5 * sample.weight / shares
                return sum + 4 * weight * max(0, cosine - 0.1)
            }
        }
        // From where the positives alone would have it.
        let pulled = (0..<width).map { k in
            samples.reduce(Float(0)) { sum, sample in
                sample.target > 0 ? sum + sample.weight * snapshot.model.itemGMF[Int(sample.item) * width + k] : sum
            }
        }
        #expect(loss(user.gmf) < 0.98 * loss(pulled))
        // Less than almost anywhere else.
        let others = (0..<2000).count { _ in
            loss((0..<width).map { _ in Float.random(in: -1...1, using: &random) }) < loss(user.gmf)
        }
        #expect(others < 100, "\(others) of 2,000")
        let metadata = WeightsMetadata(of: snapshot)
        #expect(metadata.encoded["contrastive_margin"] == "0.1" && metadata.encoded["contrastive_weight"] == "4.0")
        #expect(try WeightsMetadata(metadata.encoded).contrast == lineage.hyperparameters.contrast)
        // What a known user does next leaves it on its sphere.
        let moved = snapshot.foldIn(user: 2, newer: history, weights: weights)
        #expect(moved != snapshot.model.vector(of: 2))
        #expect(abs(moved.gmf.reduce(0) { $0 + $1 * $1 }.squareRoot() - 1.7) < 1e-4)
    }
}
