import Glibc
import Testing

@testable import NCF

@Suite("Weights by inverse propensity")
struct InversePropensityTests {
    private func total(_ factors: [Float], _ counts: [Float]) -> Float {
        zip(factors, counts).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test("count each item by its power, and leave the sum of the weights as it was", arguments: [0.25, 0.5, 1, 2])
    func power(exponent: Double) {
        let counts: [Float] = [100, 25, 4, 1]
        let factors = InversePropensity(exponent: exponent, clip: 1000).factors(counts: counts)
        #expect(abs(total(factors, counts) - 130) < 1e-3)
        for (factor, count) in zip(factors, counts) {
            let expected = Float(pow(Double(100 / count), exponent))
            #expect(abs(factor / factors[0] - expected) < 1e-3 * expected)
        }
    }

    @Test("are no more than the clip before what was cut off is given to all")
    func clipped() {
        let counts: [Float] = Array(repeating: 1, count: 10) + [1000]
        let factors = InversePropensity(exponent: 1, clip: 2).factors(counts: counts)
        #expect(abs(total(factors, counts) - 1010) < 1e-2)
        let free = InversePropensity(exponent: 1, clip: 1000).factors(counts: counts)
        #expect(factors[0] / factors[10] < free[0] / free[10])
        // 1010 interactions over 11 items: the popular one counts 1010/11000, twice the mean is 2.
        let popular: Float = 1010.0 / 11 / 1000
        #expect(abs(factors[0] / factors[10] - 2 / popular) < 1e-2)
    }

    @Test("are 1 where nothing is weighed, and an item without interactions counts as the rarest")
    func none() {
        #expect(InversePropensity.none.factors(counts: [5, 0, 1]) == [1, 1, 1])
        #expect(InversePropensity(exponent: 1).factors(counts: [0, 0]) == [1, 1])
        let factors = InversePropensity(exponent: 0.5).factors(counts: [9, 0, 1])
        #expect(factors[1] == factors[2] && factors[2] > factors[0])
        #expect(InversePropensity(exponent: 0.5).factors(counts: []).isEmpty)
    }

    /// Everybody has one of two popular items; half like one niche, half the other.
    private static func dataset() -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        for user in 0..<60 {
            builder.add(userID: "u\(user)", itemID: "hit\(user % 3)", rating: Float(user % 5))
            builder.add(userID: "u\(user)", itemID: "hit\((user + 1) % 3)", rating: Float(user % 4))
            for item in 0..<12 where (item + user * 7) % 5 == 0 {
                builder.add(userID: "u\(user)", itemID: "niche\(user % 2) \(item)", rating: Float(item % 5))
            }
        }
        return builder.build()
    }

    @Test("weigh positives alone, and nothing where they are off")
    func dataset() {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(sign: .negative))
        for user in 0..<4 { builder.add(userID: "\(user)", itemID: "a", rating: nil) }
        builder.add(userID: "0", itemID: "b", rating: nil, weight: 2)
        builder.add(userID: "1", itemID: "b", rating: nil, kind: dislike)
        builder.add(userID: "2", itemID: "b", rating: nil, weight: 0)
        let data = builder.build()
        #expect(data.positiveCounts == [4, 1])
        let weighted = data.weighted(by: InversePropensity(exponent: 1))
        #expect(weighted.items == data.items)
        let of = { (user: Int, item: Int32) in
            weighted.interactions(of: user).filter { weighted.items[$0] == item }.map { weighted.weights[$0] }
        }
        // Each item has half of five.
        #expect(abs(of(3, 0)[0] - 0.625) < 1e-5 && abs(of(0, 1)[0] - 5) < 1e-5)
        #expect(of(1, 1) == [-1] && of(2, 1) == [0])
        #expect(data.weighted(by: .none).weights == data.weights)
    }

    @Test(
        "move every objective and closed form towards the rare, and leave the bytes of a training without them",
        arguments: [Objective.implicit, .bpr, .softmax, .cosineContrastive, .rating], [true, false])
    func training(objective: Objective, closedForm: Bool) throws {
        let data = Self.dataset()
        func parameters(_ exponent: Double, clip: Double = 10) throws -> ModelParameters {
            var settings = Hyperparameters.defaults(for: .mf, objective: objective)
            (settings.epochs, settings.earlyStopping, settings.embeddingDimension, settings.threads) = (2, 0, 4, 1)
            settings.propensity = InversePropensity(exponent: exponent, clip: clip)
            if !closedForm { (settings.start, settings.history) = (.none, .none) }
            if closedForm, objective == .implicit { settings.epochs = 0 }
            return try Trainer(dataset: data, hyperparameters: settings).train().parameters
        }
        let plain = try parameters(0)
        #expect(try parameters(0, clip: 3) == plain)
        let weighed = try parameters(0.5)
        #expect(weighed != plain && weighed.isFinite)
        guard objective == .implicit, closedForm else { return }
        // Over all users: how many of the three hits each would have before its own niche's items, which nobody else has.
        func hitsBeforeNiche(_ parameters: ModelParameters) -> Int {
            (0..<data.userCount).reduce(0) { sum, user in
                let logits = (0..<data.itemCount).map { parameters.logit(user: user, item: $0) }
                let own = (0..<data.itemCount).filter { data.itemIDs[$0].hasPrefix("niche\(user % 2)") }
                return sum
                    + (0..<data.itemCount).reduce(0) { before, item in
                        guard data.itemIDs[item].hasPrefix("hit") else { return before }
                        return before + own.count { logits[item] > logits[$0] }
                    }
            }
        }
        #expect(hitsBeforeNiche(weighed) < hitsBeforeNiche(plain))
    }

    @Test("bounds are named, and a clip without a propensity is refused where it was asked for")
    func bounds() throws {
        var settings = Hyperparameters.defaults(for: .mf)
        settings.propensity = InversePropensity(exponent: 2.1, clip: 0.5)
        let error = #expect(throws: HyperparameterFaults.self) { try settings.validate() }
        #expect(error?.faults.map(\.name) == ["propensity", "propensity_clip"])
        settings.propensity = InversePropensity(exponent: .nan, clip: .nan)
        #expect(throws: HyperparameterFaults.self) { try settings.validate() }
        settings.propensity = .none
        let given = #expect(throws: HyperparameterFaults.self) {
            try settings.validateAsAskedForTest([.propensityClip])
        }
        #expect(given?.faults.map(\.name) == ["propensity_clip"])
        settings.propensity = InversePropensity(exponent: 2, clip: 1000)
        try settings.validate()
    }
}

extension Hyperparameters {
    fileprivate func validateAsAskedForTest(_ given: GivenSettings) throws(HyperparameterFaults) {
        let faults = given.irrelevant(to: self)
        if !faults.isEmpty { throw HyperparameterFaults(faults: faults) }
    }
}
