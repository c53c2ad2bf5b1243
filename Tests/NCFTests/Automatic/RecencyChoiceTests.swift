import Testing

@testable import NCF

@Suite("Choosing what the order of a history says", .timeLimit(.minutes(5)))
struct RecencyChoiceTests {
    /// Trials of `mf` alone, in closed form: a tower's epochs would take a minute.
    private func choice(
        timed: Bool, trials: Int = 10, given: GivenSettings = [], halfLife: Double = 0, judgedAtRandom: Bool = false
    ) throws -> SettingsChoice {
        var wish = Hyperparameters.defaults(for: .mf)
        wish.threads = 1
        wish.history.halfLife = halfLife
        return try SettingsSearch(
            dataset: PlantedData.runs(users: 60, items: 50, runs: 5, timed: timed), wish: wish,
            given: given.union(.architecture), budget: SearchBudget(trials: trials),
            isAboutWhatComesNext: !judgedAtRandom
        ).choose()
    }

    @Test("where the last items tell the next, a half-life is tried and taken")
    func taken() throws {
        let choice = try choice(timed: true)
        #expect(choice.hyperparameters.history.halfLife > 0, "\(choice.report?.verdict ?? "")")
        #expect(choice.report?.verdict?.contains("predicts the latest interactions best") == true)
        #expect(choice.report?.trials.contains { $0.settings.history.halfLife == 50 } == true)
    }

    @Test("without times none is tried: there is no order; nor where random interactions judge the result")
    func timeless() throws {
        for (timed, judgedAtRandom) in [(false, false), (true, true)] {
            try expectNone(try choice(timed: timed, judgedAtRandom: judgedAtRandom))
        }
    }

    private func expectNone(_ choice: SettingsChoice) throws {
        #expect(choice.report?.trials.isEmpty == false)
        #expect(choice.report?.trials.allSatisfy { $0.settings.history.halfLife == 0 } == true)
        #expect(choice.hyperparameters.history.halfLife == 0)
    }

    @Test("one that was given stays in all trials")
    func given() throws {
        let choice = try choice(timed: true, trials: 4, given: .historyHalfLife, halfLife: 3)
        #expect(choice.report?.trials.isEmpty == false)
        #expect(
            choice.report?.trials.allSatisfy { $0.settings.history.halfLife == 3 || !$0.settings.hasHistory } == true)
    }
}
