import Testing

@testable import NCF

@Suite("Choosing what items' features say of which go together", .timeLimit(.minutes(5)))
struct FeatureChoiceTests {
    /// Users who take three of the forty items of one shelf each, and the shelves.
    private func shelves() -> (dataset: InteractionDataset, shelf: (String) -> Int) {
        var builder = InteractionDataset.Builder()
        PlantedData.addShelves(12, of: 40, users: 400, to: &builder)
        return (builder.build(), { (Int($0) ?? 0) / 40 })
    }

    /// What else could be tried is given.
    private let given: GivenSettings = [
        .architecture, .embeddingDimension, .regularization, .historyDimension, .historyRegularization, .historyShare,
    ]

    private var wish: Hyperparameters {
        var wish = Hyperparameters.defaults(for: .mf)
        wish.embeddingDimension = 4
        wish.history.dimension = 64
        wish.threads = 1
        return wish
    }

    private func choice(_ label: (String) -> String, _ dataset: InteractionDataset) throws -> SettingsChoice {
        var records: [Int: FeatureRecord] = [:]
        for item in 0..<dataset.itemCount {
            records[item] = FeatureRecord()
            records[item]?.add(.tags, "", .labels([label(dataset.itemIDs[item])]))
        }
        return try SettingsSearch(
            dataset: dataset, features: ItemFeatures(records, settings: FeatureSettings(minimumCount: 2)), wish: wish,
            given: given, budget: SearchBudget(trials: 8)
        ).choose()
    }

    @Test("where a tag tells who takes what, it is tried and taken, and more of it as long as that leads")
    func taken() throws {
        let (dataset, shelf) = shelves()
        let choice = try choice({ "shelf \(shelf($0))" }, dataset)
        let tried = Set(choice.report?.trials.map(\.settings.history.features) ?? [])
        #expect(choice.hyperparameters.history.features >= 3.3, "\(tried)")
        #expect(tried.isSuperset(of: [0, 10, 30]))
    }

    @Test("where it tells nothing, it is tried and left; without any, it is not tried")
    func left() throws {
        let dataset = shelves().dataset
        let choice = try choice({ "colour \((Int($0) ?? 0) % 7)" }, dataset)
        #expect(choice.report?.trials.contains { $0.settings.history.features == 10 } == true)
        let plain = try SettingsSearch(
            dataset: dataset, wish: wish, given: given, budget: SearchBudget(trials: 4)
        ).choose()
        #expect(plain.report?.trials.allSatisfy { $0.settings.history.features == 0 } == true)
        // No more than chance has it.
        let figures = [choice, plain].map { $0.report?.trials.compactMap { $0.measurements.last?.value }.max() ?? 0 }
        #expect(figures[0] < 1.2 * figures[1])
    }
}
