import NCF
import RecommendationService
import Testing

@Suite("The mf beside a model")
struct YardstickTests {
    @Test("weighs histories as the model does, or the model would have the credit for their order")
    func recency() throws {
        var model = Hyperparameters.defaults(for: .neumf, objective: .implicit)
        (model.history.halfLife, model.history.backward, model.history.length) = (7, 0.25, 30)
        (model.history.evidence, model.history.features) = (0.5, 30)
        let beside = try #require(Yardstick.settings(beside: model))
        #expect(beside.architecture == .mf && beside.epochs == 0)
        #expect(beside.history.halfLife == 7 && beside.history.length == 30 && beside.history.backward == 0.25)
        #expect(beside.history.evidence == 0.5 && beside.history.features == 30)
        #expect(Yardstick.settings(beside: .defaults(for: .mf)) == nil)
    }
}
