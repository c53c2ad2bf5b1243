extension LearningCore {
    /// What `result` found, with the users of whom nothing was learned folded in from what they did, so that they are served by it
    /// like anybody who comes after the training.
    ///
    /// O(one fold-in for each such user); nil where `isCancelled` said so.
    ///
    /// - Parameters:
    ///   - served: The dataset that the model is served with.
    ///   - all: The same with the interactions that are not learned from as they were.
    public func completing(
        _ result: TrainingResult, served: InteractionDataset, all: InteractionDataset,
        isCancelled: () -> Bool = { false }
    ) -> ModelParameters? {
        var parameters = result.parameters
        guard !rareUsers.isEmpty || !bots.isEmpty else { return parameters }
        let lineage = Lineage(
            createdAt: 0, dataWatermark: 0, interactionCount: 0, hyperparameters: result.hyperparameters,
            calibration: result.calibration)
        let model = ModelSnapshot(version: 0, dataset: served, parameters: parameters, lineage: lineage)
        for user in 0..<all.userCount where isUnlearned(user) && !all.interactions(of: user).isEmpty {
            if isCancelled() { return nil }
            let own = all.interactions(of: user)
            parameters.setUser(
                user,
                to: model.foldIn(
                    items: Array(all.items[own]), weights: Array(all.weights[own]), ratings: Array(all.ratings[own])))
        }
        return parameters
    }
}

extension LearningCore {
    /// What the vectors of a model's users were made from, where that is not all that it is served with: of those of whom nothing was
    /// learned what they did, as ``completing(_:served:all:isCancelled:)`` folds them in; nil where there is nobody like that.
    ///
    /// - Parameters:
    ///   - served: The dataset that the model is served with.
    ///   - all: The same with the interactions that are not learned from as they were.
    public func histories(served: InteractionDataset, all: InteractionDataset) -> InteractionDataset? {
        guard !rareUsers.isEmpty || !bots.isEmpty else { return nil }
        return served.replacing(with: all) { isUnlearned($0) }
    }
}

extension ModelParameters {
    /// Replaces what is known of one user.
    fileprivate mutating func setUser(_ user: Int, to vector: UserVector) {
        let (d, m) = (embeddingDimension, mlpEmbeddingDimension)
        userGMF.replaceSubrange(user * d..<(user + 1) * d, with: vector.gmf)
        userMLP.replaceSubrange(user * m..<(user + 1) * m, with: vector.mlp)
        userBias[user] = vector.bias
    }
}
