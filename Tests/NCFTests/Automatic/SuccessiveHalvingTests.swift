import Testing

@testable import NCF

@Suite("Successive halving: trials in, rungs out")
struct SuccessiveHalvingTests {
    /// Runs a round whose trial t scores `score(t, rung)`, and tells the trials of each rung in their order.
    private func run(
        _ trials: Int, rungs: Int, reduction: Int = 3, score: (Int, Int) -> Double = { trial, _ in Double(trial) }
    ) -> [Int: [Int]] {
        var plan = SuccessiveHalving(trials: trials, rungs: rungs, reduction: reduction)
        var steps: [Int: [Int]] = [:]
        while let step = plan.next {
            steps[step.rung, default: []].append(step.trial)
            plan.record(score(step.trial, step.rung))
        }
        return steps
    }

    @Test(
        "all trials run on the lowest rung that is needed, and a third of them goes on",
        arguments: [
            (1, 3, [2: [0]]),
            (2, 3, [1: [0, 1], 2: [1]]),
            (3, 3, [1: [0, 1, 2], 2: [2]]),
            (4, 3, [0: [0, 1, 2, 3], 1: [2, 3], 2: [3]]),
            (9, 3, [0: [0, 1, 2, 3, 4, 5, 6, 7, 8], 1: [6, 7, 8], 2: [8]]),
            (10, 3, [0: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1: [6, 7, 8, 9], 2: [8, 9]]),
            (3, 1, [0: [0, 1, 2]]),
            (0, 3, [:]),
        ])
    func rungs(trials: Int, rungs: Int, expected: [Int: [Int]]) {
        #expect(run(trials, rungs: rungs) == expected)
    }

    @Test("with another reduction another share goes on")
    func reduction() {
        #expect(run(4, rungs: 3, reduction: 2) == [0: [0, 1, 2, 3], 1: [2, 3], 2: [3]])
    }

    @Test("among equals the first goes on, and those that go on keep their order")
    func ties() {
        #expect(run(9, rungs: 2) { _, _ in 1 } == [0: [0, 1, 2, 3, 4, 5, 6, 7, 8], 1: [0, 1, 2]])
        let scores = [5.0, 1, 9, 1, 7, 1]
        #expect(run(6, rungs: 2) { trial, _ in scores[trial] } == [0: [0, 1, 2, 3, 4, 5], 1: [2, 4]])
    }

    @Test("a trial that failed does not go on, and a round of nothing else is over")
    func failures() {
        #expect(run(3, rungs: 2) { trial, _ in trial == 0 ? 0 : .nan } == [0: [0, 1, 2], 1: [0]])
        #expect(run(3, rungs: 2) { _, _ in .nan } == [0: [0, 1, 2]])
    }

    @Test("what happens on a rung is decided by its own scores")
    func ownScores() {
        // Best below, worst above: the other one of the last two wins nothing below.
        let steps = run(9, rungs: 3) { trial, rung in rung == 0 ? Double(trial) : Double(-trial) }
        #expect(steps == [0: [0, 1, 2, 3, 4, 5, 6, 7, 8], 1: [6, 7, 8], 2: [6]])
    }

    @Test(
        "no trial costs more rungs than there are, and at most half as many again as all trials once", arguments: 1...40
    )
    func cost(trials: Int) {
        let steps = run(trials, rungs: 4)
        #expect(steps.keys.allSatisfy { (0..<4).contains($0) })
        #expect(steps[3]?.isEmpty == false)
        let counts = (0..<4).compactMap { steps[$0]?.count }
        for (below, above) in zip(counts, counts.dropFirst()) { #expect(above == (below + 2) / 3) }
        #expect(counts.first == trials)
    }
}
