import InteractionStorage
import JSON
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("The report on the data", .timeLimit(.minutes(1)))
struct CleaningTests {
    private static func findings(_ reply: JSONValue?) -> [String] {
        reply?["cleaning"]?["findings"]?.elements.compactMap { $0["finding"]?.string } ?? []
    }

    private static func finding(_ name: String, in reply: JSONValue?) -> JSONValue? {
        reply?["cleaning"]?["findings"]?.elements.first(where: { $0["finding"]?.string == name })
    }

    private static func dirty() throws -> InMemoryInteractionStore {
        let store = InMemoryInteractionStore()
        var rows = Checkerboard.interactions
        rows.append(Interaction(userID: "u0", itemID: "i0", timestamp: 1_767_225_600))
        rows.append(Interaction(userID: "u1", itemID: "i1", timestamp: 4_102_444_800_000))
        rows.append(rows[0])
        _ = try store.append(rows, idempotencyKey: nil)
        return store
    }

    @Test("a training job and POST /datasets/inspect tell the same, with what was done and how to change it")
    func same() throws {
        let service = try TestService(store: Self.dirty())
        let inspected = try service.post("/datasets/inspect", "")
        #expect(inspected.status == 200)
        let job = try service.train()
        #expect(job.json["state"]?.string == "succeeded")
        for reply in [inspected.json, job.json] {
            let found = Self.findings(reply)
            #expect(
                found.contains("early_times") && found.contains("future_times") && found.contains("exact_duplicates"))
            #expect(reply["cleaning"]?["future_times"]?.int == 1 && reply["cleaning"]?["early_times"]?.int == 1)
            #expect(reply["cleaning"]?["rows"]?.int == Checkerboard.interactions.count + 3)
            let future = Self.finding("future_times", in: reply)
            #expect(future?["examples"]?[0]?["user_id"]?.string == "u1")
            #expect(future?["of"]?.string == "rows" && future?["done"]?.string?.isEmpty == false)
            #expect(future?["change"]?.string?.contains("DELETE /interactions") == true)
            #expect(reply["cleaning"]?["figures"]?["items"]?.int == reply["data"]?["items"]?.int)
        }
        #expect(
            inspected.json["cleaning"]?["findings"]?.elements.map { $0["count"]?.int }
                == job.json["cleaning"]?["findings"]?.elements.map { $0["count"]?.int })
        // Nothing of it changed the record.
        #expect(try service.store.counts.interactions == Checkerboard.interactions.count + 3)
        #expect(try service.get("/train").json["jobs"]?.count == 1)
    }

    @Test("an inspection by other rules says what they would leave out")
    func rules() throws {
        let service = try TestService(store: Self.dirty())
        let reply = try service.post("/datasets/inspect", #"{"minimum_user_interactions": 10000}"#)
        let rare = Self.finding("rare_users", in: reply.json)
        #expect(rare?["count"]?.int == reply.json["data"]?["users"]?.int)
        #expect(rare?["done"]?.string?.contains("are not learned from") == true)
    }

    @Test(
        "rules that are none are named",
        arguments: ["/datasets/inspect", "/train", "/evaluate"].flatMap { path in
            [
                Refusal(
                    "POST", path, #"{"minimum_user_interactions": 0, "bots": "leave-out"}"#, 422,
                    [("/minimum_user_interactions", "1 to 10000"), ("/bots", "leave_out")]),
                Refusal("POST", path, #"{"minimum_item_interaction": 2}"#, 422, [("/minimum_item_interaction", "")]),
            ]
        })
    func refused(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test("a job's rules are in its configuration and in the model's lineage; where it has none they are the server's")
    func lineage() throws {
        let store = InMemoryInteractionStore()
        _ = try store.append(
            Checkerboard.interactions + [Interaction(userID: "lone", itemID: "i0")], idempotencyKey: nil)
        let service = try TestService(store: store) { $0.cleaning.minimumUserInteractions = 2 }
        let job = try service.train()
        #expect(job.json["configuration"]?["minimum_user_interactions"]?.int == 2)
        #expect(job.json["configuration"]?["bots"] == nil)
        #expect(service.models.current?.lineage.hyperparameters.cleaning.minimumUserInteractions == 2)
        // Nothing was learned of the user, who is served nevertheless, and is not shown what has been seen.
        let reply = try service.get("/recommend?user_id=lone")
        let items = reply.json["items"]?.elements.compactMap { $0["item_id"]?.string } ?? []
        #expect(reply.status == 200 && !items.isEmpty && !items.contains("i0"))
        let own = try service.train(#""minimum_user_interactions": 1"#)
        #expect(own.json["configuration"]?["minimum_user_interactions"] == nil)
    }

    @Test("what is too little to learn from and rated as a dislike is one for who is folded in from it")
    func rareDislikes() throws {
        let store = InMemoryInteractionStore()
        var rows = Checkerboard.interactions
        for index in rows.indices { rows[index].rating = index % 5 == 0 ? 1 : 5 }
        rows.append(Interaction(userID: "rare", itemID: "i0", rating: 5))
        for item in ["i1", "i3", "i5"] { rows.append(Interaction(userID: "rare", itemID: item, rating: 1)) }
        _ = try store.append(rows, idempotencyKey: nil)
        let service = try TestService(store: store) { $0.cleaning.minimumUserInteractions = 5 }
        let job = try service.train(#""objective": "implicit", "als_sweeps": 8"#)
        #expect(job.json["state"]?.string == "succeeded")
        let model = try #require(service.models.current)
        let rare = try #require(model.users.index(of: "rare"))
        #expect(model.likedItems(of: rare).map { model.items[Int($0)] } == ["i0"])
        let reply = try service.post(
            "/recommend", #"{"user_id": "rare", "limit": 8, "explain": true, "exclude_seen": false}"#)
        #expect(reply.status == 200)
        for index in 0..<8 {
            guard let item = reply.json["items"]?[index] else { continue }
            let reasons = item["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
            #expect(Set(reasons).isSubset(of: ["i0"]), "\(reasons)")
        }
    }

    @Test("rules that leave nothing fail the job with a sentence that names them")
    func nothingLeft() throws {
        let store = InMemoryInteractionStore()
        _ = try store.append(Checkerboard.interactions, idempotencyKey: nil)
        let job = try TestService(store: store).train(#""minimum_item_interactions": 10000"#)
        #expect(job.json["state"]?.string == "failed")
        #expect(job.json["message"]?.string?.contains("minimum_item_interactions") == true)
    }

    @Test("who is erased is named by no job any more")
    func erased() throws {
        let service = try TestService(store: Self.dirty())
        let job = try service.train()
        let path = "/train/\(job.json["job"]?.string ?? "")"
        #expect(try service.get(path).text.contains(#""u1""#))
        #expect(try service.ask("DELETE", "/users/u1").status == 200)
        let reply = try service.get(path)
        #expect(!reply.text.contains(#""u1""#) && reply.json["cleaning"]?["future_times"]?.int == 1)
    }
}
