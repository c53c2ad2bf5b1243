import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/items/{id}/similar and /users/{id}/similar", .timeLimit(.minutes(1)))
struct SimilarityTests {
    private func entries(_ reply: Reply, _ list: String) throws -> [JSONValue] {
        #expect(reply.status == 200, "\(reply.text)")
        return try Array(#require(reply.json[list]).elements.map { $0 })
    }

    /// The checkerboard and the closed form alone, in which the colours are plain.
    private func service() throws -> TestService {
        let service = try TestService()
        try service.loadCheckerboard()
        let job = try service.post(
            "/train",
            #"{"architecture": "mf", "embedding_dimension": 2, "history_dimension": 0, "epochs": 0, "wait": true}"#)
        #expect(job.json["state"]?.string == "succeeded", "\(job.text)")
        return service
    }

    @Test("similar items are those that the same people touch, best first, without the item itself")
    func items() throws {
        let service = try service()
        let reply = try service.get("/items/i1/similar?limit=5")
        #expect(reply.field("Nectar-Model") == "v1")
        #expect(reply.json["item_id"]?.string == "i1" && reply.json["model"]?.string == "v1")
        let entries = try entries(reply, "items")
        #expect(entries.map { $0["rank"]?.int } == [1, 2, 3, 4, 5])
        #expect(Set(entries.compactMap { $0["item_id"]?.string }) == ["i3", "i5", "i7", "i9", "i11"])
        let scores = entries.compactMap { $0["score"]?.double }
        #expect(scores == scores.sorted(by: >) && scores.allSatisfy { abs($0) < 1.0001 })
        let all = try self.entries(service.get("/items/i1/similar?limit=100"), "items")
        #expect(Set(all.compactMap { $0["item_id"]?.string }) == Checkerboard.everyItem.subtracting(["i1"]))
        #expect(try self.entries(service.get("/items/i1/similar"), "items").count == 10)
    }

    @Test("each item comes with the members of its record that were asked for, by itself the title")
    func fields() throws {
        let service = try TestService.trained()
        let film = #"{"title": "Casablanca", "tags": ["classic"], "attributes": {"year": 1942}}"#
        _ = try service.ask("PUT", "/items/i3", film)
        func record(_ query: String) throws -> JSONValue? {
            try entries(service.get("/items/i1/similar?limit=100\(query)"), "items")
                .first { $0["item_id"]?.string == "i3" }?["item"]
        }
        let byItself = try record("")
        #expect(byItself?["title"]?.string == "Casablanca" && byItself?.count == 1)
        let asked = try record("&fields=year,tags,studio,year")
        #expect(asked?["year"]?.double == 1942 && asked?.count == 2)
        #expect(try record("&fields=") == nil)
    }

    @Test(
        "what is hidden, not available now or deleted is not shown",
        arguments: [#"{"hidden": true}"#, #"{"available_from": 4102444800}"#, #"{"available_until": 1000000000}"#, nil]
    )
    func withheld(record: String?) throws {
        let service = try TestService.trained()
        func isShown() throws -> Bool {
            try service.get("/items/i1/similar?limit=100").items.contains("i3")
        }
        #expect(try isShown())
        _ = try service.ask("PUT", "/items/i3", record ?? "{}")
        if record == nil { _ = try service.ask("DELETE", "/items/i3") }
        #expect(try !isShown())
        _ = try service.ask("PUT", "/items/i3", "{}")
        #expect(try isShown())
    }

    @Test("of an item that is merely hidden others are told, of one that was deleted none")
    func subject() throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/items/i1", #"{"hidden": true}"#)
        #expect(try service.get("/items/i1/similar").items.count == 10)
        _ = try service.ask("DELETE", "/items/i1")
        let reply = try service.get("/items/i1/similar")
        reply.expectProblem(404)
        #expect(reply.text.contains("it was deleted"))
    }

    @Test("an item that is nowhere and one that only the model lacks are told apart")
    func unknownItems() throws {
        let service = try TestService.trained()
        let nowhere = try service.get("/items/unheard/similar")
        nowhere.expectProblem(404)
        #expect(nowhere.text.contains("neither in the catalogue nor in model v1"))
        _ = try service.ask("PUT", "/items/new", "{}")
        let new = try service.get("/items/new/similar")
        new.expectProblem(404)
        #expect(new.text.contains("is in the catalogue, but not in model v1"))
        // Of one that the model knows no record is needed.
        #expect(try service.get("/items/i1").status == 404)
        #expect(try service.get("/items/i1/similar").status == 200)
    }

    @Test("similar users are those of the same taste, best first, by their IDs alone")
    func users() throws {
        let service = try service()
        let reply = try service.get("/users/u3/similar?limit=5")
        #expect(reply.field("Nectar-Model") == "v1")
        #expect(reply.json["user_id"]?.string == "u3" && reply.json["model"]?.string == "v1")
        let entries = try entries(reply, "users")
        #expect(Set(entries.compactMap { $0["user_id"]?.string }) == ["u1", "u5", "u7", "u9", "u11"])
        #expect(entries.map { $0["rank"]?.int } == [1, 2, 3, 4, 5])
        let scores = entries.compactMap { $0["score"]?.double }
        #expect(scores == scores.sorted(by: >) && scores.count == 5)
        #expect(entries.allSatisfy { $0.members.map(\.name) == ["user_id", "rank", "score"] })
        #expect(try self.entries(service.get("/users/u3/similar?limit=100"), "users").count == Checkerboard.size - 1)
    }

    @Test("who came after the training is like those who touched the same, and so is who changed since")
    func newUsers() throws {
        let service = try service()
        for item in ["i0", "i2", "i4", "i6"] {
            _ = try service.post("/interactions", "{\"user_id\": \"new\", \"item_id\": \"\(item)\"}")
        }
        let new = try entries(service.get("/users/new/similar?limit=5"), "users")
        let sameTaste: Set = ["u0", "u2", "u4", "u6", "u8", "u10"]
        #expect(new.count == 5)
        #expect(new.allSatisfy { sameTaste.contains($0["user_id"]?.string ?? "") })
        let before = try service.get("/users/u3/similar?limit=100").text
        _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "i0"}"#)
        let after = try service.get("/users/u3/similar?limit=100")
        #expect(after.text != before && !after.text.contains(#"{"user_id":"u3","rank""#))
    }

    @Test("a user who is nowhere and one of whom the model can say nothing are told apart")
    func unknownUsers() throws {
        let service = try TestService.trained()
        let nowhere = try service.get("/users/unheard/similar")
        nowhere.expectProblem(404)
        #expect(nowhere.text.contains("neither in the store nor in model v1"))
        _ = try service.post("/interactions", #"{"user_id": "new", "item_id": "unheard"}"#)
        let new = try service.get("/users/new/similar")
        new.expectProblem(404)
        #expect(new.text.contains("is stored, but not in model v1"))
    }

    @Test("who was erased is like nobody, at once")
    func erased() throws {
        let service = try service()
        func isListed() throws -> Bool { try service.get("/users/u3/similar?limit=100").text.contains(#""u5""#) }
        #expect(try isListed())
        #expect(try service.ask("DELETE", "/users/u5").status == 200)
        #expect(try !isListed())
        try service.get("/users/u5/similar").expectProblem(404)
    }

    @Test("before the first model there is none to be like", arguments: ["/items/i1/similar", "/users/u1/similar"])
    func beforeTheFirstModel(path: String) throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let reply = try service.get(path)
        reply.expectProblem(503)
        #expect(reply.field("Retry-After") != nil && reply.field("Nectar-Model") == nil)
    }

    @Test(
        "a query that cannot be meant is refused",
        arguments: [
            ("/items/i1/similar?limit=0", "?limit"), ("/items/i1/similar?limit=1001", "?limit"),
            ("/items/i1/similar?limits=5", "?limits"), ("/items/i1/similar?filter=a", "?filter"),
            ("/users/u1/similar?limit=x", "?limit"), ("/users/u1/similar?fields=title", "?fields"),
        ])
    func refused(path: String, place: String) throws {
        try Refusal("GET", path, nil, 400, [(place, "")]).check(with: TestService.trained())
    }

    @Test("HEAD answers as GET does, and the figures go by the routes' templates")
    func headAndMetrics() throws {
        let service = try TestService.trained()
        for path in ["/items/i1/similar", "/users/u1/similar", "/users/anna/similar"] {
            let (get, head) = (try service.get(path), try service.ask("HEAD", path))
            #expect(head.status == get.status && head.field("Content-Length") == get.field("Content-Length"))
            #expect(head.field("Nectar-Model") == get.field("Nectar-Model"))
        }
        let metrics = try service.get("/metrics").text
        #expect(metrics.contains(#"route="/items/{item_id}/similar""#))
        #expect(metrics.contains(#"route="/users/{user_id}/similar""#) && !metrics.contains("anna"))
    }

    @Test("a store that does not answer is a problem only where it is asked")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService.trained(store: store)
        store.fail(with: .unavailable("the disk is gone"))
        #expect(try service.get("/users/u3/similar").status == 200)
        #expect(try service.get("/items/i1/similar").status == 200)
        try service.get("/users/unheard/similar").expectProblem(503)
        store.fail(with: nil)
    }
}
