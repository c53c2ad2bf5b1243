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

    @Test("where the last item alone tells the next, half-lives become ever shorter, and then histories less smoothed")
    func shorter() throws {
        // Each item has three that follow it.
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 8)
        for user in 0..<150 {
            var item = random.below(60)
            for time in 1...16 {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: Int64(time))
                item = (item * 7 + 11 * (1 + random.below(3))) % 60
            }
        }
        var wish = Hyperparameters.defaults(for: .mf)
        wish.threads = 1
        let choice = try SettingsSearch(
            dataset: builder.build(), wish: wish, given: .architecture,
            budget: SearchBudget(trials: 24), isAboutWhatComesNext: true
        ).choose()
        let trials = try #require(choice.report).trials
        #expect((0..<10).contains(choice.hyperparameters.history.halfLife))
        #expect(choice.hyperparameters.history.halfLife > 0)
        let looser = trials.filter {
            (0.1..<10).contains($0.settings.history.halfLife) && $0.settings.history.regularization < 150
        }
        #expect(!looser.isEmpty)
    }

    @Test("what items say of those before them is tried beside any half-life, also one that was given")
    func onward() throws {
        let given: GivenSettings = [
            .embeddingDimension, .regularization, .historyDimension, .historyRegularization, .historyHalfLife,
            .historyShare,
        ]
        let trials = try #require(choice(timed: true, trials: 8, given: given, halfLife: 3).report).trials
        let shares = trials.filter(\.settings.hasHistory).map(\.settings.history.backward)
        #expect(shares.first == 0.4 && shares.contains { $0 < 0.4 } && shares.contains { $0 > 0.4 }, "\(shares)")
        #expect(trials.filter { $0.round == 3 }.allSatisfy { $0.settings.history.halfLife == 3 })
    }

    @Test("ratings are not judged by what comes next, whatever half-life was given")
    func ratings() throws {
        let data = PlantedData.ratings(users: 60, items: 40)
        var wish = Hyperparameters.defaults(for: .mf, objective: .rating)
        (wish.threads, wish.history.halfLife) = (1, 5)
        let choice = try SettingsSearch(
            dataset: data, wish: wish, given: [.objective, .architecture, .historyHalfLife],
            budget: SearchBudget(trials: 6)
        ).choose()
        let trials = try #require(choice.report).trials
        let values = trials.compactMap { $0.measurements.last?.value }
        let chosen = try #require(trials.first { $0.outcome == .chosen }?.measurements.last?.value)
        #expect(choice.report?.criterion == "rmse" && values.count > 3)
        #expect(chosen < values[0] && chosen < 0.1, "\(values), \(chosen)")
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
