/// Which properties of items and users become features of a model; see ``FeatureVocabulary``.
public struct FeatureSettings: Sendable, Equatable {
    /// Names out of those that there are.
    public enum Selection: Sendable, Equatable {
        /// Every name.
        case all
        /// These names, byte for byte.
        case only([String])

        func contains(_ name: String) -> Bool {
            switch self {
            case .all: true
            case .only(let names): names.contains { $0.utf8.elementsEqual(name.utf8) }
            }
        }
    }

    /// Whether tags are features.
    public var usesTags: Bool
    /// Which attributes are.
    public var attributes: Selection
    /// Which content vectors are.
    public var vectors: Selection
    /// How many must have a tag, a text, a number or a vector for it to be a feature.
    public var minimumCount: Int
    /// Into how many buckets of about the same size numbers are sorted, at most.
    public var bucketCount: Int

    /// Everything, but for what fewer than five have.
    public init(
        usesTags: Bool = true, attributes: Selection = .all, vectors: Selection = .all, minimumCount: Int = 5,
        bucketCount: Int = 16
    ) {
        self.usesTags = usesTags
        self.attributes = attributes
        self.vectors = vectors
        self.minimumCount = minimumCount
        self.bucketCount = bucketCount
    }
}
