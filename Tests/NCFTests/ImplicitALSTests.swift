import Testing

@testable import NCF

@Suite("Alternating least squares")
struct ImplicitALSTests {
    private let dimension = 4
    private let data = randomDataset(users: 20, items: 12, perUser: 5, seed: 4)

    private func als(
        _ data: InteractionDataset, sweeps: Int = 5, threads: Int = 1, seed: UInt64 = 1, regularization: Double = 0.02
    ) -> ImplicitALS {
        let settings = ClosedFormStart(sweeps: sweeps, regularization: regularization, unobservedWeight: 0.1)
        return ImplicitALS(dataset: data, settings: settings, seed: seed, loop: ParallelLoop(threads: threads))
    }

    /// The objective as the type's comment states it, pair by pair.
    private func objective(_ als: ImplicitALS, _ factors: ImplicitFactors) -> Double {
        let data = als.dataset
        let (penalty, unobserved) = (als.settings.regularization, als.settings.unobservedWeight)
        func square(_ table: AlignedBuffer<Float>, _ row: Int) -> Double {
            (0..<factors.dimension).reduce(0) { sum, k in
                let element = Double(table[row * factors.dimension + k])
                return sum + element * element
            }
        }
        var sum = 0.0
        var itemCounts = [Int](repeating: 0, count: data.itemCount)
        for user in 0..<data.userCount {
            for place in data.interactions(of: user) {
                let weight = Double(data.weights[place])
                let error = (weight < 0 ? 0 : 1) - Double(factors.score(user: user, item: Int(data.items[place])))
                sum += abs(weight) * error * error
                itemCounts[Int(data.items[place])] += 1
            }
            for item in 0..<data.itemCount {
                let score = Double(factors.score(user: user, item: item))
                sum += unobserved * score * score
            }
            let frequency = Double(data.interactions(of: user).count) + unobserved * Double(data.itemCount)
            sum += penalty * frequency * square(factors.users, user)
        }
        for item in 0..<data.itemCount {
            let frequency = Double(itemCounts[item]) + unobserved * Double(data.userCount)
            sum += penalty * frequency * square(factors.items, item)
        }
        return sum
    }

    /// The same with every third interaction disliked, and more so.
    private var disliked: InteractionDataset {
        var builder = InteractionDataset.Builder()
        let dislike = builder.define(FeedbackKind(weight: 2, sign: .negative))
        for user in 0..<data.userCount {
            for place in data.interactions(of: user) {
                builder.add(
                    userID: "\(user)", itemID: "\(data.items[place])", rating: nil, timestamp: 1,
                    kind: place % 3 == 0 ? dislike : 0)
            }
        }
        return builder.build()
    }

    // An item has five to twelve users: a system of as many unknowns as it has elements, or as it has users.
    @Test(
        "the last half sweep leaves every item at the minimum: a nudge of any factor raises the objective",
        arguments: [false, true], [4, 9, 16])
    func stationary(withDislikes: Bool, dimension: Int) throws {
        let data = withDislikes ? disliked : data
        #expect(data.hasDislikes == withDislikes)
        let als = als(data)
        let factors = try #require(als.factors(dimension: dimension) { false })
        let least = objective(als, factors)
        for item in 0..<data.itemCount {
            for k in 0..<dimension {
                for nudge in [-0.02, 0.02] as [Float] {
                    factors.items[item * dimension + k] += nudge
                    #expect(objective(als, factors) > least)
                    factors.items[item * dimension + k] -= nudge
                }
            }
        }
    }

    @Test("every sweep lowers the objective", arguments: [4, 16])
    func descends(dimension: Int) throws {
        let values = try (0...6).map { sweeps in
            let als = als(data, sweeps: sweeps)
            return objective(als, try #require(als.factors(dimension: dimension) { false }))
        }
        for (before, after) in zip(values, values.dropFirst()) { #expect(after < before) }
    }

    @Test("next to no penalty, and more dimensions than the data has: an observed pair is met, and nothing overflows")
    func unpenalised() throws {
        let als = als(data, regularization: 1e-9)
        let factors = try #require(als.factors(dimension: 16) { false })
        #expect(factors.users.array.allSatisfy(\.isFinite) && factors.items.array.allSatisfy(\.isFinite))
        let met = (0..<data.userCount).flatMap { user in
            data.interactions(of: user).map { factors.score(user: user, item: Int(data.items[$0])) }
        }
        // With a weight of 1 beside one of .1 for all pairs alike, 1 / 1.1 is the best there is.
        #expect(met.allSatisfy { abs($0 - 1 / 1.1) < 0.02 })
    }

    @Test("the bytes are the same for any number of threads, and others for another seed")
    func deterministic() throws {
        let results = try [1, 2, 3].map { threads in
            try #require(als(data, threads: threads).factors(dimension: dimension) { false })
        }
        for other in results.dropFirst() {
            #expect(other.users.array == results[0].users.array)
            #expect(other.items.array == results[0].items.array)
        }
        let other = try #require(als(data, seed: 2).factors(dimension: dimension) { false })
        #expect(other.items.array != results[0].items.array)
    }

    @Test("items without interactions get zeros, everyone else something finite")
    func empty() throws {
        let (train, _) = randomDataset(users: 30, items: 40, perUser: 2, seed: 1).split(.leaveOneOut, seed: 1)
        let factors = try #require(als(train).factors(dimension: dimension) { false })
        #expect(factors.users.array.allSatisfy(\.isFinite) && factors.items.array.allSatisfy(\.isFinite))
        let seen = Set(train.items)
        #expect(seen.count < train.itemCount)
        for item in 0..<train.itemCount {
            let row = factors.items.array[item * dimension..<(item + 1) * dimension]
            #expect(row.allSatisfy { $0 == 0 } != seen.contains(Int32(item)))
        }
    }

    @Test("an interaction of greater weight is met more closely")
    func weights() throws {
        func score(weight: Float) throws -> Float {
            var builder = InteractionDataset.Builder()
            for user in 0..<20 {
                for item in 0..<4 {
                    let isHeavy = user == 0 && item == 0
                    builder.add(
                        userID: "u\(user)", itemID: "i\((user + item) % 15)", rating: nil,
                        weight: isHeavy ? weight : 1, timestamp: 1)
                }
            }
            return try #require(als(builder.build()).factors(dimension: 2) { false }).score(user: 0, item: 0)
        }
        #expect(try score(weight: 20) > score(weight: 1) + 0.05)
    }

    @Test("it stops between two sweeps when asked to", arguments: [0, 3])
    func cancel(after sweeps: Int) {
        var questions = 0
        let factors = als(data).factors(dimension: dimension) {
            questions += 1
            return questions > sweeps
        }
        #expect(factors == nil)
        #expect(questions == sweeps + 1)
    }
}
