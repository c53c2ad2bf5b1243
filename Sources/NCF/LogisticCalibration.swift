import Glibc

/// Finds slope and offset that turn scores into the log-odds of an interaction (Platt 1999).
struct LogisticCalibration: Equatable {
    var slope = 1.0
    var offset = 0.0

    private static let iterations = 50

    /// Fits σ(slope · score + offset) to the targets by Newton's method, a step that would raise the loss being halved until
    /// it lowers it; O(samples · iterations).
    ///
    /// The targets are Platt's, a little inside 0 and 1, so that scores that separate the two perfectly get a finite slope.
    init(positives: [Float], negatives: [Float]) {
        guard !positives.isEmpty, !negatives.isEmpty else { return }
        slope = 0
        offset = log((Double(positives.count) + 1) / (Double(negatives.count) + 1))
        let high = (Double(positives.count) + 1) / (Double(positives.count) + 2)
        let low = 1 / (Double(negatives.count) + 2)
        let samples = [(positives, high), (negatives, low)]
        var current = Self.loss(slope, offset, samples)
        for _ in 0..<Self.iterations {
            guard var step = newtonStep(samples) else { return }
            var next = Self.loss(slope - step.slope, offset - step.offset, samples)
            while !(next <= current) {
                step = (step.slope / 2, step.offset / 2)
                guard abs(step.slope) + abs(step.offset) > 1e-9 else { return }
                next = Self.loss(slope - step.slope, offset - step.offset, samples)
            }
            slope -= step.slope
            offset -= step.offset
            guard current - next > 1e-9 * current else { return }
            current = next
        }
    }

    /// σ(slope · score + offset).
    func probability(_ score: Float) -> Double { 1 / (1 + exp(-(slope * Double(score) + offset))) }

    private func newtonStep(_ samples: [(scores: [Float], target: Double)]) -> (slope: Double, offset: Double)? {
        var (gradientSlope, gradientOffset) = (0.0, 0.0)
        // A trace of a penalty, for scores that are all the same.
        var (slopeSlope, slopeOffset, offsetOffset) = (1e-9, 0.0, 1e-9)
        for (scores, target) in samples {
            for score in scores {
                let x = Double(score)
                let probability = 1 / (1 + exp(-(slope * x + offset)))
                let curvature = probability * (1 - probability)
                gradientSlope += (probability - target) * x
                gradientOffset += probability - target
                slopeSlope += curvature * x * x
                slopeOffset += curvature * x
                offsetOffset += curvature
            }
        }
        let determinant = slopeSlope * offsetOffset - slopeOffset * slopeOffset
        guard determinant > 0 else { return nil }
        let slopeStep = (offsetOffset * gradientSlope - slopeOffset * gradientOffset) / determinant
        let offsetStep = (slopeSlope * gradientOffset - slopeOffset * gradientSlope) / determinant
        return slopeStep.isFinite && offsetStep.isFinite ? (slopeStep, offsetStep) : nil
    }

    /// The summed cross-entropy with a target between 0 and 1 for each list of scores.
    private static func loss(
        _ slope: Double, _ offset: Double, _ samples: [(scores: [Float], target: Double)]
    ) -> Double {
        samples.reduce(0) { sum, list in
            list.scores.reduce(sum) { sum, score in
                let logit = slope * Double(score) + offset
                return sum + max(0, logit) - list.target * logit + log1p(exp(-abs(logit)))
            }
        }
    }

    /// The mean cross-entropy of the scores, in nats.
    func loss(positives: [Float], negatives: [Float]) -> Double {
        Self.loss(slope, offset, [(positives, 1), (negatives, 0)])
            / Double(max(1, positives.count + negatives.count))
    }
}
