import Glibc

/// Finds slope and offset that turn scores into the log-odds of an interaction (Platt 1999).
struct LogisticCalibration: Equatable {
    var slope = 1.0
    var offset = 0.0

    private static let iterations = 50

    /// Fits σ(slope · score + offset) to the targets by Newton's method; O(samples · iterations).
    ///
    /// The targets are Platt's, a little inside 0 and 1, so that scores that separate the two perfectly get a finite slope.
    init(positives: [Float], negatives: [Float]) {
        guard !positives.isEmpty, !negatives.isEmpty else { return }
        let high = (Double(positives.count) + 1) / (Double(positives.count) + 2)
        let low = 1 / (Double(negatives.count) + 2)
        slope = 0
        offset = log((Double(positives.count) + 1) / (Double(negatives.count) + 1))
        for _ in 0..<Self.iterations {
            var (gradientSlope, gradientOffset) = (0.0, 0.0)
            var (slopeSlope, slopeOffset, offsetOffset) = (1e-9, 0.0, 1e-9)
            func add(_ scores: [Float], target: Double) {
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
            add(positives, target: high)
            add(negatives, target: low)
            let determinant = slopeSlope * offsetOffset - slopeOffset * slopeOffset
            guard determinant > 0 else { return }
            let slopeStep = (offsetOffset * gradientSlope - slopeOffset * gradientOffset) / determinant
            let offsetStep = (slopeSlope * gradientOffset - slopeOffset * gradientSlope) / determinant
            slope -= slopeStep
            offset -= offsetStep
            guard slope.isFinite, offset.isFinite else {
                (slope, offset) = (1, 0)
                return
            }
            if abs(slopeStep) < 1e-6 * max(1, abs(slope)), abs(offsetStep) < 1e-6 { return }
        }
    }

    /// The mean cross-entropy of the scores, in nats.
    func loss(positives: [Float], negatives: [Float]) -> Double {
        func sum(_ scores: [Float], sign: Double) -> Double {
            scores.reduce(0) { $0 + log1p(exp(-sign * (slope * Double($1) + offset))) }
        }
        return (sum(positives, sign: 1) + sum(negatives, sign: -1))
            / Double(max(1, positives.count + negatives.count))
    }
}
