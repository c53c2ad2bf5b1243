public import NCF

/// The `mf` that is always trained beside a model that is more than that: a neural one that does not beat it is not worth
/// its cost (Rendle et al. 2020).
///
/// For implicit feedback it is found in closed form, without epochs, histories included: it takes about as long as the
/// closed form that the model itself starts from. For ratings it takes epochs, each a part of the model's own.
public enum Yardstick {
    /// The settings of the yardstick beside a model with `settings`, the objective resolved; nil where the model is one.
    public static func settings(beside settings: Hyperparameters) -> Hyperparameters? {
        guard settings.architecture != .mf else { return nil }
        let isRating = settings.objective == .rating
        var own = Hyperparameters.defaults(for: .mf, objective: isRating ? .rating : .implicit)
        if !isRating {
            own.epochs = 0
            // Or a neural model would have the credit for what the order of a history says, and its weights, and what
            // items are.
            own.history.halfLife = settings.history.halfLife
            own.history.length = settings.history.length
            own.history.backward = settings.history.backward
            own.history.evidence = settings.history.evidence
            own.history.features = settings.history.features
        }
        own.seed = settings.seed
        own.threads = settings.threads
        return own
    }

    /// Trains it on `train`, for measuring alone; nil where the model is one, or where there is nothing to learn for it.
    ///
    /// - Throws: Only ``TrainingError/cancelled``, which `isCancelled` asks for.
    public static func train(
        beside settings: Hyperparameters, on train: InteractionDataset, features: ItemFeatures? = nil, holdout: Holdout,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(TrainingError) -> ModelSnapshot? {
        guard let wish = self.settings(beside: settings) else { return nil }
        let own = AutomaticSettings(profile: DatasetProfile(train), wish: wish, given: [.architecture, .objective])
            .settings
        do {
            let result = try Trainer(dataset: train, hyperparameters: own, features: features).train(
                holdout: own.epochs > 0 ? holdout : nil, observer: Canceller(isAsked: isCancelled))
            let lineage = Lineage(
                createdAt: 0, dataWatermark: 0, interactionCount: train.interactionCount,
                hyperparameters: result.hyperparameters)
            return ModelSnapshot(version: 0, dataset: train, parameters: result.parameters, lineage: lineage)
        } catch {
            if error == .cancelled { throw error }
            return nil
        }
    }

    private struct Canceller: TrainingObserver {
        let isAsked: @Sendable () -> Bool
        var isCancelled: Bool { isAsked() }
    }
}
