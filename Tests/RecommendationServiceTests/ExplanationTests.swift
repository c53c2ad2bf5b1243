import Foundation
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/recommend: why an item has its score", .timeLimit(.minutes(1)))
struct ExplanationTests {
    private static let parts = ["gmf", "mlp", "user_bias", "item_bias", "global_bias"]

    private func explained(_ body: String, _ service: TestService) throws -> [JSONValue] {
        let reply = try service.post("/recommend", body)
        #expect(reply.status == 200, "\(reply.text)")
        return Array(reply.json["items"]?.elements.map { $0 } ?? [])
    }

    @Test("the parts add up to the logit, and the reasons are the user's own items, the weightiest first")
    func knownUser() throws {
        let service = try TestService.trained()
        let items = try explained(#"{"user_id": "u3", "limit": 4, "explain": true}"#, service)
        #expect(items.count == 4)
        var reasonsSeen = 0
        for item in items {
            let explanation = try #require(item["explanation"])
            let sum = try Self.parts.reduce(0.0) { try $0 + #require(explanation["parts"]?[$1]?.double) }
            let score = try #require(item["score"]?.double)
            #expect(abs(1 / (1 + exp(-sum)) - score) < 1e-4)
            let reasons = Array(explanation["because_of"]?.elements.map { $0 } ?? [])
            let own = Checkerboard.items(of: 3)
            #expect(reasons.count <= 3 && reasons.allSatisfy { own.contains($0["item_id"]?.string ?? "") })
            let weights = reasons.compactMap { $0["weight"]?.double }
            #expect(weights == weights.sorted(by: >) && weights.allSatisfy { $0 > 0 })
            reasonsSeen += reasons.count
        }
        #expect(reasonsSeen > 0)
    }

    @Test("a session is explained by its history")
    func session() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        // Short steps: a logit so great that its probability is 1 would lose nothing without any one item.
        let job = try service.post(
            "/train", #"{"architecture": "mf", "embedding_dimension": 4, "epochs": 1, "wait": true}"#)
        #expect(job.json["state"]?.string == "succeeded")
        let items = try explained(#"{"history": ["i1", "i5"], "limit": 2, "explain": true}"#, service)
        let reasons = items.flatMap {
            $0["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
        }
        #expect(!reasons.isEmpty && Set(reasons).isSubset(of: ["i1", "i5"]))
    }

    @Test("what is merely popular has no explanation, and nothing has one unless it is asked for")
    func none() throws {
        let service = try TestService.trained()
        for body in [
            #"{"user_id": "stranger", "limit": 3, "explain": true}"#, #"{"user_id": "u3", "explain": false}"#,
        ] {
            let items = try explained(body, service)
            #expect(!items.isEmpty && items.allSatisfy { $0["explanation"] == nil })
        }
    }
}
