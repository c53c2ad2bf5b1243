import InteractionStorage
import JSON
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Histories whose items count by their kinds, as they serve", .timeLimit(.minutes(1)))
struct HistoryEvidenceServingTests {
    /// Every third item of a user's was bought, the others viewed; "d" only dislikes.
    private func trained() throws -> TestService {
        let service = try TestService()
        for user in 0..<24 {
            for step in 0..<8 {
                let item = (user % 4) * 6 + (user + step * 5) % 9
                try post(service, "u\(user)", "i\(item)", step % 3 == 0 ? "purchase" : "view")
            }
        }
        for item in [2, 9, 16] { try post(service, "d", "i\(item)", "dislike") }
        let reply = try service.post(
            "/train",
            #"{"architecture": "mf", "objective": "implicit", "epochs": 0, "embedding_dimension": 8, "history_evidence": 1, "publish": "always", "wait": true}"#
        )
        #expect(reply.json["state"]?.string == "succeeded", "\(reply.text)")
        return service
    }

    private func post(_ service: TestService, _ user: String, _ item: String, _ kind: String) throws {
        let body = "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"kind\": \"\(kind)\"}"
        #expect(try service.post("/interactions", body).status == 200)
    }

    private func answer(_ service: TestService, _ user: String, history: [String] = []) throws -> [String] {
        let names = history.map { "\"\($0)\"" }.joined(separator: ", ")
        let reply = try service.post(
            "/recommend",
            "{\"user_id\": \"\(user)\", \"history\": [\(names)], \"limit\": 50, \"exclude_seen\": false}")
        return reply.json["items"]?.elements.map { "\($0["item_id"]?.string ?? "") \($0["score"]?.double ?? -1)" } ?? []
    }

    @Test(
        "what had been viewed and is bought now moves its user; to look at it again, or to have it in a session, does not"
    )
    func strengthened() throws {
        let service = try trained()
        let before = try answer(service, "u1")
        #expect(before.count > 20)
        // u1's second item.
        let viewed = "i\(6 + 6)"
        #expect(try answer(service, "u1", history: [viewed]) == before)
        try post(service, "u1", viewed, "view")
        #expect(try answer(service, "u1") == before)
        try post(service, "u1", viewed, "purchase")
        #expect(try answer(service, "u1") != before)
    }

    @Test(
        "an item of a session takes back nothing that was said of it before, by a kind or without one",
        arguments: [true, false])
    func sessionTakesNothingBack(hasKind: Bool) throws {
        let service = try trained()
        for (user, item) in [("u1", "i12"), ("new", "i4")] {
            let before = try answer(service, user)
            let kind = hasKind ? #", "kind": "purchase""# : ""
            let body = "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"weight\": 30\(kind)}"
            #expect(try service.post("/interactions", body).status == 200)
            let after = try answer(service, user)
            #expect(after != before)
            #expect(try answer(service, user, history: [item]) == after)
        }
    }

    @Test("another Nectar that is given the weights answers the same, also those who only dislike")
    func elsewhere() throws {
        let service = try trained()
        let other = try TestService()
        let weights = try service.client().ask("GET", "/models/v1/weights").content
        let put = try other.client().ask("PUT", "/models/v1/weights", weights)
        #expect(put.status == 201, "\(put.text.suffix(500))")
        #expect(try other.post("/models/v1/publish", "").status == 200)
        for user in ["u1", "u7", "d"] {
            #expect(try answer(other, user) == answer(service, user))
            for each in [service, other] { try post(each, user, "i3", "cart") }
            #expect(try answer(other, user) == answer(service, user))
        }
    }
}
