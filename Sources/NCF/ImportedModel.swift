/// A model that was trained elsewhere, read from a safetensors file and checked: what it may be served from.
///
/// The file is described in docs/model-format.md. Nothing of it is trusted: every tensor's name, type and shape, every
/// number, every ID, and that no score can overflow. Reading copies everything out, so the file may go afterwards.
public struct ImportedModel: Sendable {
    /// The longest header that is read: room for some million IDs, and a bound on the memory that parsing takes.
    public static let headerLimit = 32 << 20

    /// The users, by their rows in the tensors.
    public let users: IDMap
    /// The items, by their rows in the tensors.
    public let items: IDMap
    /// The weights.
    public let parameters: ModelParameters
    /// What it was trained to predict; never `auto`.
    public var objective: Objective { metadata.objective }
    /// How a rating comes from a logit.
    public var ratingOutput: RatingOutput { metadata.ratingOutput }
    /// The scale of the ratings, as the file says; there for a model of ratings.
    public var ratingScale: RatingScale? { metadata.ratingScale }
    /// All that the file says beside its tensors, but for IDs.
    private let metadata: WeightsMetadata
    /// What users had seen, by the file's own account: one list per user; empty where it is silent.
    let seen: [[SeenItem]]

    /// Reads the open file `descriptor`, which stays the caller's and may be closed afterwards.
    ///
    /// Complexity: linear in the file.
    /// - Throws: ``SnapshotFileError``, whose reason says what is wrong and where.
    public init(weightsIn descriptor: Int32) throws(SnapshotFileError) {
        let file = try MappedFile(descriptor: descriptor, path: "weights")
        let safetensors = try SafetensorsFile(file, headerLimit: Self.headerLimit)
        let reader = WeightsReader(file: safetensors, metadata: try WeightsMetadata(safetensors.metadata))
        users = try reader.ids("user_ids")
        items = try reader.ids("item_ids")
        parameters = try reader.parameters(userCount: users.count, itemCount: items.count)
        try LogitBound.check(parameters)
        seen = try reader.seen(userCount: users.count, itemCount: items.count)
        var metadata = reader.metadata
        metadata.ids = [:]
        self.metadata = metadata
    }
}

extension ImportedModel {
    /// Why a file that begins so cannot be one of weights; nil where it may be, as far as its first eight bytes tell.
    public static func refusal(ofBeginning bytes: [UInt8]) -> String? {
        guard bytes.count >= 8 else { return nil }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * $1) }
        guard length > UInt64(headerLimit) else { return nil }
        return "they do not begin like a safetensors file, whose header would have \(length) bytes; "
            + "\(headerLimit) are read at most"
    }

    /// Freezes it together with what its users are known to have done.
    ///
    /// - Parameters:
    ///   - stored: What the store holds. A user's interactions there with items of the model count as seen, beside what
    ///     the file itself says was seen, and items are popular by both. Where the file says it, that alone is what its users'
    ///     vectors were made from.
    ///   - watermark: The row of the store up to which `stored` was read.
    ///   - createdAt: Milliseconds since 1970.
    ///   - erasures: How many erasures there had been before `stored` was read: of who was erased by then it holds what came since.
    public func snapshot(
        version: Int, stored: InteractionDataset, watermark: Int64, createdAt: Int64, erasures: Int64 = 0
    ) -> ModelSnapshot {
        var known = stored.reindexed(users: users, items: items, after: seen)
        if let most = metadata.dislikesUpTo { known = known.discounting(upTo: most) }
        let lineage = Lineage(
            createdAt: createdAt, dataWatermark: watermark, interactionCount: known.interactionCount,
            hyperparameters: hyperparameters, origin: .imported, erasures: erasures,
            newestTimestamp: metadata.newestTimestamp, dislikesUpTo: metadata.dislikesUpTo,
            calibration: metadata.calibration)
        return ModelSnapshot(
            version: version, dataset: known, parameters: parameters, lineage: lineage, ratingScale: ratingScale,
            histories: seen.isEmpty ? nil : known.resting(on: seen))
    }

    private var hyperparameters: Hyperparameters {
        var settings = Hyperparameters(
            architecture: parameters.architecture, objective: objective,
            embeddingDimension: parameters.embeddingDimension, hiddenLayerSizes: parameters.layers.map(\.outputSize),
            epochs: 0)
        if parameters.architecture.hasMLP { settings.mlpEmbeddingDimension = parameters.mlpEmbeddingDimension }
        settings.negativesPerPositive = metadata.negativesPerPositive ?? settings.negativesPerPositive
        settings.negativeSampling = metadata.negativeSampling
        settings.popularityExponent = metadata.popularityExponent ?? settings.popularityExponent
        settings.propensity = metadata.propensity
        settings.contrast = metadata.contrast
        settings.ratingOutput = metadata.ratingOutput
        settings.seed = metadata.seed ?? settings.seed
        return settings
    }
}
