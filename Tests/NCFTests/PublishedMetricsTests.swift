import Foundation
import JSON
import Testing

@testable import NCF

/// The metrics beside those of RecBole, ranx, scikit-learn, torchmetrics and SciPy on one small example:
/// `Fixtures/metrics/published.json`, made by `scripts/fixtures metrics`, names each one's version.
@Suite("Metrics as others compute them")
struct PublishedMetricsTests {
    private let published: JSONValue
    private let scorer: TableScorer
    private let train: InteractionDataset
    private let holdout: Holdout
    private let cutoffs = [1, 3, 5, 10]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/metrics/published.json")
        published = try JSONParser().parse(Array(Data(contentsOf: file))).root
        let example = try #require(published["example"])
        func table(_ name: String) -> [[Float]] {
            example[name]?.elements.map { $0.elements.compactMap(\.double).map(Float.init) } ?? []
        }
        func items(_ name: String) -> [[Int32]] {
            example[name]?.elements.map { $0.elements.compactMap(\.int).map(Int32.init) } ?? []
        }
        scorer = TableScorer(table: table("scores"))
        train = TableScorer.dataset(items("train"), items: scorer.itemCount)
        holdout = Holdout(items: items("held_out"), ratings: table("given"))
        try #require(holdout.userCount == 14 && scorer.itemCount == 30 && train.interactionCount > 30)
    }

    /// Every figure of a group with its source.
    private func figures(_ group: String) -> [(source: String, name: String, value: Double)] {
        var figures: [(source: String, name: String, value: Double)] = []
        for (source, values) in published[group]?.members.map({ $0 }) ?? [] {
            for (name, value) in values.members { figures.append((source, name, value.double ?? .nan)) }
        }
        return figures
    }

    private func ranking() -> (ranking: RankingMetrics, lists: [[Int32]]) {
        let length = published["example"]?["list_length"]?.int ?? 0
        return Evaluation.fullCatalogue(
            scorer: scorer, train: train, holdout: holdout, cutoffs: cutoffs, listLength: length)
    }

    @Test("hit rate, recall, precision, NDCG, MAP, MRR at each cutoff, MRR without one, and AUC")
    func rankings() {
        let own = ranking().ranking.byName
        let published = figures("ranking")
        for (source, name, value) in published {
            #expect(abs((own[name] ?? .nan) - value) < 1e-12, "\(name) by \(source): \(value)")
        }
        // Nothing is reported that nobody checks.
        #expect(Set(own.keys).subtracting(["users"]) == Set(published.map(\.name)))
        #expect(published.count == 24 + 21 + 1)
    }

    @Test("coverage, Gini, diversity within a list, and novelty")
    func beyondAccuracy() {
        let lists = ranking().lists
        let own = BeyondAccuracy(lists: lists, cutoff: 3, train: train).byName
        for (source, name, value) in figures("beyond_accuracy") {
            #expect(abs((own[name] ?? .nan) - value) < 1e-12, "\(name) by \(source): \(value)")
        }
        #expect(figures("beyond_accuracy").count == 4 && own["lists"] == 14)
    }

    @Test("errors of ratings")
    func ratings() {
        let predicted = published["example"]?["predicted"]?.elements.map { $0.elements.compactMap(\.double) } ?? []
        var metrics = RatingMetrics()
        for (predicted, given) in zip(predicted, holdout.ratings) {
            metrics.add(predicted: predicted.map(Float.init), actual: given)
        }
        for (source, name, value) in figures("rating") {
            #expect(abs((metrics.byName[name] ?? .nan) - value) < 1e-6, "\(name) by \(source): \(value)")
        }
        #expect(figures("rating").count == 3)
    }

    @Test("the interval of a figure is SciPy's, to a thirtieth of its width")
    func interval() throws {
        let theirs = try #require(published["interval"])
        let (low, high) = (theirs["low"]?.double ?? .nan, theirs["high"]?.double ?? .nan)
        let intervals = ranking().ranking.intervals(.init(resamples: 20_000, seed: 4))
        let own = try #require(intervals[theirs["figure"]?.string ?? ""])
        #expect(abs(own.low - low) < (high - low) / 30 && abs(own.high - high) < (high - low) / 30, "\(own)")
    }

    @Test("the expected calibration error is torchmetrics'")
    func calibration() throws {
        let theirs = try #require(published["calibration"])
        let probabilities = theirs["probabilities"]?.elements.compactMap(\.double) ?? []
        let outcomes = theirs["outcomes"]?.elements.compactMap(\.double) ?? []
        var reliability = Reliability(bins: 15)
        for (probability, outcome) in zip(probabilities, outcomes) {
            reliability.add(probability: probability, outcome: outcome)
        }
        #expect(abs(reliability.expectedError - (theirs["expected_error"]?.double ?? .nan)) < 1e-9)
        #expect(probabilities.count == 60 && outcomes.count == 60)
    }
}
