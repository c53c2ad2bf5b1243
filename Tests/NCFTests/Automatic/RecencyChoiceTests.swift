import Testing

@testable import NCF

@Suite("Choosing what the order of a history says", .timeLimit(.minutes(5)))
struct RecencyChoiceTests {
    private func choice(timed: Bool, given: GivenSettings = [], halfLife: Double = 0) throws -> SettingsChoice {
        var wish = Hyperparameters.defaults(for: .neumf)
        wish.threads = 1
        wish.history.halfLife = halfLife
        return try SettingsSearch(
            dataset: PlantedData.runs(users: 150, items: 80, runs: 6, timed: timed), wish: wish, given: given,
            budget: given.isEmpty ? nil : SearchBudget(trials: 8)
        ).choose()
    }

    @Test("where the last items tell the next, a half-life is tried and taken")
    func taken() throws {
        let choice = try choice(timed: true)
        #expect(choice.hyperparameters.history.halfLife > 0, "\(choice.report?.verdict ?? "")")
        #expect(choice.report?.trials.contains { $0.settings.history.halfLife == 50 } == true)
    }

    @Test("without times none is tried: there is no order")
    func timeless() throws {
        let choice = try choice(timed: false)
        #expect(choice.report?.trials.isEmpty == false)
        #expect(choice.report?.trials.allSatisfy { $0.settings.history.halfLife == 0 } == true)
        #expect(choice.hyperparameters.history.halfLife == 0)
    }

    @Test("one that was given stays in all trials")
    func given() throws {
        let choice = try choice(timed: true, given: [.historyHalfLife], halfLife: 3)
        #expect(choice.report?.trials.isEmpty == false)
        #expect(
            choice.report?.trials.allSatisfy { $0.settings.history.halfLife == 3 || !$0.settings.hasHistory } == true)
    }
}
