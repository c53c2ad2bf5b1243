extension Hyperparameters {
    /// The settings that suit an architecture and an objective when nothing more is said.
    ///
    /// Chosen on a random leave-one-out holdout of the MovieLens 1M training pairs; see docs/benchmarks.md. An implicit
    /// model starts in closed form, which knows no ratings: a model of ratings takes more epochs instead. `auto` takes the
    /// settings of ``Objective/implicit``.
    public static func defaults(for architecture: Architecture, objective: Objective = .auto) -> Hyperparameters {
        guard objective != .rating else { return ratingDefaults(for: architecture) }
        if objective == .cosineContrastive {
            return Hyperparameters(
                architecture: architecture, objective: objective, epochs: 30, learningRate: 0.005,
                negativesPerPositive: 64)
        }
        // What histories say is finished in closed form; the epochs after it are few, with short steps.
        guard !architecture.hasGMF else {
            return Hyperparameters(
                architecture: architecture, objective: objective, start: .besideRegression, history: HistoryBag(),
                epochs: 2, learningRate: 0.0005, negativesPerPositive: 8, earlyStopping: 1)
        }
        return Hyperparameters(
            architecture: architecture, objective: objective, start: ClosedFormStart(), epochs: 10,
            learningRate: 0.002, negativesPerPositive: 8)
    }

    /// A model of ratings knows what a user rated at all, beside how (SVD++, Koren 2008), by a history without a closed form. An
    /// `mf` has short steps on small batches and much decay; dense layers bear neither.
    ///
    /// Chosen on random holdouts of nine tenths of MovieLens 100K; see docs/benchmarks.md.
    private static func ratingDefaults(for architecture: Architecture) -> Hyperparameters {
        switch architecture {
        case .mf:
            Hyperparameters(
                architecture: architecture, objective: .rating, embeddingDimension: 32,
                history: HistoryBag(dimension: 1), epochs: 40, batchSize: 256, learningRate: 0.003, weightDecay: 0.16)
        case .neumf:
            Hyperparameters(architecture: architecture, objective: .rating, history: HistoryBag(dimension: 1))
        case .gmf, .mlp:
            Hyperparameters(architecture: architecture, objective: .rating)
        }
    }
}
