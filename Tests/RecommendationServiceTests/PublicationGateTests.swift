import TestSupport
import Testing

@testable import RecommendationService

@Suite("The gate between a new model and the one that serves")
struct PublicationGateTests {
    private static func ranking(_ ndcg: Double, popularity: Double = 0.1) -> [String: Double] {
        ["full_ndcg@10": ndcg, "popularity_full_ndcg@10": popularity]
    }

    private static func rating(_ rmse: Double, itemMeans: Double = 1) -> [String: Double] {
        ["rmse": rmse, "item_mean_rmse": itemMeans]
    }

    @Test(
        "the lead over the yardstick may shrink by five per cent, not by more",
        arguments: [
            (ranking(0.2), ranking(0.2), true), (ranking(0.19), ranking(0.2), true),
            (ranking(0.1899), ranking(0.2), false), (ranking(0.3), ranking(0.2), true),
            // Harder data lower both figures: the lead counts.
            (ranking(0.1, popularity: 0.05), ranking(0.2), true), (ranking(0.2, popularity: 0.2), ranking(0.2), false),
            (rating(0.8), rating(0.8), true), (rating(0.84), rating(0.8), true), (rating(0.85), rating(0.8), false),
            // One that was not measured replaces none that was.
            ([:], ranking(0.2), false), (ranking(0.2), [:], true), ([:], [:], true),
            // Of different figures the new one has to be better than its own yardstick.
            (rating(0.9), ranking(0.2), true), (rating(1.1), ranking(0.2), false), (ranking(0.2), rating(0.8), true),
            // Where popularity finds nothing, or next to nothing, the bare figures decide.
            (ranking(0.01, popularity: 0), ranking(0.2), false),
            (ranking(0, popularity: 0), ranking(0.5, popularity: 0), false),
            (ranking(0.5, popularity: 0.002), ranking(0.5, popularity: 0), true),
        ] as [([String: Double], [String: Double], Bool)])
    func objects(new: [String: Double], current: [String: Double], isAllowed: Bool) {
        let objection = PublicationGate.objection(to: new, replacing: current)
        #expect((objection == nil) == isAllowed, "\(objection ?? "none")")
    }
}
