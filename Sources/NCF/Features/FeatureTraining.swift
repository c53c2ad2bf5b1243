/// Learns what features say of a model's items and users, once the model is trained; see ``FeatureRegression``.
///
/// The trained rows stay as they are. Blocks the calling thread for as long as it takes: nothing without records, some
/// milliseconds for a catalogue of thousands. The same model, data and records give the same bytes.
public struct FeatureTraining {
    /// The most rows that are looked at: of items the most popular, of users evenly many of all.
    public static let rowLimit = 65_536

    private let model: ModelSnapshot
    private let dataset: InteractionDataset

    /// - Parameter dataset: What `model` was trained on.
    public init(model: ModelSnapshot, dataset: InteractionDataset) {
        precondition(model.userCount == dataset.userCount && model.itemCount == dataset.itemCount)
        self.model = model
        self.dataset = dataset
    }

    /// The items whose records are worth reading, by rising index.
    public static func items(of dataset: InteractionDataset) -> [Int] {
        let counts = PopularityScorer(dataset: dataset).scores(user: 0)
        guard counts.count > rowLimit else { return Array(counts.indices) }
        return counts.indices.sorted { (counts[$0], $1) > (counts[$1], $0) }.prefix(rowLimit).sorted()
    }

    /// The users whose records are.
    public static func users(of dataset: InteractionDataset) -> [Int] {
        Array(stride(from: 0, to: dataset.userCount, by: max(1, dataset.userCount / rowLimit + 1)))
    }

    /// The model with what the features in the records say.
    ///
    /// - Parameters:
    ///   - items: Records of some of ``items(of:)``, by index; those without any property may be left out.
    ///   - users: The same of ``users(of:)``.
    /// - Returns: The same model where nobody has a feature; nil where `isCancelled` said so.
    public func train(
        items: [Int: FeatureRecord], itemSettings: FeatureSettings, users: [Int: FeatureRecord],
        userSettings: FeatureSettings, isCancelled: () -> Bool = { false }
    ) -> ModelSnapshot? {
        Kernels.useOneThread()
        let items = itemSide(items, itemSettings, isCancelled)
        let users = userSide(users, userSettings, isCancelled)
        if isCancelled() { return nil }
        return ModelFeatures(items: items, users: users).map { model.knowing($0) } ?? model
    }

    private var gmf: Int { model.model.gmfWidth }
    private var mlp: Int { model.model.mlpWidth }

    private func itemSide(
        _ records: [Int: FeatureRecord], _ settings: FeatureSettings, _ isCancelled: () -> Bool
    ) -> ModelFeatures.Side? {
        guard let prepared = prepare(records, settings) else { return nil }
        let regression = regression(
            prepared, counts: prepared.members.map { model.interactionCount(ofItem: $0) }, beside: model.model.userGMF,
            rows: model.userCount)
        let scoring = model.model
        let fit = regression.fit(
            target: { row in
                let item = prepared.members[row]
                var target = Array(scoring.itemGMF[item * gmf..<(item + 1) * gmf])
                target += scoring.itemMLP[item * mlp..<(item + 1) * mlp]
                target.append(scoring.itemBias[item])
                return target
            }, isCancelled: isCancelled)
        return fit.map { side(prepared.vocabulary, $0, histories: nil) }
    }

    private func userSide(
        _ records: [Int: FeatureRecord], _ settings: FeatureSettings, _ isCancelled: () -> Bool
    ) -> ModelFeatures.Side? {
        guard let prepared = prepare(records, settings) else { return nil }
        let regression = regression(
            prepared, counts: prepared.members.map { dataset.interactions(of: $0).count }, beside: model.model.itemGMF,
            rows: model.itemCount)
        let bags = model.model.history.map { FeatureBags(histories: dataset, counting: $0.counting) }
        let own = regression.fit(
            target: { row in
                let user = prepared.members[row]
                let vector = model.model.ownVector(of: user)
                return (bags.map { vector.adding(historySum(of: user, $0, scale: -1)) } ?? vector).row
            }, isCancelled: isCancelled)
        guard let own else { return nil }
        guard let bags else { return side(prepared.vocabulary, own, histories: nil) }
        let histories = regression.fit(
            target: { row in historySum(of: prepared.members[row], bags, scale: 1).row }, isCancelled: isCancelled)
        return side(prepared.vocabulary, own, histories: histories)
    }

    /// What the history of a user adds to its vector, times `scale`.
    private func historySum(of user: Int, _ bags: FeatureBags, scale: Float) -> UserVector {
        let zero = UserVector(gmf: Array(repeating: 0, count: gmf), mlp: Array(repeating: 0, count: mlp), bias: 0)
        guard let history = model.model.history else { return zero }
        let entries = bags.byRow.entries(of: user)
        return history.adding(
            bags.byRow.indices[entries], weights: bags.byRow.weights[entries].map { scale * $0 }, to: zero)
    }

    private typealias Prepared = (vocabulary: FeatureVocabulary, members: [Int], rows: [SparseFeatures])

    /// Nil where there are no features. Those without any teach nothing about them.
    private func prepare(_ records: [Int: FeatureRecord], _ settings: FeatureSettings) -> Prepared? {
        let vocabulary = FeatureVocabulary(
            of: records.sorted { $0.key < $1.key }.map(\.value), settings: settings)
        return ItemFeatures(vocabulary, records).map { (vocabulary, $0.members, $0.rows) }
    }

    /// - Parameter others: The GMF rows on the other side of the product, which say what an element is worth in scores.
    private func regression(
        _ prepared: Prepared, counts: [Int], beside others: FrozenArray<Float>, rows: Int
    ) -> FeatureRegression {
        let moments = ColumnMoments(others, rows: rows, width: gmf)
        let weights = (0..<gmf).map { k in
            let h = model.model.outputWeights[k]
            return h * h * (moments.variances[k] + moments.means[k] * moments.means[k])
        }
        return FeatureRegression(
            rows: prepared.rows, counts: counts, featureCount: prepared.vocabulary.count,
            blocks: [0..<gmf, gmf..<gmf + mlp, gmf + mlp..<gmf + mlp + 1],
            columnWeights: weights + Array(repeating: 1, count: mlp + 1))
    }

    private func side(
        _ vocabulary: FeatureVocabulary, _ fit: FeatureRegression.Fit, histories: FeatureRegression.Fit?
    ) -> ModelFeatures.Side {
        func embeddings(_ fit: FeatureRegression.Fit) -> FeatureEmbeddings {
            FeatureEmbeddings(gmf: gmf, mlp: mlp, rows: FrozenArray(fit.rows))
        }
        return ModelFeatures.Side(
            vocabulary: vocabulary,
            explained: ModelFeatures.Explained(gmf: fit.explained[0], mlp: fit.explained[1], bias: fit.explained[2]),
            embeddings: embeddings(fit), histories: histories.map(embeddings))
    }
}
