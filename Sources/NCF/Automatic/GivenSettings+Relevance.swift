extension GivenSettings {
    /// What was given and would change nothing in a model of `settings`: who says it means another model.
    ///
    /// A value that leaves things as they are, such as no dropout, is no such thing.
    public func irrelevant(to settings: Hyperparameters) -> [HyperparameterFaults.Fault] {
        var faults: [HyperparameterFaults.Fault] = []
        func check(_ setting: GivenSettings, _ name: String, isRelevant: Bool, _ detail: String) {
            if contains(setting), !isRelevant { faults.append(.init(name: name, detail: detail)) }
        }
        check(
            .dropout, "dropout", isRelevant: settings.architecture.hasMLP || settings.dropout == 0,
            "means nothing to the architecture \(settings.architecture.rawValue), which has no dense layers")
        check(
            .popularityExponent, "popularity_exponent", isRelevant: settings.negativeSampling == .popularity,
            "means nothing unless negative_sampling is popularity")
        let hasContrast = settings.objective == .cosineContrastive
        let demand = "means nothing unless the objective is cosine_contrastive"
        check(.contrastiveMargin, "contrastive_margin", isRelevant: hasContrast, demand)
        check(.contrastiveWeight, "contrastive_weight", isRelevant: hasContrast, demand)
        check(
            .ratingOutput, "rating_output", isRelevant: settings.objective == .rating,
            "means nothing unless the objective is rating")
        check(
            .propensityClip, "propensity_clip", isRelevant: settings.propensity.isOn,
            "means nothing unless propensity is above 0")
        return faults
    }

    /// What was given, and the architecture that it means: who says something of dense layers means a model that has them, which
    /// that of `wish` is as long as nobody names another.
    ///
    /// A value that leaves things as they are says nothing here either.
    func withMeantArchitecture(of wish: Hyperparameters) -> GivenSettings {
        let isOfTower =
            contains(.hiddenLayers) || contains(.mlpEmbeddingDimension) || contains(.dropout) && wish.dropout > 0
        return isOfTower && wish.architecture.hasMLP ? union(.architecture) : self
    }
}
