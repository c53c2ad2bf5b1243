import Glibc
import Testing

@testable import NCF

@Suite("Calibrated scores")
struct ScoreCalibrationTests {
    /// Scores that are the log-odds of an interaction, times three, less one.
    private struct Skewed: Scorer {
        let itemCount: Int
        let truth: [[Double]]

        func logit(_ user: Int, _ item: Int) -> Float { Float(3 * truth[user][item] - 1) }

        func score(user: Int, into scores: inout MutableSpan<Float>) {
            for item in 0..<itemCount { scores[item] = logit(user, item) }
        }

        func score(user: Int, items: [Int32]) -> [Float] { items.map { logit(user, Int($0)) } }
    }

    /// Users who each hold out one item, drawn among those not trained on by the softmax of the true log-odds.
    private func scene(users: Int) -> (Skewed, InteractionDataset, Holdout) {
        let items = 40
        let train = randomDataset(users: users, items: items, perUser: 1, seed: 3)
        var random = SplitMix64(seed: 9)
        let truth = (0..<users).map { _ in (0..<items).map { _ in 2 * random.nextNormal() } }
        let held = (0..<users).map { user -> [Int32] in
            let seen = Set(train.items(of: user))
            let odds = (0..<items).map { seen.contains(Int32($0)) ? 0 : exp(truth[user][$0]) }
            var rest = random.nextUnit() * odds.reduce(0, +)
            return [
                Int32(
                    odds.firstIndex {
                        rest -= $0; return rest < 0
                    } ?? items - 1)
            ]
        }
        let holdout = Holdout(items: held, ratings: held.map { $0.map { _ in Float.nan } }, negatives: nil)
        return (Skewed(itemCount: items, truth: truth), train, holdout)
    }

    @Test("a slope that is too steep is found, and the scores then hold")
    func recovers() throws {
        let (scorer, train, holdout) = scene(users: 2000)
        let found = try #require(ScoreCalibration(scorer: scorer, train: train, holdout: holdout, seed: 1))
        #expect(abs(found.logits.slope - 1.0 / 3) < 0.04)
        #expect(found.expectedError < 0.03)
    }

    @Test("too small a holdout, or scores that say nothing, calibrate nothing")
    func refuses() {
        let (scorer, train, holdout) = scene(users: ScoreCalibration.leastPositives - 1)
        #expect(ScoreCalibration(scorer: scorer, train: train, holdout: holdout, seed: 1) == nil)
        let (skewed, enough, held) = scene(users: 300)
        let inverse = Skewed(itemCount: skewed.itemCount, truth: skewed.truth.map { $0.map { -$0 } })
        #expect(ScoreCalibration(scorer: inverse, train: enough, holdout: held, seed: 1) == nil)
    }

    @Test("every logit of a calibrated model is slope times the old one plus offset", arguments: Architecture.allCases)
    func applied(architecture: Architecture) throws {
        let (scorer, train, holdout) = scene(users: 200)
        let calibration = try #require(ScoreCalibration(scorer: scorer, train: train, holdout: holdout, seed: 1))
        let before = randomModel(architecture, users: 3, items: 4, seed: 8).parameters()
        let (slope, offset) = (calibration.logits.slope, calibration.logits.offset)
        let after = before.calibrated(by: calibration.logits)
        for user in 0..<3 {
            for item in 0..<4 {
                let expected = slope * before.logit(user: user, item: item) + offset
                #expect(abs(after.logit(user: user, item: item) - expected) < 1e-5)
            }
        }
        if architecture == .mf { #expect(after.outputWeights.allSatisfy { $0 == 1 }) }
    }
}
