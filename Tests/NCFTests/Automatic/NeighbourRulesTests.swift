import Testing

@testable import NCF

@Suite("Rules for large catalogues")
struct NeighbourRulesTests {
    /// The shape of a catalogue of `items`.
    private func profile(_ items: Int) -> DatasetProfile {
        var profile = DatasetProfile(randomDataset(users: 50, items: 20, perUser: 6, seed: 1))
        (profile.activeItems, profile.activeUsers, profile.interactions) = (items, 20_000, 300_000)
        return profile
    }

    private func rules(
        _ given: GivenSettings, _ wish: Hyperparameters = .defaults(for: .mf), items: Int = 9000
    ) -> AutomaticSettings {
        AutomaticSettings(profile: profile(items), wish: wish, given: given)
    }

    @Test("the length of histories that was asked for is that of every trial that has any")
    func length() {
        var wish = Hyperparameters.defaults(for: .mf)
        (wish.history.dimension, wish.history.length) = (16, 5)
        for given in [[], GivenSettings.historyDimension] {
            let rules = rules(given, wish, items: 500)
            #expect(rules.settings.history.length == 5)
            for architecture in Architecture.allCases {
                for share in [nil, 0, 1] as [Double?] {
                    for objective in [Objective.implicit, .rating] {
                        var variation = SettingsVariation(architecture: architecture, objective: objective)
                        variation.historyShare = share
                        let history = rules.settings(variation).history
                        #expect(history.length == (history.isOn ? 5 : 0))
                        if !given.isEmpty { #expect(history.length == 5) }
                    }
                }
            }
        }
    }

    @Test("beyond what is regressed on all others neighbours are alone, up to there none")
    func size() {
        let large = rules([]).settings(rules([]).start)
        #expect(large.history.neighbours == 100 && large.history.dimension == 0)
        let small = rules([], items: 6144)
        #expect(small.settings(small.start).history.neighbours == 0)
        #expect(small.settings(small.start).history.dimension > 0)
        var tower = rules([]).start
        (tower.architecture, tower.epochs) = (.neumf, nil)
        #expect(rules([]).settings(tower).history.neighbours == 0 && rules([]).settings(tower).history.dimension > 0)
    }

    @Test("a part of the data is trained on as the whole is")
    func part() {
        let (whole, part) = (profile(9000), profile(5000))
        for (given, of) in [(part, whole), (whole, part)] {
            let settings = AutomaticSettings(profile: given, of: of, wish: .defaults(for: .mf), given: [])
            let expected = of.activeItems > 6144 ? 100 : 0
            #expect(settings.settings(settings.start).history.neighbours == expected)
        }
    }

    @Test("what was said of histories is taken as it is")
    func given() {
        var wish = Hyperparameters.defaults(for: .mf)
        (wish.epochs, wish.history.neighbourShare, wish.history.features, wish.history.dimension) = (0, 0.25, 10, 32)
        func history(_ setting: GivenSettings, _ change: (inout Hyperparameters) -> Void = { _ in }) -> [HistoryBag] {
            var own = wish
            change(&own)
            let rules = rules([.architecture, .epochs, setting], own)
            return [rules.settings(rules.start).history, rules.settings.history]
        }
        for history in history(.historyNeighbourShare) {
            #expect(history.neighbours == 100 && history.dimension > 0 && history.neighbourShare == 0.25)
        }
        for history in history(.historyNeighbourShare, { $0.history.neighbourShare = 0 }) {
            #expect(history.neighbours == 0 && history.dimension > 0)
        }
        for history in history(.historyFeatures) {
            #expect(history.neighbours == 100 && history.dimension == 0 && history.features == 10)
        }
        for history in history(.historyDimension) { #expect(history.neighbours == 0 && history.dimension == 32) }
        for history in history(.historyNeighbours, { $0.history.neighbours = 0 }) { #expect(history.neighbours == 0) }
    }

    @Test("the factorisation alone has no neighbours either, and without histories features tell no trials apart")
    func alone() {
        var wish = Hyperparameters.defaults(for: .mf)
        wish.history.neighbours = 20
        let rules = rules([.architecture, .historyNeighbours], wish)
        var alone = rules.start
        alone.historyShare = 0
        #expect(!rules.settings(alone).history.asksNeighbours)
        let plain = self.rules([])
        var (none, told) = (plain.start, plain.start)
        none.historyShare = 0
        (told.historyShare, told.historyFeatures) = (0, 30)
        #expect(plain.settings(none) == plain.settings(told))
        told.historyShare = nil
        #expect(plain.settings(told).history.features == 30)
    }
}
