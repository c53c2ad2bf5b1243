import Glibc
import Testing

@testable import NCF

@Suite("Negatives in a mini-batch")
struct NegativeWeightsTests {
    private func settings(
        _ sampling: NegativeSampling, _ objective: Objective = .softmax, exponent: Double = 1, negatives: Int = 6
    ) -> Hyperparameters {
        var settings = Hyperparameters(
            architecture: .mf, objective: objective, embeddingDimension: 5, epochs: 2, batchSize: 210,
            learningRate: 0.01, negativesPerPositive: negatives, earlyStopping: 0)
        settings.negativeSampling = sampling
        settings.popularityExponent = exponent
        return settings
    }

    /// All batches of an epoch, of up to `capacity` groups.
    private func batches(_ source: TrainingSource, capacity: Int, epoch: Int) -> [MiniBatch] {
        let order = source.order(epoch: epoch)
        return stride(from: 0, to: source.groupCount, by: capacity).map { first in
            let batch = MiniBatch(capacity: capacity, samplesPerGroup: source.samplesPerGroup)
            batch.groupCount = min(capacity, source.groupCount - first)
            source.fill(0..<batch.groupCount, of: batch, first: first, order: order, epoch: epoch)
            return batch
        }
    }

    @Test(
        "the softmax's sum over sampled negatives is, in the mean, the one over all non-positives",
        arguments: NegativeSampling.allCases)
    func unbiased(sampling: NegativeSampling) throws {
        // Popular items are long in everybody's history, so that an error in the correction shows.
        var random = SplitMix64(seed: 4)
        var builder = InteractionDataset.Builder()
        for user in 0..<30 {
            for item in 0..<20 where item == user % 20 || random.below(20) > item + 3 {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil)
            }
        }
        let data = builder.build()
        let source = try TrainingSource(dataset: data, hyperparameters: settings(sampling))
        // What each item adds to the sum; unlike, and more for popular ones.
        let terms = (0..<20).map { exp(2 * sin(Double($0))) / Double($0 + 1) }
        var estimates = [[Double]](repeating: [], count: data.userCount)
        for epoch in 1...60 {
            for batch in batches(source, capacity: 30, epoch: epoch) {
                for group in 0..<batch.groupCount {
                    let samples = group * 7 + 1..<group * 7 + 7
                    let sum = samples.reduce(0) { $0 + Double(batch.weights[$1]) * terms[Int(batch.items[$1])] }
                    guard samples.contains(where: { batch.weights[$0] > 0 }) else { continue }
                    estimates[Int(batch.users[group])].append(sum)
                }
            }
        }
        for user in 0..<data.userCount {
            let positives = Set(data.items(of: user))
            let others = (0..<Int32(20)).filter { !positives.contains($0) }
            let expected = 6 * others.reduce(0) { $0 + terms[Int($1)] } / Double(others.count)
            let count = Double(estimates[user].count)
            let mean = estimates[user].reduce(0, +) / count
            let variance = estimates[user].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            #expect(abs(mean - expected) < 5 * (variance / count).squareRoot() + 1e-6, "user \(user)")
        }
    }

    @Test("popularity to the power of 0 weighs as uniform does; other objectives weigh no negative")
    func plainWeights() throws {
        let data = randomDataset(users: 20, items: 15, perUser: 4, seed: 6)
        let flat = try TrainingSource(dataset: data, hyperparameters: settings(.popularity, exponent: 0))
        for batch in batches(flat, capacity: 30, epoch: 1) {
            for sample in 0..<batch.sampleCount { #expect(abs(batch.weights[sample] - 1) < 1e-6) }
        }
        for objective in [Objective.implicit, .bpr] {
            let source = try TrainingSource(dataset: data, hyperparameters: settings(.popularity, objective))
            for batch in batches(source, capacity: 30, epoch: 1) {
                for sample in 0..<batch.sampleCount { #expect(batch.weights[sample] == 1) }
            }
        }
    }

    @Test(
        "in_batch takes the positives of the groups that follow, the user's own without weight",
        arguments: [1, 2, 4, 7, 8, 30])
    func inBatch(groups: Int) throws {
        let data = randomDataset(users: 20, items: 15, perUser: 6, seed: 7)
        let source = try TrainingSource(dataset: data, hyperparameters: settings(.inBatch))
        var hits = 0
        for batch in batches(source, capacity: groups, epoch: 1) {
            for group in 0..<batch.groupCount {
                let own = Set(data.items(of: Int(batch.users[group])))
                for distance in 1...6 {
                    let sample = group * 7 + distance
                    let follower = (group + distance) % batch.groupCount
                    let isHit = own.contains(batch.items[sample])
                    if distance < batch.groupCount { #expect(batch.items[sample] == batch.items[follower * 7]) }
                    #expect((batch.weights[sample] > 0) == (distance < batch.groupCount && !isHit))
                    #expect(batch.targets[sample] == 0 && batch.weights[sample].isFinite)
                    hits += distance < batch.groupCount && isHit ? 1 : 0
                }
            }
        }
        #expect(groups == 1 || hits > 0)
    }

    @Test("negatives do not depend on who fills the batch", arguments: NegativeSampling.allCases)
    func pieces(sampling: NegativeSampling) throws {
        let data = randomDataset(users: 20, items: 15, perUser: 6, seed: 8)
        let source = try TrainingSource(dataset: data, hyperparameters: settings(sampling))
        let order = source.order(epoch: 3)
        let filled = [[0..<9], [6..<9, 0..<1, 1..<6]].map { pieces in
            let batch = MiniBatch(capacity: 9, samplesPerGroup: 7)
            batch.groupCount = 9
            for piece in pieces { source.fill(piece, of: batch, first: 20, order: order, epoch: 3) }
            return batch
        }
        #expect(filled[0].items.array == filled[1].items.array)
        #expect(filled[0].weights.array == filled[1].weights.array)
    }

    @Test(
        "the bytes are the same for any number of threads", arguments: NegativeSampling.allCases, Architecture.allCases)
    func deterministic(sampling: NegativeSampling, architecture: Architecture) throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 1)
        var settings = settings(sampling)
        settings.architecture = architecture
        settings.hiddenLayerSizes = [8, 4]
        settings.batchSize = 1400
        let results = try [1, 2].map { threads in
            settings.threads = threads
            return try Trainer(dataset: data, hyperparameters: settings).train().parameters
        }
        #expect(results[0] == results[1] && results[0].isFinite)
    }

    @Test("a user who has seen every item trains beside others", arguments: NegativeSampling.allCases)
    func sawEverything(sampling: NegativeSampling) throws {
        var builder = InteractionDataset.Builder()
        for item in 0..<10 {
            builder.add(userID: "all", itemID: "\(item)", rating: nil)
            if item < 5 { builder.add(userID: "half", itemID: "\(item)", rating: nil) }
        }
        var settings = settings(sampling)
        settings.epochs = 60
        let parameters = try Trainer(dataset: builder.build(), hyperparameters: settings).train().parameters
        #expect(parameters.isFinite)
        #expect(parameters.logit(user: 1, item: 0) > parameters.logit(user: 1, item: 9))
    }
}
