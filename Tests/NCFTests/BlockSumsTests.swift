import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("Intervals by drawing users again")
struct BlockSumsTests {
    private func values(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Double.random(in: 0..<1, using: &random) }
    }

    private func interval(of sums: BlockSums, resamples: Int = 100, seed: UInt64 = 1) -> ConfidenceInterval? {
        ConfidenceInterval(of: sums.resampled(resamples, seed: seed).map { $0[0] / $0[1] }, confidence: 0.95)
    }

    @Test(
        "for a mean over many users it is the normal one, however many share a block",
        arguments: [500, 10_000, 10_001, 47_000])
    func normal(count: Int) throws {
        let values = values(count, seed: 5)
        var sums = BlockSums(width: 2)
        for value in values { sums.add([value, 1]) }
        let mean = values.reduce(0, +) / Double(count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        let reach = 1.96 * deviation / Double(count).squareRoot()
        let found = try #require(interval(of: sums, resamples: 300))
        // 300 draws tell an end to about 8 % of the reach.
        #expect(abs(found.low - (mean - reach)) < 0.3 * reach && abs(found.high - (mean + reach)) < 0.3 * reach)
        #expect(sums.count == count && abs(sums.totals[0] / sums.totals[1] - mean) < 1e-12)
    }

    @Test("the mean that a sample was drawn from is within about nineteen intervals of twenty")
    func coverage() {
        let covering = (0..<100).count { round in
            var sums = BlockSums(width: 2)
            for value in values(60, seed: UInt64(round)) { sums.add([value, 1]) }
            guard let found = interval(of: sums, resamples: 200) else { return false }
            return found.low <= 0.5 && 0.5 <= found.high
        }
        // 95 expected, standard deviation 2; the percentile method is a little short for samples so small.
        #expect((88...99).contains(covering), "\(covering) of 100")
    }

    @Test("how the users came together changes nothing, and a seed gives the same draws again")
    func merging() {
        var (whole, merged) = (BlockSums(width: 1), BlockSums(width: 1))
        let values = values(12_345, seed: 9)
        for value in values { whole.add([value]) }
        for start in stride(from: 0, to: values.count, by: 64) {
            var part = BlockSums(width: 1)
            for value in values[start..<min(values.count, start + 64)] { part.add([value]) }
            merged.merge(part)
        }
        #expect(whole == merged)
        #expect(whole.resampled(20, seed: 3) == merged.resampled(20, seed: 3))
        #expect(whole.resampled(20, seed: 3) != whole.resampled(20, seed: 4))
    }

    @Test("users of one kind have an interval of no width, and nobody has none")
    func degenerate() throws {
        var sums = BlockSums(width: 2)
        #expect(interval(of: sums) == nil && sums.totals == [0, 0])
        for _ in 0..<30 { sums.add([0.25, 1]) }
        #expect(interval(of: sums) == ConfidenceInterval(low: 0.25, high: 0.25))
    }
}
