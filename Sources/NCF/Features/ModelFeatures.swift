/// What a model knows of features: of what users and items are beside their IDs.
///
///     q(i) = base + Σ_{f ∈ features(i)} w_if F[f] + own(i)      for q_G, q_M and β_i alike
///     p(u) = base + Σ_{f ∈ features(u)} w_uf G[f] + own(u) + what the history adds
///
/// Rows of the items and users that were trained hold the sums already, and serving them costs nothing; F and G stand in where
/// there is no own(…): for an item or user that the model does not know.
public struct ModelFeatures: Sendable {
    /// The features of one side.
    public struct Side: Sendable {
        /// Which there are.
        public let vocabulary: FeatureVocabulary
        /// How much of what was learned about others, left out, their features told: shares of the variance.
        public let explained: Explained
        /// F, or G.
        let embeddings: FeatureEmbeddings
        /// What the histories of users with these features are expected to add; nil for items, and without histories.
        let histories: FeatureEmbeddings?
    }

    /// Shares from 0 to 1, of each part of a row; 0 where there is no such part.
    public struct Explained: Sendable, Equatable {
        /// Of the GMF embeddings, each element as its part in scores varies.
        public var gmf: Double
        /// Of the MLP embeddings.
        public var mlp: Double
        /// Of the biases.
        public var bias: Double
    }

    /// The items' features; nil where none has any.
    public let items: Side?
    /// The users' features; nil where none has any.
    public let users: Side?

    init?(items: Side?, users: Side?) {
        guard items != nil || users != nil else { return nil }
        self.items = items
        self.users = users
    }
}
