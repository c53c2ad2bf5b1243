internal import JSON

extension WeightsMetadata {
    /// What folding in, and what comes after a training, go by beside the weights.
    mutating func readCircumstances(_ metadata: [String: String]) throws(SnapshotFileError) {
        if let name = metadata["negative_sampling"] {
            guard let known = NegativeSampling(rawValue: name) else {
                throw Self.refusal(
                    "\"negative_sampling\" is \"\(name)\", which is none of uniform, popularity and in_batch")
            }
            guard known != .inBatch || objective == .softmax else {
                throw Self.refusal(
                    "\"negative_sampling\" can be in_batch only with the objective softmax, not with "
                        + objective.rawValue)
            }
            negativeSampling = known
        }
        popularityExponent = try Self.number(
            "popularity_exponent", in: 0...Hyperparameters.Limit.popularityExponent, metadata,
            unless: negativeSampling == .popularity ? nil : "unless \"negative_sampling\" is \"popularity\"")
        let exponent = try Self.number("propensity", in: 0...Hyperparameters.Limit.propensity, metadata)
        let clip = try Self.number(
            "propensity_clip", in: 1...Hyperparameters.Limit.propensityClip, metadata,
            unless: exponent ?? 0 > 0 ? nil : "without \"propensity\"")
        propensity = InversePropensity(exponent: exponent ?? 0, clip: clip ?? propensity.clip)
        if let text = metadata["dislikes_up_to"] {
            guard let rating = Float(text), rating.isFinite else {
                throw Self.refusal("\"dislikes_up_to\" is \"\(text)\", expected a number")
            }
            guard objective != .rating else {
                throw Self.refusal("\"dislikes_up_to\" means nothing to a model of ratings")
            }
            dislikesUpTo = rating
        }
        if let text = metadata["newest_timestamp"] {
            guard let time = Int64(text), (RFC3339.earliest...RFC3339.latest).contains(time), time != 0 else {
                throw Self.refusal(
                    "\"newest_timestamp\" is \"\(text)\", expected milliseconds since 1970, within the years 0000 to 9999"
                )
            }
            newestTimestamp = time
        }
        calibration = try Self.calibration(metadata)
        try readContrast(metadata)
    }

    private mutating func readContrast(_ metadata: [String: String]) throws(SnapshotFileError) {
        let condition = objective == .cosineContrastive ? nil : "unless \"objective\" is \"cosine_contrastive\""
        let margin = try Self.number("contrastive_margin", in: -1...1, metadata, unless: condition)
        let weight = try Self.number(
            "contrastive_weight", in: 0...Hyperparameters.Limit.contrastWeight, metadata, unless: condition)
        contrast = CosineContrast(
            margin: margin ?? contrast.margin, negativeWeight: weight ?? contrast.negativeWeight)
    }

    private static func calibration(_ metadata: [String: String]) throws(SnapshotFileError) -> LogitCalibration? {
        let (slope, offset) = (metadata["calibration_slope"], metadata["calibration_offset"])
        guard slope != nil || offset != nil else { return nil }
        guard let slope = slope.flatMap(Float.init), let offset = offset.flatMap(Float.init),
            (1 / LogitCalibration.limit...LogitCalibration.limit).contains(slope),
            abs(offset) <= LogitCalibration.limit
        else {
            throw refusal(
                "\"calibration_slope\" and \"calibration_offset\" are not both there, a number from 0.000001 to 1000000 "
                    + "and one from -1000000 to 1000000")
        }
        return LogitCalibration(slope: slope, offset: offset)
    }

    /// A number of that name, where there is one.
    ///
    /// - Parameter condition: Where it means nothing; nil where it means something.
    private static func number(
        _ name: String, in bounds: ClosedRange<Double>, _ metadata: [String: String], unless condition: String? = nil
    ) throws(SnapshotFileError) -> Double? {
        guard let text = metadata[name] else { return nil }
        if let condition { throw refusal("\"\(name)\" means nothing \(condition)") }
        guard let value = Double(text), bounds.contains(value) else {
            throw refusal(
                "\"\(name)\" is \"\(text)\", expected a number from \(Int(bounds.lowerBound)) to \(Int(bounds.upperBound))"
            )
        }
        return value
    }
}
