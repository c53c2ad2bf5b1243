internal import CKernels

/// The model's loss on a few weighted samples, and its derivatives by their logits.
struct SampleLoss {
    let targets: [Float]
    let weights: [Float]
    let objective: Objective
    /// What logits are told in: 1, but where they are ratings.
    let logitUnit: Float
    /// What is taken from each logit first; empty where nothing is.
    private let shifts: [Float]
    private let bounded: BoundedRating?
    private let calibration: LogitCalibration

    /// - Parameters:
    ///   - shifts: By how much each sample's logit is less than the given one; empty for nothing.
    ///   - bounded: How a rating comes from a logit; nil where it is one.
    ///   - ratingUnit: What errors of ratings are measured in.
    ///   - calibration: What made the given logits of those that the loss is told in.
    init(
        _ samples: [FoldIn.Sample], objective: Objective, logitsLess shifts: [Float] = [],
        bounded: BoundedRating? = nil,
        ratingUnit: Float = 1, calibration: LogitCalibration = .none
    ) {
        self.calibration = calibration
        precondition(shifts.isEmpty || shifts.count == samples.count)
        self.shifts = shifts
        self.bounded = bounded
        targets = samples.map(\.target)
        let weight = objective == .rating ? 1 / (ratingUnit * ratingUnit) : 1
        weights = samples.map { $0.weight * weight }
        logitUnit = objective == .rating && bounded == nil ? ratingUnit : 1
        self.objective = objective
    }

    /// How many samples there are.
    var count: Int { targets.count }

    /// The loss at `logits`, summed; `slopes` become its derivatives.
    @unsafe
    func evaluate(_ logits: [Float], slopes: UnsafeMutablePointer<Float>) -> Float {
        var logits = logits
        for sample in shifts.indices { logits[sample] -= shifts[sample] }
        if calibration != .none {
            for sample in logits.indices { logits[sample] = calibration.original(of: logits[sample]) }
        }
        defer {
            if calibration.slope != 1 {
                for sample in 0..<count { unsafe slopes[sample] /= calibration.slope }
            }
        }
        if let bounded {
            return unsafe Float(
                bounded.squaredError(count, logits, targets, weights, scale: 0.5, deltas: slopes) / 2)
        }
        return if objective == .rating {
            unsafe Float(nectar_squared_error(Int32(count), logits, targets, weights, 0.5, slopes) / 2)
        } else {
            unsafe Float(nectar_cross_entropy(Int32(count), logits, targets, weights, 1, slopes))
        }
    }

    /// The derivatives of `slopes`, which are those at `logits`; of bounded ratings what Gauss and Newton leave of them, which
    /// is never below 0.
    @unsafe
    func curvatures(
        at logits: [Float], _ slopes: UnsafePointer<Float>, into curvatures: UnsafeMutablePointer<Float>
    ) {
        if let bounded {
            for sample in 0..<count {
                let slope = bounded.value(shifts.isEmpty ? logits[sample] : logits[sample] - shifts[sample]).slope
                unsafe curvatures[sample] = weights[sample] * slope * slope
            }
            return
        }
        let slope = calibration.slope
        for sample in 0..<count {
            let weight = weights[sample]
            // The slope is weight · (probability − target), over that of the calibration.
            let probability = unsafe slope * slopes[sample] / weight + targets[sample]
            unsafe curvatures[sample] =
                objective == .rating ? weight : weight * probability * (1 - probability) / (slope * slope)
        }
    }
}
