import Glibc

/// How the step size changes over a run.
///
/// Adam's steps keep a length of about the step size however near the optimum is, so a model trained at a constant one ends
/// up circling it; a falling one settles.
public enum LearningRateSchedule: String, Sendable, CaseIterable {
    /// The same for every batch.
    case constant
    /// Falls in a straight line from the first batch to nothing after the last of all epochs.
    case linear
    /// Falls from the first batch to nothing after the last as half a wave of the cosine does (Loshchilov and Hutter 2017):
    /// slowly at first and at the end.
    case cosine

    /// What the step size is multiplied with after `progress` (0 ... 1) of the samples of all epochs.
    func factor(progress: Double) -> Double {
        switch self {
        case .constant: 1
        case .linear: max(0, 1 - progress)
        case .cosine: (1 + cos(Double.pi * min(1, progress))) / 2
        }
    }

    /// How many epochs of a schedule of their own go as far as the first `best` of one of `all`.
    ///
    /// What counts is the sum of the step sizes. With `linear` those of the first half of 20 epochs are three quarters of the
    /// whole, and 15 epochs of their own have as much: ten would stop short.
    func epochs(reachedBy best: Int, of all: Int) -> Int {
        guard all > 0 else { return best }
        return Int((Double(all) * sum(to: Double(best) / Double(all)) / sum(to: 1)).rounded())
    }

    /// The integral of the factors, by the midpoint rule.
    private func sum(to end: Double) -> Double {
        let parts = 1000
        return (0..<parts).reduce(0) { $0 + factor(progress: end * (Double($1) + 0.5) / Double(parts)) }
            * end / Double(parts)
    }
}
