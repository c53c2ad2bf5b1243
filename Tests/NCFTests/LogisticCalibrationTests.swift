import Glibc
import Testing

@testable import NCF

@Suite("Logistic calibration")
struct LogisticCalibrationTests {
    @Test("slope and offset that the samples were drawn with are found again", arguments: [(0.5, 0.0), (4.0, -2.0)])
    func recovers(slope: Double, offset: Double) {
        var random = SplitMix64(seed: 5)
        var positives: [Float] = []
        var negatives: [Float] = []
        for _ in 0..<40_000 {
            let score = random.nextNormal()
            let isPositive = random.nextUnit() < 1 / (1 + exp(-(slope * score + offset)))
            if isPositive { positives.append(Float(score)) } else { negatives.append(Float(score)) }
        }
        let found = LogisticCalibration(positives: positives, negatives: negatives)
        #expect(abs(found.slope - slope) < 0.05 * max(1, slope))
        #expect(abs(found.offset - offset) < 0.08)
        let unfitted = LogisticCalibration(positives: [], negatives: [])
        #expect(
            found.loss(positives: positives, negatives: negatives)
                <= unfitted.loss(positives: positives, negatives: negatives))
    }

    @Test("scores that separate the two get a finite, rising line", arguments: [1, 0.001, 1000] as [Float])
    func separable(scale: Float) {
        let positives = [0.9, 1, 1.1].map { Float($0) * scale }
        let negatives = (0..<60).map { Float($0) / 300 * scale }
        let found = LogisticCalibration(positives: positives, negatives: negatives)
        #expect(found.slope.isFinite && found.offset.isFinite && found.slope > 0)
        #expect(found.loss(positives: positives, negatives: negatives) < 0.2)
    }

    @Test("scores that are all the same get the share of positives")
    func constant() {
        let found = LogisticCalibration(
            positives: Array(repeating: 0, count: 100), negatives: Array(repeating: 0, count: 300))
        #expect(abs(1 / (1 + exp(-found.offset)) - 0.25) < 0.01)
    }

    @Test("without positives or without negatives the scores stay as they are")
    func oneSided() {
        for found in [
            LogisticCalibration(positives: [1], negatives: []), LogisticCalibration(positives: [], negatives: [1]),
        ] {
            #expect(found.slope == 1 && found.offset == 0)
        }
    }
}
