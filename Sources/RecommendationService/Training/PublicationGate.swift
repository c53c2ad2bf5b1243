import NCF

/// Decides whether a newly trained model may replace the one that serves.
///
/// Two models are trained, and measured, on different data: the newer one has seen more. What is compared is therefore
/// how far each one is ahead of popularity on its own holdout (for ratings: how far below the error of the items' means),
/// with a margin for the noise of a holdout; a comparison of the bare figures would keep an old model for ever once the
/// data became harder.
struct PublicationGate {
    /// The share of the current model's lead that a new one may lose and still count as no worse.
    static let margin = 0.05
    /// A popularity that finds less than this is taken for this: below, it is mostly chance, and nothing to divide by.
    static let leastPopularity = 0.02

    /// Nil if a model with metrics `new` may replace that of `current`; otherwise a sentence that says why not.
    ///
    /// A model from elsewhere has no metrics that can be compared, and whoever put it there did so on purpose: it goes on.
    static func objection(to new: [String: Double], replacing current: Lineage) -> String? {
        guard current.origin == .trained else {
            return "the one that serves was trained elsewhere, so that there is nothing to compare with; "
                + "\"publish\": \"always\" replaces it"
        }
        return objection(to: new, replacing: current.metrics)
    }

    /// The same by the metrics of the model that serves.
    static func objection(to new: [String: Double], replacing current: [String: Double]) -> String? {
        guard let currentLead = lead(of: current) else { return nil }
        guard let newLead = lead(of: new) else {
            return "the new model was not measured, and the one that serves was; \"publish\": \"always\" replaces it"
        }
        guard newLead.name == currentLead.name else {
            // The two predict different things. What is no better than its yardstick is no reason to change.
            return newLead.value >= 1
                ? nil
                : "the new model is \(rounded(newLead.value)) times as good as \(newLead.yardstick) by \(newLead.name); the one "
                    + "that serves is measured by \(currentLead.name), and better than \(currentLead.yardstick)"
        }
        guard newLead.value < currentLead.value * (1 - margin) else { return nil }
        return "the new model is \(rounded(newLead.value)) times as good as \(newLead.yardstick) by \(newLead.name); "
            + "the one that serves was \(rounded(currentLead.value)) times as good"
    }

    private struct Lead {
        var name: String
        var yardstick: String
        var value: Double
    }

    private static func lead(of metrics: [String: Double]) -> Lead? {
        if let rmse = metrics["rmse"], let baseline = metrics["item_mean_rmse"], rmse > 0 {
            return Lead(name: "RMSE", yardstick: "the items' mean ratings", value: baseline / rmse)
        }
        if let ndcg = metrics["full_ndcg@10"], let baseline = metrics["popularity_full_ndcg@10"] {
            return Lead(name: "NDCG@10", yardstick: "popularity", value: ndcg / max(baseline, leastPopularity))
        }
        return nil
    }

    private static func rounded(_ value: Double) -> String {
        "\((value * 100).rounded() / 100)"
    }
}
