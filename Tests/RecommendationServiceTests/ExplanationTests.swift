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

    @Test(
        "who is new is recommended an item because of what was rated well, not of what was rated badly",
        arguments: [0, 8])
    func newRatings(history: Int) throws {
        let service = try TestService()
        // Of the items of each colour everybody thinks the same; of the other colour that says nothing.
        let rows = (0..<80).flatMap { user in
            (0..<10).filter { ($0 + user / 4) % 5 != 0 }.map { item in
                let isLiked = (item % 2 == 0 ? user : user / 2) % 2 == 0
                return #"{"user_id": "u\#(user)", "item_id": "i\#(item)", "rating": \#(isLiked ? 5 : 1)}"# + "\n"
            }
        }
        _ = try service.post("/interactions", rows.joined(), type: "application/x-ndjson")
        let job = try service.post(
            "/train",
            #"{"objective": "rating", "architecture": "mf", "embedding_dimension": 4, "history_dimension": \#(history), "epochs": 20, "learning_rate": 0.05, "publish": "always", "wait": true}"#
        )
        #expect(job.json["state"]?.string == "succeeded", "\(job.text)")
        for (item, rating) in [(0, 5), (1, 1), (2, 5), (3, 1)] {
            _ = try service.post(
                "/interactions", #"{"user_id": "new", "item_id": "i\#(item)", "rating": \#(rating)}"#)
        }
        let items = try explained(#"{"user_id": "new", "limit": 6, "explain": true}"#, service)
        #expect(items.count == 6)
        for item in items {
            let reasons = item["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
            let number = Int(item["item_id"]?.string?.dropFirst() ?? "") ?? -1
            if number % 2 == 0 {
                #expect(Set(reasons.prefix(2)) == ["i0", "i2"], "\(number): \(reasons)")
            } else {
                #expect(!reasons.contains("i1") && !reasons.contains("i3"), "\(number): \(reasons)")
            }
        }
    }

    @Test("what a known user did since the training is among the reasons")
    func newer() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let job = try service.post(
            "/train", #"{"architecture": "mf", "embedding_dimension": 4, "epochs": 1, "wait": true}"#)
        #expect(job.json["state"]?.string == "succeeded")
        let items = try explained(
            #"{"user_id": "u3", "history": ["i0", "i2"], "candidates": ["i4", "i6"], "explain": true}"#, service)
        let reasons = items.flatMap {
            $0["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
        }
        #expect(items.count == 2 && !Set(reasons).isDisjoint(with: ["i0", "i2"]), "\(reasons)")
    }

    @Test("of many users each gets what each gets alone, strangers nothing")
    func manyUsers() throws {
        let service = try TestService.trained()
        let subjects = [#""user_id": "u3""#, #""user_id": "stranger""#, #""history": ["i1"]"#, #""user_id": "u4""#]
        let users = subjects.map { "{\($0)}" }.joined(separator: ",")
        let reply = try service.post("/recommend", "{\"users\": [\(users)], \"limit\": 3, \"explain\": true}")
        #expect(reply.status == 200, "\(reply.text)")
        let results = Array(reply.json["results"]?.elements.map { $0 } ?? [])
        #expect(results.count == 4)
        for (result, subject) in zip(results, subjects) {
            let alone = try explained("{\(subject), \"limit\": 3, \"explain\": true}", service)
            let items = Array(result["items"]?.elements.map { $0 } ?? [])
            func text(_ values: [JSONValue]) -> [String] {
                values.map { value in
                    var writer = JSONWriter()
                    writer.value(value)
                    return String(decoding: writer.bytes, as: UTF8.self)
                }
            }
            #expect(text(items) == text(alone) && items.count == 3)
            #expect(items.allSatisfy { ($0["explanation"] == nil) == subject.contains("stranger") })
        }
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
