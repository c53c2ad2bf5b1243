import Foundation
import NCF
import RecommendationService

/// What the command line prints of a training.
enum Report {
    /// One line for an epoch.
    static func epoch(_ report: EpochReport) {
        var line =
            report.isClosedForm
            ? String(format: "closed form  loss %.4f  %.1f s", report.loss, report.seconds)
            : String(
                format: "epoch %3d/%d  loss %.4f  %.2f M samples/s  %.1f s", report.epoch, report.of, report.loss,
                report.samplesPerSecond / 1e6, report.seconds)
        if let validation = report.validation {
            line += String(format: "  %@ %.4f", validation.criterion, validation.value)
        }
        print(line)
    }

    /// A table of what a model measured, beside popularity.
    static func evaluation(_ evaluation: TrainingEvaluation) {
        header()
        row("model", evaluation.sampled, evaluation.fullCatalogue)
        row("popularity", evaluation.popularitySampled, evaluation.popularityFullCatalogue)
        if let rating = evaluation.rating { errors("model", rating) }
        if let mean = evaluation.itemMeanRating { errors("item means", mean) }
    }

    /// The columns of ``row(_:_:_:)``.
    static func header(_ negatives: String = "99 negatives") {
        print("                \(negatives.padding(toLength: 21, withPad: " ", startingAt: 0))full catalogue")
        print("                HR@10    NDCG@10     HR@10    NDCG@10")
    }

    /// One scorer's ranking.
    static func row(_ name: String, _ sampled: RankingMetrics?, _ full: RankingMetrics?) {
        func cell(_ metrics: RankingMetrics?) -> String {
            metrics.map { String(format: "%.4f   %.4f", $0.hitRate(at: 10), $0.ndcg(at: 10)) } ?? "-        -     "
        }
        print("\(name.padding(toLength: 16, withPad: " ", startingAt: 0))\(cell(sampled))      \(cell(full))")
    }

    /// A number in millions, such as `2.31 M`.
    static func millions(_ number: Double) -> String { String(format: "%.2f M", number / 1e6) }

    private static func errors(_ name: String, _ metrics: RatingMetrics) {
        print(String(format: "%@: RMSE %.4f, MAE %.4f, MSE %.4f", name, metrics.rmse, metrics.mae, metrics.mse))
    }
}
