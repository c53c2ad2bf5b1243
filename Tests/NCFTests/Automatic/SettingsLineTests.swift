import Testing

@testable import NCF

@Suite("Steps beyond what was tried")
struct SettingsLineTests {
    private func variation(_ regularization: Double, histories: Double = 1, share: Double? = nil) -> SettingsVariation {
        var variation = SettingsVariation()
        variation.regularization = regularization
        variation.historyRegularization = histories
        variation.historyShare = share
        return variation
    }

    @Test("histories go on in the direction of what led", arguments: [(0.5, 0.25), (3.0, 6.0)])
    func histories(first: Double, next: Double) throws {
        let to = variation(0.5, histories: first)
        let line = try #require(SettingsLine.histories(from: variation(0.5), to: to))
        #expect(line.step(from: to) == variation(0.5, histories: next))
        #expect(SettingsLine.histories(from: to, to: to) == nil)
    }

    @Test("histories say ever less of what came before, or more, and the factorisation is halved")
    func shares() {
        let rules = variation(1)
        #expect(SettingsLine.onward.step(from: rules).historyBackward == 0.5)
        #expect(SettingsLine.backward.step(from: rules).historyBackward == 2)
        let related = SettingsLine.related.step(from: rules)
        #expect(related == variation(1, share: 0.9))
        #expect(SettingsLine.related.step(from: related) == variation(1, share: 0.95))
    }

    @Test("neighbours and features come in, and have ever more or less")
    func tried() {
        var (rules, near) = (variation(1), variation(1))
        for share in [0.4, 0.6, 0.9, 1, 1] {
            near = SettingsLine.nearer.step(from: near)
            #expect(near.neighbourShare == share)
        }
        near = SettingsLine.farther.step(from: SettingsLine.farther.step(from: rules))
        #expect(near.neighbourShare == 0.2)
        rules.historyFeatures = 30
        #expect(SettingsLine.told.step(from: rules).historyFeatures == 90)
        #expect(SettingsLine.untold.step(from: rules).historyFeatures == 10)
        #expect(SettingsLine.told.step(from: variation(1)).historyFeatures == 10)
    }

    @Test("the factorisation goes on from the edge alone", arguments: [0.5, 2])
    func edge(factor: Double) throws {
        let rules = variation(1)
        let best = variation(factor)
        #expect(SettingsLine.regularization(to: rules, tried: [rules, best]) == nil)
        let line = try #require(SettingsLine.regularization(to: best, tried: [rules, best, variation(1 / factor)]))
        #expect(line.step(from: best) == variation(factor * factor))
        #expect(SettingsLine.regularization(to: best, tried: [best, variation(factor * factor)]) == nil)
        // What was tried further out with other histories says nothing.
        #expect(SettingsLine.regularization(to: best, tried: [best, variation(factor * factor, share: 0)]) != nil)
    }

    @Test("among niches beside a mainstream histories are smoothed ever less, and the choice is the better for it")
    func niches() throws {
        let trials = try Self.whole.get()
        let penalties = trials.map(\.settings.history.regularization)
        #expect(penalties.contains { $0 < 100 })
        // A line ends with the first step that does not lead, and is bounded.
        #expect(trials.count <= 9 + 3 * SettingsLine.greatestSteps)
        let chosen = try #require(trials.first { $0.outcome == .chosen }?.measurements.last?.value)
        let before = trials.filter { $0.round < 3 }.compactMap { $0.measurements.last?.value }
        #expect(chosen > (try #require(before.max())))
    }

    /// Items that go together two by two.
    private static let pairs: InteractionDataset = {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 27)
        for user in 0..<400 {
            for pair in 0..<4 {
                let first = 2 * random.below(80)
                builder.add(userID: "\(user)", itemID: "\(first)", rating: nil, timestamp: Int64(2 * pair))
                builder.add(userID: "\(user)", itemID: "\(first + 1)", rating: nil, timestamp: Int64(2 * pair + 1))
            }
        }
        return builder.build()
    }()

    @Test("where items go together two by two histories are as wide as there are pairs, if no neighbours shall tell")
    func wide() throws {
        var wish = Hyperparameters.defaults(for: .mf)
        wish.threads = 1
        let choice = try SettingsSearch(
            dataset: Self.pairs, wish: wish, given: [.architecture, .historyNeighbours],
            budget: SearchBudget(trials: 24)
        ).choose()
        let trials = try #require(choice.report).trials
        let ruled = try #require(trials.first).settings.history.dimension
        #expect(ruled < 80 && choice.hyperparameters.history.dimension > ruled)
        #expect(trials.allSatisfy { $0.settings.history.neighbours == 0 })
    }

    @Test("elsewhere neighbours tell, alone or beside all items, ever more of them or less as long as that leads")
    func near() throws {
        var wish = Hyperparameters.defaults(for: .mf)
        wish.threads = 1
        let choice = try SettingsSearch(dataset: Self.pairs, wish: wish, given: [], budget: nil).choose()
        #expect(choice.hyperparameters.history.neighbours == 100, "\(choice.report?.verdict ?? "")")
        let tried = try #require(choice.report).trials.map(\.settings.history).filter { $0.neighbours > 0 }
        #expect(tried.contains { $0.dimension == 0 } && tried.contains { $0.dimension > 0 && $0.neighbourShare == 0.4 })
    }

    @Test("a budget of trials is kept in the middle of a line, and no thread changes the steps")
    func budget() throws {
        let whole = try Self.whole.get()
        let cut = try Self.trials(Self.niched, budget: SearchBudget(trials: 10), threads: 2)
        #expect(cut.count == 10 && whole.count > 10)
        #expect(cut.map { $0.measurements.map(\.value) } == whole.prefix(10).map { $0.measurements.map(\.value) })
    }

    @Test("a penalty that was given is not walked along")
    func given() throws {
        var wish = Hyperparameters.defaults(for: .mf)
        (wish.history.regularization, wish.start.regularization) = (300, 0.02)
        let choice = try SettingsSearch(
            dataset: PlantedData.niches(users: 60, niches: 5), wish: wish,
            given: [.historyRegularization, .regularization, .historyDimension, .historyShare, .historyNeighbours],
            budget: SearchBudget(trials: 8)
        ).choose()
        let trials = try #require(choice.report).trials
        #expect(trials.allSatisfy { $0.settings.history.regularization == 300 || !$0.settings.hasHistory })
        #expect(trials.allSatisfy { $0.round != 3 })
    }

    private static let niched = PlantedData.niches(users: 240, niches: 20)
    /// Made once: its dense layers take a while without the optimiser.
    private static let whole = Result { try trials(niched) }

    private static func trials(
        _ data: InteractionDataset, budget: SearchBudget? = nil, threads: Int = 1
    ) throws -> [SearchReport.Trial] {
        var wish = Hyperparameters.defaults(for: .neumf)
        wish.threads = threads
        let choice = try SettingsSearch(dataset: data, wish: wish, given: [], budget: budget).choose()
        return try #require(choice.report).trials
    }
}
