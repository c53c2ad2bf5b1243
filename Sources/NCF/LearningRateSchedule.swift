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
}
