import JSON
public import NCF

extension TrainingRequest {
    /// The members that say something about the model or its training, and what they say it about.
    private static let settings: [(member: String, setting: GivenSettings)] = [
        ("rating_output", .ratingOutput), ("architecture", .architecture), ("embedding_dimension", .embeddingDimension),
        ("mlp_embedding_dimension", .mlpEmbeddingDimension), ("hidden_layers", .hiddenLayers),
        ("history_dimension", .historyDimension), ("history_regularization", .historyRegularization),
        ("history_share", .historyShare), ("history_half_life", .historyHalfLife),
        ("history_backward", .historyBackward), ("history_evidence", .historyEvidence),
        ("history_features", .historyFeatures), ("history_neighbours", .historyNeighbours),
        ("history_neighbour_share", .historyNeighbourShare),
        ("als_sweeps", .sweeps), ("als_regularization", .regularization),
        ("als_unobserved_weight", .unobservedWeight), ("epochs", .epochs), ("batch_size", .batchSize),
        ("learning_rate", .learningRate), ("learning_rate_schedule", .learningRateSchedule),
        ("weight_decay", .weightDecay), ("negatives_per_positive", .negatives), ("early_stopping", .earlyStopping),
        ("optimizer", .optimizer), ("momentum", .momentum), ("warm_up", .warmUp), ("dropout", .dropout),
        ("negative_sampling", .negativeSampling), ("popularity_exponent", .popularityExponent),
        ("contrastive_margin", .contrastiveMargin), ("contrastive_weight", .contrastiveWeight),
        ("propensity", .propensity), ("propensity_clip", .propensityClip),
    ]

    /// Reads what is left to the engine to choose, and how much it may try for that.
    mutating func readChoice(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        given = Self.settings.reduce(into: []) { given, known in
            if body.contains(known.member) { given.insert(known.setting) }
        }
        if hyperparameters.objective != .auto { given.insert(.objective) }
        guard let value = body.object("search", &faults),
            let search = JSONObjectDecoder(value, knownMembers: ["seconds", "trials"], faults: &faults)
        else { return }
        if !search.contains("seconds"), !search.contains("trials") {
            faults.add(at: value, "needs seconds, trials, or both")
        }
        let seconds = search.number("seconds", in: 1...SearchBudget.Limit.seconds, &faults)
        let trials = search.integer("trials", in: 1...SearchBudget.Limit.trials, &faults)
        self.search = SearchBudget(seconds: seconds, trials: trials)
    }

    /// The choice of settings for `train`, which nothing of what measures the result may be in, its items being what `features` say.
    public func choice(
        for train: InteractionDataset, features: ItemFeatures? = nil, memoryLimit: Int? = nil,
        isCancelled: @escaping @Sendable () -> Bool, follow: @escaping @Sendable (SearchReport) -> Void
    ) -> SettingsSearch {
        SettingsSearch(
            dataset: train, features: features, wish: hyperparameters, given: given, budget: search,
            memoryLimit: memoryLimit, isAboutWhatComesNext: holdout != .random, isCancelled: isCancelled,
            follow: follow)
    }
}
