import JSON
import Testing

@testable import NCF

@Suite("Settings in a model's lineage")
struct LineageSettingsTests {
    private func text(_ settings: Hyperparameters) -> String {
        var writer = JSONWriter()
        writer.object(settings.encode)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func read(_ text: String) throws -> Hyperparameters? {
        try Hyperparameters(json: JSONParser().parse(Array(text.utf8)).root)
    }

    @Test("every setting is read back as it was written")
    func roundTrip() throws {
        var settings = Hyperparameters(
            architecture: .gmf, objective: .softmax, embeddingDimension: 3, mlpEmbeddingDimension: 5,
            hiddenLayerSizes: [7, 2], start: ClosedFormStart(sweeps: 4),
            history: HistoryBag(
                halfLife: 12.5, backward: 0.25, evidence: 0.75, features: 30, neighbours: 50, neighbourShare: 0.25),
            epochs: 6,
            batchSize: 8, learningRate: 0.25, learningRateSchedule: .constant, weightDecay: 0.5,
            negativesPerPositive: 9,
            seed: .max, earlyStopping: 1, threads: 2)
        settings.negativeSampling = .inBatch
        settings.popularityExponent = 0.3
        settings.contrast = CosineContrast(margin: 0.8, negativeWeight: 150)
        settings.dropout = 0.25
        settings.optimizer = .sgd
        settings.momentum = 0.7
        settings.warmUp = 0.25
        settings.propensity = InversePropensity(exponent: 0.5, clip: 7)
        settings.cleaning.minimumUserInteractions = 3
        settings.cleaning.minimumItemInteractions = 5
        settings.cleaning.bots = .leaveOut
        #expect(try read(text(settings)) == settings)
        (settings.objective, settings.ratingOutput) = (.rating, .bounded)
        #expect(try read(text(settings)) == settings)
    }

    /// As snapshots had it before negatives could be sampled otherwise than uniformly.
    private static let older = """
        {"architecture":"mf","objective":"bpr","embedding_dimension":3,"hidden_layers":[],"als_sweeps":0,\
        "als_regularization":0.01,"als_unobserved_weight":0.5,"history_dimension":0,"history_regularization":1,\
        "history_share":0.5,"epochs":6,"batch_size":8,"learning_rate":0.25,"learning_rate_schedule":"linear",\
        "weight_decay":0.5,"negatives_per_positive":9,"seed":7,"early_stopping":1,"threads":2}
        """

    @Test("what an older snapshot does not say is as it was then")
    func older() throws {
        let settings = try #require(try read(Self.older))
        #expect(settings.architecture == .mf && settings.objective == .bpr && settings.seed == 7)
        #expect(settings.negativeSampling == .uniform && settings.optimizer == .adam && settings.warmUp == 0)
        #expect(settings.ratingOutput == .linear)
        #expect(settings.history.halfLife == 0 && settings.cleaning.keepEverything)
        #expect(try read(text(settings)) == settings)
    }

    @Test(
        "a choice that this program does not know refuses the snapshot",
        arguments: ["negative_sampling", "optimizer", "rating_output", "bots"])
    func unknown(setting: String) throws {
        #expect(try read(Self.older.replacing("\"seed\":7", with: "\"seed\":7,\"\(setting)\":\"other\"")) == nil)
    }
}
