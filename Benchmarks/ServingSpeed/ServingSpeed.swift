import Glibc
import NCF

/// How long one request takes inside the process, on one core: synthetic models, since speed does not depend on taste;
/// and of a trained model, whose folder is the first argument, what approximations miss. With `--newer PAIRS ARCHITECTURE
/// HISTORY-DIMENSION SEED`, what it is worth to tell a model what users have done since (``NewerHistory``).
///
/// Every line is a median and the 10th and 90th percentile over its rounds, in microseconds.
@main
struct ServingSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 6, arguments[1] == "--newer", let architecture = Architecture(rawValue: arguments[3]),
            let dimension = Int(arguments[4]), let seed = UInt64(arguments[5])
        {
            return try NewerHistory(
                file: arguments[2], architecture: architecture, historyDimension: dimension, seed: seed
            ).measure()
        }
        if arguments.count > 1 {
            let model = try TrainedModel(directory: arguments[1])
            model.measure()
            if arguments.count > 2 { try model.measureFoldIn(file: arguments[2]) }
            return
        }
        matrixFactorisation()
        try neighbours()
        neural()
        try LargeCatalogue().measure()
    }

    private static func matrixFactorisation() {
        let mf = SyntheticModel.snapshot(.mf, users: 200, items: 3706, dimension: 64)
        measure("mf 64, 3,706 items, top 10", rounds: 3000) { mf.recommend(user: $0 % 200, limit: 10).count }
        measure("mf 64, 3,706 items, top 10, 32 users (each)", rounds: 200, per: 32) { round in
            mf.recommend(users: (0..<32).map { (round + $0) % 200 }, limit: 10).count
        }
        measure("mf 64, 3,706 items, top 1,000", rounds: 1000) { mf.recommend(user: $0 % 200, limit: 1000).count }
        measure("mf 64, similar items", rounds: 2000) { mf.similar(item: $0 % 3706, limit: 10).count }
        let history = (0..<100).map { Int32($0 * 37) }
        measure("mf 64, fold-in of 100 items", rounds: 1000) { _ in mf.foldIn(items: history).gmf.count }
        let long = (0..<200).map { Int32($0 * 18) }
        let asked = (0..<10).map { Int32($0 * 300) }
        let folded = mf.foldIn(items: long)
        measure("mf 64, ten items explained by a history of 200", rounds: 300) { _ in
            mf.explain(folded, items: asked, history: long).count
        }
    }

    private static func neighbours() throws {
        let mf = try SyntheticModel.withNeighbours(100, users: 200, items: 3706, dimension: 64)
        measure("mf 64 and 100 neighbours, 3,706 items, top 10", rounds: 3000) {
            mf.recommend(user: $0 % 200, limit: 10).count
        }
        let large = try SyntheticModel.withNeighbours(100, users: 1000, items: 100_000, dimension: 64)
        measure("mf 64 and 100 neighbours, 100,000 items, top 10", rounds: 300) {
            large.recommend(user: $0 % 1000, limit: 10).count
        }
        let stranger = large.foldIn(items: (0..<20).map { Int32($0 * 4999) })
        measure("the same, a history of 20", rounds: 300) { _ in large.recommend(for: stranger, limit: 10).count }
        measure("the same, folded in", rounds: 300) { round in
            large.foldIn(items: (0..<20).map { Int32($0 * 4999 + round % 9) }).gmf.count
        }
    }

    private static func neural() {
        let history = (0..<100).map { Int32($0 * 37) }
        let long = (0..<200).map { Int32($0 * 18) }
        let neumf = SyntheticModel.snapshot(.neumf, users: 200, items: 3706, dimension: 8)
        measure("NeuMF-8, 3,706 items, top 10", rounds: 2000) { neumf.recommend(user: $0 % 200, limit: 10).count }
        measure("NeuMF-8, fold-in of 100 items", rounds: 100) { _ in neumf.foldIn(items: history).gmf.count }
        let folded = neumf.foldIn(items: long)
        measure("NeuMF-8, ten items explained by a history of 200", rounds: 100) { _ in
            neumf.explain(folded, items: (0..<10).map { $0 * 300 }, history: long).count
        }
    }

    static func measure(_ name: String, rounds: Int, per: Int = 1, _ body: (Int) -> Int) {
        var sum = 0
        for round in 0..<max(3, rounds / 10) { sum &+= body(round) }
        var times: [Double] = []
        for round in 0..<rounds { times.append(time { sum &+= body(round) } / Double(per)) }
        report(name, times, sum)
    }

    /// Microseconds.
    static func time(by clock: clockid_t = CLOCK_MONOTONIC, _ body: () -> Void) -> Double {
        let start = nanoseconds(clock)
        body()
        return Double(nanoseconds(clock) - start) / 1000
    }

    static func report(_ name: String, _ times: [Double], _ checksum: Int) {
        let times = times.sorted()
        let (low, median, high) = (times[times.count / 10], times[times.count / 2], times[times.count * 9 / 10])
        print("\(name): \(rounded(median, 10)) (\(rounded(low, 10))–\(rounded(high, 10))), checksum \(checksum)")
    }

    static func rounded(_ value: Double, _ scale: Double) -> Double { (value * scale).rounded() / scale }

    private static func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
