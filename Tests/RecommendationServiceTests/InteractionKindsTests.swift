import Foundation
import InteractionStorage
import JSON
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Kinds of interaction", .timeLimit(.minutes(1)))
struct InteractionKindsTests {
    /// Twice the checkerboard's size: users like one colour, and some of them dislike half of the other.
    private static func board(dislikes: String?) -> String {
        var rows = ""
        for user in 0..<24 {
            for item in 0..<24 where item != user {
                let isLiked = item % 2 == user % 2
                guard isLiked || dislikes != nil && item % 4 == 1 && user % 4 == 0 else { continue }
                let kind = isLiked ? "like" : dislikes ?? ""
                rows += #"{"user_id": "u\#(user)", "item_id": "i\#(item)", "kind": "\#(kind)"}"# + "\n"
            }
        }
        return rows
    }

    private func service(
        _ rows: String, _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> TestService {
        let service = try TestService(configure)
        let reply = try service.post("/interactions", rows, type: "application/x-ndjson")
        #expect(reply.status == 200, "\(reply.text)")
        return service
    }

    private static func refusing(_ configuration: inout ServiceConfiguration) { configuration.kinds.unknown = nil }

    @Test(
        "a refused kind is named where it stands, with the nearest known one, and nothing is stored",
        arguments: [
            Refusal(
                "POST", "/interactions", #"{"user_id": "a", "item_id": "b", "kind": "dislke"}"#, 422,
                [("/kind", #""dislke" is not a kind that is known here (interactions.kinds); did you mean "dislike"?"#)]
            ),
            Refusal(
                "POST", "/interactions",
                #"{"interactions": [{"user_id": "a", "item_id": "b", "kind": "view"}, "#
                    + #"{"user_id": "a", "item_id": "c", "kind": "Purchase"}]}"#, 422,
                [("/interactions/1/kind", #"did you mean "purchase"?"#)]),
            Refusal(
                "POST", "/interactions",
                "{\"user_id\": \"a\", \"item_id\": \"b\"}\n{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \"x\"}\n",
                422,
                [("line 2", #""x" is not a kind"#)], type: "application/x-ndjson"),
            Refusal(
                "POST", "/interactions", "user_id,kind,item_id\na,view,b\na,vieww,b\n", 422,
                [("line 3", #"kind "vieww" is not a kind that is known here"#)], type: "text/csv"),
            Refusal(
                "POST", "/train", #"{"interactions": [{"user_id": "a", "item_id": "b", "kind": "clik"}]}"#, 422,
                [("/interactions/0/kind", #"did you mean "click"?"#)]),
            // A Cyrillic i, and an accent in two scalars: not the kinds they look like.
            Refusal(
                "POST", "/interactions", "{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \"v\u{456}ew\"}", 422,
                [("/kind", "is not a kind")]),
            Refusal(
                "POST", "/interactions", "{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \"cafe\u{301}\"}", 422,
                [("/kind", "is not a kind")]),
        ])
    func refused(refusal: Refusal) throws {
        let service = try TestService {
            Self.refusing(&$0)
            $0.kinds["caf\u{E9}"] = FeedbackKind(weight: 2)
        }
        try refusal.check(with: service)
        let known = try service.post(
            "/interactions", "{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \"caf\u{E9}\"}")
        #expect(known.status == 200)
    }

    @Test("partial stores the rows of known kinds, and rows without a kind")
    func partial() throws {
        let service = try TestService(Self.refusing)
        let rows = ["\"view\"", "\"vew\"", "null"].map {
            "{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \($0)}\n"
        }
        let reply = try service.post(
            "/interactions?partial=true", rows.joined(), type: "application/x-ndjson")
        #expect(reply.json["stored"]?.int == 2 && reply.faults.map(\.pointer) == ["line 2"])
    }

    @Test("what is stored of a kind that is refused now is left out of a training, and counted")
    func refusedLater() throws {
        let store = InMemoryInteractionStore()
        for (index, interaction) in Checkerboard.interactions.enumerated() {
            var interaction = interaction
            interaction.kind = index % 10 == 0 ? "odd" : "view"
            _ = try store.append([interaction], idempotencyKey: nil)
        }
        let service = try TestService(store: store, Self.refusing)
        let job = try service.train()
        #expect(job.json["state"]?.string == "succeeded")
        let cleaning = job.json["cleaning"]
        #expect(cleaning?["refused_kinds"]?.int == 6 && cleaning?["rows"]?.int == 60)
        #expect(job.json["data"]?["interactions"]?.int == 54)
        let lenient = try TestService(store: store)
        #expect(try lenient.train().json["data"]?["interactions"]?.int == 60)
        withExtendedLifetime(service) {}
    }

    @Test("/metrics counts by configured kind; all others are one, and duplicates and refused ones none")
    func metrics() throws {
        let service = try TestService { $0.kinds["caf\u{E9}"] = .plain }
        for (kind, count) in [("view", 3), ("zebra", 1), ("yak", 1), ("caf\u{E9}", 2), ("cafe\u{301}", 1)] {
            for number in 0..<count {
                let id = "\(kind) \(number)"
                for _ in 0..<2 {
                    _ = try service.post(
                        "/interactions",
                        "{\"user_id\": \"a\", \"item_id\": \"b\", \"kind\": \"\(kind)\", \"interaction_id\": \"\(id)\"}"
                    )
                }
            }
        }
        _ = try service.post("/interactions", #"{"user_id": "a", "item_id": "b"}"#)
        _ = try service.post("/interactions", #"{"user_id": "a", "kind": "view"}"#)
        let text = try service.get("/metrics").text
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("nectar_interactions_by_kind_total{") }
        #expect(lines.count == InteractionKinds.defaults.names.count + 3)
        for (kind, count) in [("view", 3), ("other", 3), ("caf\u{E9}", 2), ("", 1), ("dislike", 0)] {
            #expect(lines.contains("nectar_interactions_by_kind_total{kind=\"\(kind)\"} \(count)"), "\(lines)")
        }
        #expect(text.contains("\nnectar_interactions_stored_total 9\n"))
    }

    @Test(
        "a dislike hides its item and lowers those like it, whether the user is known or new",
        arguments: ["u0", "u3", "new"])
    func dislikeAfterTraining(user: String) throws {
        let service = try service(Self.board(dislikes: nil))
        try service.train(#""history_dimension": 0"#)
        if user == "new" {
            for item in ["i0", "i1"] {
                _ = try service.post("/interactions", #"{"user_id": "new", "item_id": "\#(item)", "kind": "like"}"#)
            }
        }
        // How far the items of the disliked colour lie above those of the other.
        func lead() throws -> Double {
            let body = #"{"user_id": "\#(user)", "item_ids": ["i13", "i15", "i12", "i14"]}"#
            let logits =
                try service.post("/predict", body).json["predictions"]?.elements
                .compactMap { $0["score"]?.double }.map { log($0 / (1 - $0)) } ?? []
            try #require(logits.count == 4)
            return logits[0] + logits[1] - logits[2] - logits[3]
        }
        let before = try lead()
        let dislikes = user == "u3" ? ["i5", "i7", "i9"] : ["i5", "i7", "i9", "i11"]
        for item in dislikes {
            _ = try service.post("/interactions", #"{"user_id": "\#(user)", "item_id": "\#(item)", "kind": "dislike"}"#)
        }
        let after = try lead()
        #expect(after < before)
        let reply = try service.post(
            "/recommend", #"{"user_id": "\#(user)", "limit": 24, "explain": true, "exclude_seen": true}"#)
        #expect(!reply.items.isEmpty && Set(reply.items).isDisjoint(with: dislikes))
        #expect(reply.sources == ["fold_in"])
        let reasons = reply.json["items"]?.elements.flatMap {
            $0["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
        }
        #expect(Set(reasons ?? []).isDisjoint(with: dislikes))
    }

    @Test("dislikes are trained on: seen, not popular, and of a user with nothing else the start of a fold-in")
    func trained() throws {
        let service = try service(
            Self.board(dislikes: "dislike")
                + [5, 7, 9, 11].map { "{\"user_id\": \"grump\", \"item_id\": \"i\($0)\", \"kind\": \"dislike\"}\n" }
                .joined())
        #expect(try service.train(#""holdout": "random""#).json["state"]?.string == "succeeded")
        let model = try #require(service.models.current)
        #expect(model.hasUnlikedItems)
        for item in [1, 3] {
            let index = try #require(model.items.index(of: "i\(item)"))
            #expect(model.interactionCount(ofItem: index) == 11)
        }
        let own = try service.get("/recommend?user_id=u0&limit=24")
        #expect(own.sources == ["model"] && Set(own.items).isDisjoint(with: (0..<6).map { "i\(4 * $0 + 1)" }))
        let grump = try service.get("/recommend?user_id=grump&limit=24")
        #expect(grump.sources == ["fold_in"] && grump.items.count == 20)
        #expect(Set(grump.items).isDisjoint(with: ["i5", "i7", "i9", "i11"]))
        func meanRank(_ colour: Int) -> Double {
            let ranks = grump.items.indices.filter { (Int(grump.items[$0].dropFirst()) ?? 0) % 2 == colour }
            return Double(ranks.reduce(0, +)) / Double(ranks.count)
        }
        #expect(meanRank(0) < meanRank(1), "\(grump.items)")
    }

    @Test("before the first model a dislike makes nothing popular, and hides its item")
    func withoutModel() throws {
        let service = try service(
            """
            {"user_id": "a", "item_id": "x", "kind": "dislike"}
            {"user_id": "b", "item_id": "x", "kind": "skip"}
            {"user_id": "c", "item_id": "y", "kind": "view"}
            {"user_id": "d", "item_id": "y", "kind": "dislike"}

            """)
        #expect(try service.get("/recommend?user_id=stranger").items == ["y"])
        #expect(try service.get("/recommend?user_id=d").items.isEmpty)
    }

    @Test("a training reads the kinds' weights, signs and half-lives, and the command line the same")
    func oneWay() throws {
        var kinds = InteractionKinds.defaults
        kinds["view"] = FeedbackKind(weight: 2, halfLifeDays: 1)
        let store = InMemoryInteractionStore()
        let day: Int64 = 86_400_000
        for (item, kind, age) in [
            ("a", "view", 2), ("b", "view", 0), ("c", "dislike", 0), ("d", nil, 3), ("e", "?", 1),
        ]
            as [(String, String?, Int64)]
        {
            let interaction = Interaction(
                userID: "u", itemID: item, kind: kind, weight: 4, timestamp: 1_700_000_000_000 - age * day)
            _ = try store.append([interaction], idempotencyKey: nil)
        }
        func weights(_ data: InteractionDataset) -> [String: Float] {
            Dictionary(uniqueKeysWithValues: (0..<5).map { (data.itemIDs[Int(data.items[$0])], data.weights[$0]) })
        }
        let stored = weights(try StoredDataset.load(from: store, kinds: kinds).dataset)
        #expect(stored == ["a": 2, "b": 8, "c": -4, "d": 4, "e": 4])
        #expect(try weights(OfflineTraining.dataset(of: store, kinds: kinds)) == stored)
        var assembly = DatasetAssembly(kinds: kinds)
        for interaction in try store.interactions(userID: "u", itemID: nil, kind: nil, after: nil, limit: 9) {
            assembly.add(interaction.interaction)
        }
        #expect(weights(assembly.build()) == stored)
    }

    @Test("a kind that looks like another one is another one in a training too")
    func lookAlikes() throws {
        var kinds = InteractionKinds.defaults
        kinds["caf\u{E9}"] = FeedbackKind(weight: 3, sign: .negative)
        let store = InMemoryInteractionStore()
        for (item, kind) in [("a", "caf\u{E9}"), ("b", "cafe\u{301}")] {
            _ = try store.append([Interaction(userID: "u", itemID: item, kind: kind)], idempotencyKey: nil)
        }
        #expect(try StoredDataset.load(from: store, kinds: kinds).dataset.weights == [-3, 1])
    }
}
