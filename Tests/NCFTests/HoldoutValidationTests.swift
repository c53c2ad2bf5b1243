import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("What an epoch is measured on")
struct HoldoutValidationTests {
    private let users = 1_100
    private let items = 60

    /// Three held-out items of each user, but none of every seventh; lists of none to five to rank them among, in which the held-out ones
    /// may stand too.
    private func holdout() -> Holdout {
        var random = SeededGenerator(seed: 7)
        let held: [[Int32]] = (0..<users).map { user in
            user % 7 == 0 ? [] : (0..<3).map { _ in Int32.random(in: 0..<Int32(items), using: &random) }
        }
        let lists: [[Int32]] = (0..<users).map { user in
            (0..<user % 6).map { _ in Int32.random(in: 0..<Int32(items), using: &random) }
        }
        return Holdout(items: held, ratings: held.map { $0.map { Float($0 % 5) + 1 } }, negatives: lists)
    }

    private func dataset() -> InteractionDataset {
        randomDataset(users: users, items: items, perUser: 4, rated: true, seed: 2)
    }

    private func logit(_ parameters: ModelParameters, _ user: Int, _ item: Int32) -> Float {
        let dimension = parameters.embeddingDimension
        let product = (0..<dimension).reduce(Float(0)) { sum, element in
            sum + parameters.userGMF[user * dimension + element] * parameters.itemGMF[Int(item) * dimension + element]
        }
        return parameters.globalBias + parameters.userBias[user] + parameters.itemBias[Int(item)] + product
    }

    @Test("each held-out item is ranked among its user's list, over the bounds of batches, itself never above itself")
    func ranks() throws {
        let holdout = holdout()
        let model = randomModel(.mf, users: users, items: items, seed: 5)
        let parameters = model.parameters()
        var (hits, gain, count) = (0.0, 0.0, 0.0)
        for user in 0..<users {
            for item in holdout.items[user] {
                let own = logit(parameters, user, item)
                let above = try #require(holdout.negatives)[user].count {
                    $0 != item && logit(parameters, user, $0) >= own
                }
                count += 1
                guard above < 10 else { continue }
                hits += 1
                gain += 1 / log2(Double(above + 2))
            }
        }
        let validation = HoldoutValidation(dataset: dataset(), holdout: holdout, objective: .implicit, seed: 1)
        #expect(Double(validation.pairCount) == count)
        let report = try #require(validation.measure(model, loop: ParallelLoop(threads: 2)))
        #expect(abs(report.value - gain / count) < 1e-4)
        #expect(report.metrics["hit_rate_at_10"] == hits / count)
    }

    @Test("of ratings it is the error of what is predicted within the scale, in whose deviations the logits are")
    func errors() throws {
        let holdout = holdout()
        let deviation = Double(try #require(dataset().ratingScale).deviation)
        let model = randomModel(.mf, users: users, items: items, objective: .rating, seed: 5)
        let parameters = model.parameters()
        var (squares, count) = (0.0, 0.0)
        for user in 0..<users {
            for (item, rating) in zip(holdout.items[user], holdout.ratings[user]) {
                let error = min(max(deviation * Double(logit(parameters, user, item)), 1), 5) - Double(rating)
                squares += error * error
                count += 1
            }
        }
        let validation = HoldoutValidation(dataset: dataset(), holdout: holdout, objective: .rating, seed: 1)
        let report = try #require(validation.measure(model, loop: ParallelLoop(threads: 2)))
        #expect(abs(report.value - (squares / count).squareRoot()) < 1e-4)
    }
}
