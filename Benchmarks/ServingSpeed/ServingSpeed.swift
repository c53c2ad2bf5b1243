import Glibc
import NCF

/// How long one request takes inside the process, on one core: synthetic models, since speed does not depend on taste.
///
/// Every line is a median and the 10th and 90th percentile over its rounds, in microseconds.
@main
struct ServingSpeed {
    static func main() {
        let mf = model(.mf, users: 200, items: 3706, dimension: 64)
        measure("mf 64, 3,706 items, top 10", rounds: 3000) { mf.recommend(user: $0 % 200, limit: 10).count }
        measure("mf 64, 3,706 items, top 10, 32 users (each)", rounds: 200, per: 32) { round in
            mf.recommend(users: (0..<32).map { (round + $0) % 200 }, limit: 10).count
        }
        measure("mf 64, similar items", rounds: 2000) { mf.similar(item: $0 % 3706, limit: 10).count }
        let history = (0..<100).map { Int32($0 * 37) }
        measure("mf 64, fold-in of 100 items", rounds: 1000) { _ in mf.foldIn(items: history).gmf.count }
        let long = (0..<200).map { Int32($0 * 18) }
        let asked = (0..<10).map { Int32($0 * 300) }
        let folded = mf.foldIn(items: long)
        measure("mf 64, ten items explained by a history of 200", rounds: 300) { _ in
            mf.explain(folded, items: asked, history: long).count
        }
        let neumf = model(.neumf, users: 200, items: 3706, dimension: 8)
        measure("NeuMF-8, 3,706 items, top 10", rounds: 2000) { neumf.recommend(user: $0 % 200, limit: 10).count }
        let large = model(.mf, users: 8, items: 1_000_000, dimension: 64)
        measure("mf 64, 1M items, top 10", rounds: 40) { large.recommend(user: $0 % 8, limit: 10).count }
        readTable()
    }

    /// The lower bound for the large catalogue: adding up 256 MB.
    private static func readTable() {
        let table = [SIMD16<Float>](repeating: SIMD16(repeating: 1), count: 4_000_000)
        measure("reading 256 MB", rounds: 40) { _ in
            var sums = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
            unsafe table.withUnsafeBufferPointer { table in
                for index in stride(from: 0, to: table.count, by: 4) {
                    unsafe sums.0 += table[index]
                    unsafe sums.1 += table[index + 1]
                    unsafe sums.2 += table[index + 2]
                    unsafe sums.3 += table[index + 3]
                }
            }
            return Int((sums.0 + sums.1 + sums.2 + sums.3).sum())
        }
    }

    private static func measure(_ name: String, rounds: Int, per: Int = 1, _ body: (Int) -> Int) {
        var sum = 0
        for round in 0..<max(3, rounds / 10) { sum &+= body(round) }
        var times: [Double] = []
        for round in 0..<rounds {
            let start = nanoseconds()
            sum &+= body(round)
            times.append(Double(nanoseconds() - start) / 1000 / Double(per))
        }
        times.sort()
        func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        let (low, median, high) = (times[rounds / 10], times[rounds / 2], times[rounds * 9 / 10])
        print("\(name): \(rounded(median)) (\(rounded(low))–\(rounded(high))), checksum \(sum)")
    }

    private static func nanoseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// A model of random numbers; every user has seen 160 items.
    private static func model(_ architecture: Architecture, users: Int, items: Int, dimension: Int) -> ModelSnapshot {
        var random = SystemRandomNumberGenerator()
        var builder = InteractionDataset.Builder()
        for item in 0..<items { builder.add(userID: "\(item % users)", itemID: "\(item)", rating: nil) }
        for user in 0..<users {
            for _ in 0..<160 {
                let item = Int.random(in: 0..<items, using: &random)
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil)
            }
        }
        let dataset = builder.build()
        var parameters = ModelParameters(
            architecture: architecture, userCount: users, itemCount: items, embeddingDimension: dimension,
            mlpEmbeddingDimension: 32, hiddenLayerSizes: [32, 16, 8])
        func fill(_ array: inout [Float]) {
            for index in array.indices { array[index] = Float.random(in: -0.5...0.5, using: &random) }
        }
        fill(&parameters.userGMF)
        fill(&parameters.itemGMF)
        fill(&parameters.userMLP)
        fill(&parameters.itemMLP)
        fill(&parameters.itemBias)
        for layer in parameters.layers.indices { fill(&parameters.layers[layer].weights) }
        if architecture != .mf { fill(&parameters.outputWeights) }
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: dataset.interactionCount,
            hyperparameters: Hyperparameters(architecture: architecture, objective: .implicit))
        return ModelSnapshot(version: 1, dataset: dataset, parameters: parameters, lineage: lineage)
    }
}
