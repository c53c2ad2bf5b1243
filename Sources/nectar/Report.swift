import Foundation
import NCF
import RecommendationService

/// What the command line prints of a training.
enum Report {
    /// One line for an epoch.
    static func epoch(_ report: EpochReport) { tell(line(report)) }

    /// Prints a line of what is going on, so that it is there at once also where the output is a file or a pipe.
    static func tell(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// What a search has to tell since it last told something: the measurement that came last, or its end.
    static func lines(_ report: SearchReport) -> [String] {
        if let verdict = report.verdict {
            return [
                String(format: "Chosen after %d trials in %.1f s: %@", report.trials.count, report.seconds, verdict)
            ]
        }
        guard let latest = report.latest, let measurement = report.trials[latest - 1].measurements.last else {
            return []
        }
        let trial = report.trials[latest - 1]
        return [
            String(
                format: "trial %2d  %@ %.4f  %d epochs  %d interactions  %.1f s  %@", trial.number, trial.criterion,
                measurement.value, measurement.epochs, measurement.interactions, measurement.seconds,
                settings(trial.settings))
        ]
    }

    /// The settings that a search varies, in a line.
    static func settings(_ settings: Hyperparameters) -> String {
        var parts = ["\(settings.architecture.rawValue) \(settings.objective.rawValue) \(settings.embeddingDimension)"]
        if settings.objective == .rating {
            parts.append("weight decay \(settings.weightDecay)")
        } else {
            parts.append(
                "regularization \(settings.start.regularization), unobserved weight \(settings.start.unobservedWeight)")
            if settings.hasHistory {
                let history = settings.history
                parts.append(
                    "history \(history.dimension), \(history.regularization), share \(history.share)"
                        + (history.halfLife > 0 ? ", half-life \(history.halfLife), backward \(history.backward)" : "")
                        + (history.length > 0 ? ", length \(history.length)" : "")
                        + (history.evidence > 0 ? ", evidence \(history.evidence)" : "")
                        + (history.features > 0 ? ", features \(history.features)" : "")
                        + (history.neighbours > 0
                            ? ", neighbours \(history.neighbours), share \(history.neighbourShare)" : ""))
            }
        }
        if settings.epochs > 0 { parts.append("\(settings.epochs) epochs, step \(settings.learningRate)") }
        return parts.joined(separator: "; ")
    }

    /// The same as ``epoch(_:)``, not yet printed.
    static func line(_ report: EpochReport) -> String {
        var line =
            report.isClosedForm
            ? String(format: "closed form  loss %.4f  %.1f s", report.loss, report.seconds)
            : String(
                format: "epoch %3d/%d  loss %.4f  %.2f M samples/s  %.1f s", report.epoch, report.of, report.loss,
                report.samplesPerSecond / 1e6, report.seconds)
        if let validation = report.validation {
            line += String(format: "  %@ %.4f", validation.criterion, validation.value)
        }
        return line
    }

    /// A table of what a model measured, beside the yardsticks: a figure a line, a scorer a column, each with its interval.
    static func evaluation(_ report: EvaluationReport) {
        print(
            "\n\(report.holdout): \(report.heldOut) interactions of \(report.users) users held out, "
                + "\(report.trainedOn) trained on.")
        if report.measuredUsers < report.users {
            print("Ranked are those of \(report.measuredUsers) users, drawn at random (--measured-users).")
        }
        if report.settings.resamples > 0 {
            print("In brackets: 95 % of \(report.settings.resamples) draws of the users lie there.")
        }
        let negatives = report.hasGivenNegatives ? "given" : "\(report.settings.sampledNegatives)"
        let ranked = report.scorers.filter { $0.fullCatalogue != nil }
        section("full catalogue", of: ranked)
        ranking(report, "full_catalogue", \.fullCatalogue, of: ranked)
        section("\(negatives) negatives", of: ranked)
        ranking(report, "sampled", \.sampled, of: ranked)
        section("first \(ranked.first?.beyondAccuracy?.cutoff ?? 0) beyond accuracy", of: ranked)
        for (name, label) in [
            ("coverage", "coverage"), ("novelty", "novelty, bits"), ("diversity", "diversity"), ("gini", "Gini"),
        ] {
            line(label, ranked.map { cell($0.beyondAccuracy?.byName[name], nil) })
        }
        if let preselection = report.preselection {
            print(
                String(
                    format: "\nAs it is served, of %d preselected items: %.4f of the exact first %d, of %d users.",
                    preselection.candidates, preselection.recall, preselection.listLength, preselection.users))
        }
        let rated = report.scorers.filter { $0.rating != nil }
        if !rated.isEmpty {
            section("ratings", of: rated)
            for name in ["rmse", "mae", "mse"] {
                line(name.uppercased(), rated.map { cell($0.rating?.byName[name], $0.intervals["rating"]?[name]) })
            }
        }
        if let calibration = report.model.calibration {
            print(String(format: "\nexpected calibration error %.4f", calibration.expectedError))
        }
        print("")
    }

    private static func ranking(
        _ report: EvaluationReport, _ group: String, _ metrics: KeyPath<ScorerEvaluation, RankingMetrics?>,
        of scorers: [ScorerEvaluation]
    ) {
        let atCutoffs = [
            ("hit_rate", "HR"), ("ndcg", "NDCG"), ("recall", "recall"), ("precision", "precision"), ("map", "MAP"),
            ("mrr", "MRR"),
        ]
        let figures =
            report.settings.cutoffs.flatMap { cutoff in
                atCutoffs.map { name, label in ("\(name)_at_\(cutoff)", "\(label)@\(cutoff)") }
            } + [("mrr", "MRR"), ("auc", "AUC")]
        for (name, label) in figures {
            line(
                label,
                scorers.map { cell($0[keyPath: metrics]?.byName[name], $0.intervals[group]?[name]) })
        }
    }

    private static let labelWidth = 26
    private static let cellWidth = 24

    private static func section(_ title: String, of scorers: [ScorerEvaluation]) {
        print("")
        line(title, scorers.map(\.name), indent: "")
    }

    private static func line(_ label: String, _ cells: [String], indent: String = "  ") {
        let columns = cells.map { $0.padding(toLength: max(cellWidth, $0.count), withPad: " ", startingAt: 0) }
        let start = (indent + label).padding(toLength: labelWidth, withPad: " ", startingAt: 0)
        var text = start + columns.joined()
        while text.hasSuffix(" ") { text.removeLast() }
        print(text)
    }

    private static func cell(_ value: Double?, _ interval: ConfidenceInterval?) -> String {
        guard let value else { return "-" }
        guard let interval else { return String(format: "%.4f", value) }
        return String(format: "%.4f [%.4f, %.4f]", value, interval.low, interval.high)
    }

    /// A number in millions, such as `2.31 M`.
    static func millions(_ number: Double) -> String { String(format: "%.2f M", number / 1e6) }
}
