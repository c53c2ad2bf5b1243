import Testing

@testable import NCF

@Suite("Users who look like programs")
struct BotRuleTests {
    private static let start: Int64 = 1_700_000_000_000

    /// Interactions of people: numbers with a long tail, times in bursts.
    private static func people(_ count: Int, seed: UInt64, into builder: inout InteractionDataset.Builder) {
        var random = SplitMix64(seed: seed)
        for user in 0..<count {
            // A Pareto tail of exponent 1: half have one or two, one in a hundred a hundred.
            let number = min(5000, Int(1 / max(1e-6, 1 - random.nextUnit())))
            var time = start
            for item in 0..<number {
                // Seconds within a session, days between them.
                time += random.nextUnit() < 0.8 ? Int64(1000 + 20_000 * random.nextUnit()) : 86_400_000
                builder.add(userID: "p\(user)", itemID: "\(item)", rating: nil, timestamp: time)
            }
        }
    }

    private static func bot(
        _ id: String, _ number: Int, every milliseconds: Int64, jitter: Double,
        into builder: inout InteractionDataset.Builder
    ) {
        var random = SplitMix64(seed: 9)
        var time = start
        for item in 0..<number {
            time += Int64(Double(milliseconds) * (1 + jitter * (2 * random.nextUnit() - 1)))
            builder.add(userID: id, itemID: "\(item)", rating: nil, timestamp: time)
        }
    }

    private func bots(_ data: InteractionDataset) -> [String] {
        let cleaning = data.inspected(by: CleaningRules()).dataset.cleaning
        #expect(cleaning[.botLikeUsers] == cleaning.examples(of: .botLikeUsers).count)
        return cleaning.examples(of: .botLikeUsers).compactMap(\.userID)
    }

    @Test("people alone are no bots, however long the tail", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func peopleAlone(seed: UInt64) {
        var builder = InteractionDataset.Builder()
        Self.people(5000, seed: seed, into: &builder)
        #expect(bots(builder.build()).isEmpty)
    }

    @Test("a timer, and a busy client with regular gaps, are")
    func amongPeople() {
        var builder = InteractionDataset.Builder()
        Self.people(3000, seed: 6, into: &builder)
        Self.bot("clockwork", 60, every: 3_600_000, jitter: 0.05, into: &builder)
        Self.bot("busy", 2000, every: 2000, jitter: 0.4, into: &builder)
        // As many and as irregular as people are.
        Self.bot("eager", 60, every: 60_000, jitter: 1, into: &builder)
        #expect(bots(builder.build()) == ["clockwork", "busy"])
    }

    @Test("who does ten deviations more than others is one, however irregularly; who does six more is not")
    func flood() {
        var builder = InteractionDataset.Builder()
        for user in 0..<200 {
            for item in 0..<(20 + user) { builder.add(userID: "p\(user)", itemID: "\(item)", rating: nil) }
        }
        for (id, count) in [("eager", 2000), ("flood", 30_000)] {
            for item in 0..<count { builder.add(userID: id, itemID: "\(item)", rating: nil) }
        }
        #expect(bots(builder.build()) == ["flood"])
    }

    @Test("a long tail behind a narrow middle is people's, and one far beyond it is not")
    func narrowMiddle() {
        var random = SplitMix64(seed: 11)
        var counts = (0..<100_000).map { _ in Int32(75 + min(20_000, 10 / max(1e-6, 1 - random.nextUnit()))) }
        let usual = BotRule(userCounts: counts)
        #expect(counts.count { usual.reason(count: Int($0), timestamps: []) != nil } == 0)
        counts.append(10_000_000)
        let reason = BotRule(userCounts: counts).reason(count: 10_000_000, timestamps: [])
        guard case .volume? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test("fifty interactions are the least, and times that are unknown or all the same tell nothing")
    func bounds() {
        let rule = BotRule(userCounts: Array(repeating: 1, count: 100))
        func times(_ count: Int, every gap: Int64) -> [Int64] { (0..<count).map { Self.start + Int64($0) * gap } }
        #expect(rule.reason(count: 50, timestamps: times(50, every: 1000)[...]) == .clockwork(variation: 0))
        #expect(rule.reason(count: 49, timestamps: times(49, every: 1000)[...]) == nil)
        #expect(rule.reason(count: 60, timestamps: Array(repeating: 0, count: 60)[...]) == nil)
        #expect(rule.reason(count: 60, timestamps: Array(repeating: Self.start, count: 60)[...]) == nil)
        let extremes = [Int64.min, .max] + times(58, every: 1)
        #expect(rule.reason(count: 60, timestamps: extremes[...]) == nil)
    }

    @Test("left out, bots are as if they had never been there; kept, nothing changes")
    func leftOut() {
        var builder = InteractionDataset.Builder()
        Self.people(200, seed: 7, into: &builder)
        Self.bot("clockwork", 60, every: 1000, jitter: 0, into: &builder)
        let data = builder.build()
        let kept = data.inspected(by: CleaningRules())
        #expect(kept.dataset.items == data.items && kept.dataset.weights == data.weights && kept.core.isWhole)
        var rules = CleaningRules()
        rules.bots = .leaveOut
        let (rest, core) = data.inspected(by: rules)
        #expect(rest.interactionCount == data.interactionCount - 60 && !core.isWhole)
        #expect(rest.userIDs == data.userIDs)
        #expect(rest.cleaning.done(.botLikeUsers) == "left out of the training: 60 interactions")
    }
}
