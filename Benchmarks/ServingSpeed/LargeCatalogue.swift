import Glibc
import NCF

/// A million items beside the lower bound, in turns: adding up a table of as many bytes, on huge pages as the model is.
///
/// By the thread's own time, for other work on the core would interrupt requests of this length.
struct LargeCatalogue {
    private static let rounds = 41
    private static let compared = "mf 64, 1M items, top 10"
    private let users = 32

    func measure() throws {
        let exact = SyntheticModel.snapshot(.mf, users: users, items: 1_000_000, dimension: 64)
        var compact = exact
        let options = ServingOptions(compactItems: true)
        let building = ServingSpeed.time(by: CLOCK_THREAD_CPUTIME_ID) { compact = exact.serving(options) }
        print("making 1M items compact: \(ServingSpeed.rounded(building / 1000, 1)) ms")
        let mapped = try Self.mapped(exact)
        let table = Table(byteCount: 256_000_000)
        func ranked(_ snapshot: ModelSnapshot, _ round: Int) -> [ScoredItem] {
            snapshot.recommend(user: round % users, limit: 10)
        }
        compare([
            ("reading 256 MB", 1, { _ in [ScoredItem(item: 0, score: table.sum())] }),
            (Self.compared, 1, { ranked(exact, $0) }),
            ("the same, mapped from its file", 1, { ranked(mapped, $0) }),
            ("the same, compact items", 1, { ranked(compact, $0) }),
            ("the same for 32 users, each", users, { _ in exact.recommend(users: Array(0..<users), limit: 10)[0] }),
        ])
        neural()
    }

    private func neural() {
        let exact = SyntheticModel.snapshot(.neumf, users: users, items: 1_000_000, dimension: 8)
        let options = ServingOptions(towerMultiplications: 10_000 * exact.towerMultiplications)
        let preselecting = exact.serving(options)
        let table = Table(byteCount: 160_000_000)
        compare([
            ("reading 160 MB", 1, { _ in [ScoredItem(item: 0, score: table.sum())] }),
            ("NeuMF-8, 1M items, top 10", 1, { exact.recommend(user: $0 % users, limit: 10) }),
            (
                "NeuMF-8, the best 10 of 10,000 preselected of 1M", 1,
                { preselecting.recommend(user: $0 % users, limit: 10) }
            ),
        ])
    }

    /// Measures all in turns; what each takes, and its ratio to the first, round by round.
    private func compare(_ candidates: [(name: String, per: Int, run: (Int) -> [ScoredItem])]) {
        var times = candidates.map { _ in [Double]() }
        var sums = candidates.map { _ in 0 }
        for round in 0..<Self.rounds {
            for (index, candidate) in candidates.enumerated() {
                let time = ServingSpeed.time(by: CLOCK_THREAD_CPUTIME_ID) {
                    for item in candidate.run(round) { sums[index] &+= item.item }
                }
                times[index].append(time / Double(candidate.per))
            }
        }
        for (index, candidate) in candidates.enumerated() {
            ServingSpeed.report(candidate.name, times[index], sums[index])
            guard index > 0 else { continue }
            let ratios = zip(times[index], times[0]).map { $0 / $1 }.sorted()
            func at(_ tenth: Int) -> Double { ServingSpeed.rounded(ratios[ratios.count * tenth / 10], 1000) }
            // The name under which `scripts/bench engine` looks for it.
            let name = candidate.name == Self.compared ? "its" : candidate.name + ", its"
            print("\(name) ratio to reading, round by round: \(at(5)) (\(at(1))–\(at(9)))")
        }
    }

    /// The same model as it serves after a restart.
    private static func mapped(_ snapshot: ModelSnapshot) throws -> ModelSnapshot {
        let directory = "/tmp/nectar-serving-\(getpid())"
        defer {
            for name in ["v000001.safetensors", "v000001.json", "current.json", "counter.json", "lock"] {
                unsafe unlink("\(directory)/\(name)")
            }
            unsafe rmdir(directory)
        }
        try ModelStore(directory: directory).publish(snapshot)
        let store = try ModelStore(directory: directory)
        _ = store.loadNewestValid()
        guard let mapped = store.current else { fatalError("the model was not loaded") }
        return mapped
    }
}

/// Memory on huge pages, where the kernel has them.
@safe
struct Table {
    private let memory: UnsafeMutableBufferPointer<SIMD16<Float>>

    init(byteCount: Int) {
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 1 << 21)
        unsafe madvise(raw.baseAddress, byteCount, MADV_HUGEPAGE)
        unsafe memory = raw.bindMemory(to: SIMD16<Float>.self)
        unsafe memory.initialize(repeating: SIMD16(repeating: 1))
    }

    func sum() -> Float {
        var sums = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
        for index in unsafe stride(from: 0, to: memory.count, by: 4) {
            unsafe sums.0 += memory[index]
            unsafe sums.1 += memory[index + 1]
            unsafe sums.2 += memory[index + 2]
            unsafe sums.3 += memory[index + 3]
        }
        return (sums.0 + sums.1 + sums.2 + sums.3).sum()
    }
}
