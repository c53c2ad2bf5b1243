extension Hyperparameters {
    /// The largest setting of each kind that training accepts; beyond, a mistake is likelier than a wish.
    public enum Limit {
        /// Elements of an embedding.
        public static let embeddingDimension = 4096
        /// Outputs of a dense layer.
        public static let hiddenLayerSize = 8192
        /// Dense layers.
        public static let hiddenLayerCount = 16
        /// Sweeps of alternating least squares.
        public static let alternatingSweeps = 1000
        /// Penalty of alternating least squares.
        public static let regularization = 1000.0
        /// Penalty of the item-item regression.
        public static let historyRegularization = 1_000_000.0
        /// Items after which one of a history counts half.
        public static let historyHalfLife = 1_000_000.0
        /// The most items that a history may be cut to.
        public static let historyLength = 1_000_000
        /// Neighbours that an item is told by.
        public static let historyNeighbours = 1000
        /// How often what features say of items counts as seen.
        public static let historyFeatures = 100_000.0
        /// Passes over the data.
        public static let epochs = 10_000
        /// Samples per step.
        public static let batchSize = 1 << 20
        /// L2 penalty.
        public static let weightDecay = 10.0
        /// Negatives for each positive.
        public static let negativesPerPositive = 1000
        /// Exponent of popularity.
        public static let popularityExponent = 2.0
        /// How much the negatives count in the cosine contrastive loss.
        public static let contrastWeight = 10_000.0
        /// Exponent of the propensities.
        public static let propensity = 2.0
        /// The greatest weight by propensity, in mean ones.
        public static let propensityClip = 1000.0
        /// Share of outputs left out.
        public static let dropout = 0.9
        /// Threads.
        public static let threads = 1024
    }

    /// Checks every setting against its bounds; settings of a branch that the architecture lacks are not looked at.
    ///
    /// - Throws: ``HyperparameterFaults``, listing every bad one.
    public func validate() throws(HyperparameterFaults) {
        var faults: [HyperparameterFaults.Fault] = []
        func check(_ name: String, _ value: Int, _ bounds: ClosedRange<Int>) {
            guard !bounds.contains(value) else { return }
            let detail = "must be \(bounds.lowerBound) to \(bounds.upperBound), not \(value)"
            faults.append(.init(name: name, detail: detail))
        }
        if architecture.hasGMF { check("embedding_dimension", embeddingDimension, 1...Limit.embeddingDimension) }
        if architecture.hasMLP {
            if let mlpEmbeddingDimension {
                check("mlp_embedding_dimension", mlpEmbeddingDimension, 1...Limit.embeddingDimension)
            }
            if !(1...Limit.hiddenLayerCount).contains(hiddenLayerSizes.count) {
                let detail = "must list 1 to \(Limit.hiddenLayerCount) sizes, not \(hiddenLayerSizes.count)"
                faults.append(.init(name: "hidden_layers", detail: detail))
            }
            for (index, size) in hiddenLayerSizes.enumerated() {
                check("hidden_layers[\(index)]", size, 1...Limit.hiddenLayerSize)
            }
        }
        check("als_sweeps", start.sweeps, 0...Limit.alternatingSweeps)
        if start.sweeps > 0 { checkStart(&faults) }
        check("history_dimension", history.dimension, 0...Limit.embeddingDimension)
        if hasHistory { checkHistory(&faults) }
        // What a closed form found may be served as it is.
        if epochs == 0, start.sweeps <= 0 {
            let exception = "without epochs it is a closed form, \"als_sweeps\" above 0, of the architecture \"mf\""
            let detail = "must be 1 to \(Limit.epochs), not 0: \(exception)"
            faults.append(.init(name: "epochs", detail: detail))
        } else if epochs != 0 {
            check("epochs", epochs, 1...Limit.epochs)
        }
        check("batch_size", batchSize, 1...Limit.batchSize)
        if !(learningRate > 0 && learningRate <= 10) {
            faults.append(.init(name: "learning_rate", detail: "must be above 0 and at most 10, not \(learningRate)"))
        }
        checkOptimizer(&faults)
        if !(weightDecay >= 0 && weightDecay <= Limit.weightDecay) {
            faults.append(.init(name: "weight_decay", detail: "must be 0 to 10, not \(weightDecay)"))
        }
        if !(dropout >= 0 && dropout <= Limit.dropout) {
            faults.append(.init(name: "dropout", detail: "must be 0 to \(Limit.dropout), not \(dropout)"))
        }
        check("negatives_per_positive", negativesPerPositive, 1...Limit.negativesPerPositive)
        checkSampling(&faults)
        if ratingOutput == .bounded, objective != .rating {
            let detail = "can be bounded only with the objective rating, not with \(objective.rawValue)"
            faults.append(.init(name: "rating_output", detail: detail))
        }
        if objective == .cosineContrastive { checkContrast(&faults) }
        checkPropensity(&faults)
        let minimums = 1...CleaningRules.greatestMinimum
        check("minimum_user_interactions", cleaning.minimumUserInteractions, minimums)
        check("minimum_item_interactions", cleaning.minimumItemInteractions, minimums)
        check("early_stopping", earlyStopping, 0...Limit.epochs)
        check("threads", threads, 1...Limit.threads)
        if !faults.isEmpty { throw HyperparameterFaults(faults: faults) }
    }

    private func checkOptimizer(_ faults: inout [HyperparameterFaults.Fault]) {
        if !(momentum >= 0 && momentum < 1) {
            faults.append(.init(name: "momentum", detail: "must be 0 to below 1, not \(momentum)"))
        } else if momentum > 0, optimizer != .sgd {
            let detail = "can be above 0 only with the optimizer sgd, not with \(optimizer.rawValue)"
            faults.append(.init(name: "momentum", detail: detail))
        }
        if !(warmUp >= 0 && warmUp <= Double(Limit.epochs)) {
            faults.append(.init(name: "warm_up", detail: "must be 0 to \(Limit.epochs) epochs, not \(warmUp)"))
        }
    }

    /// Embeddings of length 1 are all that a model of cosines may have: the served one would rank otherwise.
    private func checkContrast(_ faults: inout [HyperparameterFaults.Fault]) {
        func check(_ name: String, _ isMet: Bool, _ demand: String) {
            guard !isMet else { return }
            faults.append(.init(name: name, detail: "must be \(demand) with the objective cosine_contrastive"))
        }
        check("architecture", architecture == .mf, "mf")
        check("als_sweeps", start.sweeps <= 0, "0")
        check("history_dimension", history.dimension <= 0, "0")
        check("weight_decay", !(weightDecay > 0), "0")
        if !(-1...1).contains(contrast.margin) {
            faults.append(.init(name: "contrastive_margin", detail: "must be -1 to 1, not \(contrast.margin)"))
        }
        if !(contrast.negativeWeight > 0 && contrast.negativeWeight <= Limit.contrastWeight) {
            let detail = "must be above 0 and at most 10000, not \(contrast.negativeWeight)"
            faults.append(.init(name: "contrastive_weight", detail: detail))
        }
    }

    private func checkSampling(_ faults: inout [HyperparameterFaults.Fault]) {
        if negativeSampling == .inBatch {
            if objective != .softmax {
                let detail = "can be in_batch only with the objective softmax, not with \(objective.rawValue)"
                faults.append(.init(name: "negative_sampling", detail: detail))
            }
            // One group alone has nobody's positives to set against its own.
            let least = 2 * (1 + min(max(0, negativesPerPositive), Limit.negativesPerPositive))
            if batchSize >= 1, batchSize < least {
                let detail =
                    "must be at least \(least) for in_batch, two positives with their negatives, not \(batchSize)"
                faults.append(.init(name: "batch_size", detail: detail))
            }
        }
        let exponents = 0...Limit.popularityExponent
        if !exponents.contains(popularityExponent) {
            faults.append(.init(name: "popularity_exponent", detail: "must be 0 to 2, not \(popularityExponent)"))
        }
    }

    private func checkHistory(_ faults: inout [HyperparameterFaults.Fault]) {
        if !(history.regularization > 0 && history.regularization <= Limit.historyRegularization) {
            let detail = "must be above 0 and at most 1000000, not \(history.regularization)"
            faults.append(.init(name: "history_regularization", detail: detail))
        }
        checkCounting(&faults)
        if !(history.share >= 0 && history.share <= 1) {
            faults.append(.init(name: "history_share", detail: "must be 0 to 1, not \(history.share)"))
        }
    }

    private func checkPropensity(_ faults: inout [HyperparameterFaults.Fault]) {
        if !(propensity.exponent >= 0 && propensity.exponent <= Limit.propensity) {
            faults.append(.init(name: "propensity", detail: "must be 0 to 2, not \(propensity.exponent)"))
        }
        if !(propensity.clip >= 1 && propensity.clip <= Limit.propensityClip) {
            faults.append(.init(name: "propensity_clip", detail: "must be 1 to 1000, not \(propensity.clip)"))
        }
    }

    private func checkCounting(_ faults: inout [HyperparameterFaults.Fault]) {
        if !(history.halfLife >= 0 && history.halfLife <= Limit.historyHalfLife) {
            let detail = "must be 0 to 1000000 items, not \(history.halfLife)"
            faults.append(.init(name: "history_half_life", detail: detail))
        }
        if !(0...Limit.historyLength).contains(history.length) {
            faults.append(.init(name: "history_length", detail: "must be 0 to 1000000 items, not \(history.length)"))
        }
        if !(0...1).contains(history.backward) {
            faults.append(.init(name: "history_backward", detail: "must be 0 to 1, not \(history.backward)"))
        }
        if !(0...1).contains(history.evidence) {
            faults.append(.init(name: "history_evidence", detail: "must be 0 to 1, not \(history.evidence)"))
        }
        if !(history.features >= 0 && history.features <= Limit.historyFeatures) {
            faults.append(.init(name: "history_features", detail: "must be 0 to 100000, not \(history.features)"))
        }
        if !(0...Limit.historyNeighbours).contains(history.neighbours) {
            faults.append(.init(name: "history_neighbours", detail: "must be 0 to 1000, not \(history.neighbours)"))
        }
        if !(0...1).contains(history.neighbourShare) {
            let detail = "must be 0 to 1, not \(history.neighbourShare)"
            faults.append(.init(name: "history_neighbour_share", detail: detail))
        }
        if (1...Limit.historyNeighbours).contains(history.neighbours),
            architecture != .mf || epochs > 0 || start.sweeps == 0
        {
            let detail = "must be 0 but for mf in closed form: architecture mf, epochs 0 and als_sweeps above 0"
            faults.append(.init(name: "history_neighbours", detail: detail))
        }
        if history.evidence > 0, propensity.isOn {
            let detail = "must be 0 beside a propensity, which changes what interactions count"
            faults.append(.init(name: "history_evidence", detail: detail))
        }
    }

    private func checkStart(_ faults: inout [HyperparameterFaults.Fault]) {
        if !(start.regularization > 0 && start.regularization <= Limit.regularization) {
            let detail = "must be above 0 and at most 1000, not \(start.regularization)"
            faults.append(.init(name: "als_regularization", detail: detail))
        }
        if !(start.unobservedWeight > 0 && start.unobservedWeight <= 1000) {
            let detail = "must be above 0 and at most 1000, not \(start.unobservedWeight)"
            faults.append(.init(name: "als_unobserved_weight", detail: detail))
        }
    }

    /// These settings, if every one is within its bounds.
    ///
    /// - Throws: ``HyperparameterFaults``, listing every bad one.
    public func validated() throws(HyperparameterFaults) -> Hyperparameters {
        try validate()
        return self
    }
}
