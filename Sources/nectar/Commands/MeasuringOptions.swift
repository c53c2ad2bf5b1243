import ArgumentParser
import RecommendationService

/// The flags that say how a model is measured, wherever one is.
struct MeasuringOptions: ParsableArguments {
    @Option(help: "Draws that the intervals come from; 0 tells none.")
    var resamples = EvaluationSettings().resamples

    @Option(help: "Users whose held-out items are ranked, at most, drawn at random.")
    var measuredUsers = EvaluationSettings().measuredUsers

    @Flag(inversion: .prefixedNo, help: "Train mf beside a model that is more than that, to measure it by.")
    var yardstick = true

    func validate() throws {
        guard (0...EvaluationSettings.greatestResamples).contains(resamples) else {
            throw ValidationError("--resamples must be 0 to \(EvaluationSettings.greatestResamples).")
        }
        guard (1...EvaluationSettings.greatestMeasuredUsers).contains(measuredUsers) else {
            throw ValidationError("--measured-users must be 1 to \(EvaluationSettings.greatestMeasuredUsers).")
        }
    }

    /// The defaults with what was said.
    var settings: EvaluationSettings {
        var settings = EvaluationSettings()
        settings.resamples = resamples
        settings.measuredUsers = measuredUsers
        settings.trainsYardstick = yardstick
        return settings
    }
}
