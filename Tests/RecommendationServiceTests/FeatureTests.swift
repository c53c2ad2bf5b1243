import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

/// On the checkerboard colour is taste; here the catalogue says it: even items are red, odd ones blue, and so are the users.
@Suite("Features of items and users", .timeLimit(.minutes(1)))
struct FeatureTests {
    private static func store(vectors: Bool = false) throws -> InMemoryInteractionStore {
        let store = InMemoryInteractionStore()
        try store.putItems(
            (0..<Checkerboard.size).map { item in
                let colour = item % 2 == 0 ? "red" : "blue"
                return vectors
                    ? Item(id: "i\(item)", vectors: ["v": [item % 2 == 0 ? 1 : -1, 0.5]])
                    : Item(id: "i\(item)", tags: [colour], attributes: ["number": .number(Double(item / 2))])
            })
        try store.putUsers(
            (0..<Checkerboard.size).map {
                User(id: "u\($0)", attributes: ["team": .string($0 % 2 == 0 ? "reds" : "blues")])
            })
        return store
    }

    private static func trained(
        _ store: InMemoryInteractionStore, _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> TestService {
        let service = try TestService(store: store, configure)
        try service.loadCheckerboard()
        try service.train(#""als_sweeps": 8, "als_regularization": 0.01"#)
        return service
    }

    private func prediction(
        _ service: TestService, _ user: String, _ item: String
    ) throws -> (score: Double, basis: String) {
        let first = try service.get("/predict?user_id=\(user)&item_id=\(item)").json["predictions"]?[0]
        return (first?["score"]?.double ?? -1, first?["basis"]?.string ?? "")
    }

    @Test("an item that came after the model is predicted by its features, and says so", arguments: [false, true])
    func predicted(vectors: Bool) throws {
        let service = try Self.trained(Self.store(vectors: vectors))
        let (red, blue) =
            vectors
            ? (#"{"vectors": {"v": [1, 0.5]}}"#, #"{"vectors": {"v": [-1, 0.5]}}"#)
            : (#"{"tags": ["red"]}"#, #"{"tags": ["blue"]}"#)
        _ = try service.ask("PUT", "/items/new-red", red)
        _ = try service.ask("PUT", "/items/new-blue", blue)
        _ = try service.ask("PUT", "/items/new-plain", #"{"tags": ["unheard-of"]}"#)
        for user in 0..<Checkerboard.size {
            let (red, blue) = (
                try prediction(service, "u\(user)", "new-red"), try prediction(service, "u\(user)", "new-blue")
            )
            #expect(red.basis == "features" && blue.basis == "features")
            #expect((red.score > blue.score) == (user % 2 == 0))
        }
        #expect(try prediction(service, "u1", "new-plain").basis == "user_only")
        #expect(try prediction(service, "u1", "nowhere").basis == "user_only")
        #expect(try prediction(service, "stranger", "new-red").basis == "features")
        let body = #"{"user_id": "u1", "item_ids": ["new-red", "i1", "new-red"]}"#
        let several = try service.post("/predict", body).json["predictions"]?.elements.map { $0["basis"]?.string }
        #expect(several == ["features", "model", "features"])
        #expect(try service.get("/predict?user_id=u1&item_id=new-red&strict=true").status == 404)
    }

    @Test("such an item is recommended among the others, under every rule that holds for them")
    func recommended() throws {
        let service = try Self.trained(Self.store())
        func items(_ query: String) throws -> [String] { try service.get("/recommend?\(query)").items }
        let before = try items("user_id=u3&limit=12")
        _ = try service.ask("PUT", "/items/new-red", #"{"tags": ["red"]}"#)
        _ = try service.ask("PUT", "/items/new-blue", #"{"tags": ["blue"], "title": "Blue"}"#)
        let reply = try service.get("/recommend?user_id=u3&limit=12&fields=title")
        #expect(Set(reply.items) == Set(before + ["new-red", "new-blue"]))
        // The others keep their places, and the new ones stand where their scores are.
        #expect(reply.items.filter { !$0.hasPrefix("new") } == before)
        let scores = reply.json["items"]?.elements.compactMap { $0["score"]?.double } ?? []
        #expect(scores == scores.sorted(by: >))
        let entry = reply.json["items"]?.elements.first { $0["item_id"]?.string == "new-blue" }
        #expect(entry?["source"]?.string == "features" && entry?["item"]?["title"]?.string == "Blue")
        #expect(reply.json["fallback"]?.bool == false)
        let blue = try #require(reply.items.firstIndex(of: "new-blue"))
        #expect(blue < (reply.items.firstIndex(of: "new-red") ?? 0))

        #expect(try !items("user_id=u3&limit=12&exclude=new-blue").contains("new-blue"))
        let candidates = #"{"user_id": "u3", "candidates": ["i3", "new-blue", "new-blue", "nowhere"]}"#
        #expect(Set(try service.post("/recommend", candidates).items) == ["i3", "new-blue"])
        #expect(try items("user_id=u3&limit=1").count == 1)
        _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "new-blue"}"#)
        #expect(try !items("user_id=u3&limit=12").contains("new-blue"))
        #expect(try items("user_id=u3&limit=12&exclude_seen=false").contains("new-blue"))
        #expect(try items("user_id=u5&limit=12").contains("new-blue"))
        #expect(try !items("history=new-blue,i1&limit=12").contains("new-blue"))
        _ = try service.ask("PATCH", "/items/new-blue", #"{"hidden": true}"#)
        #expect(try !items("user_id=u5&limit=12").contains("new-blue"))
        _ = try service.ask("DELETE", "/items/new-red")
        #expect(try items("user_id=u5&limit=12") == items("user_id=u5&limit=12&exclude=new-red,new-blue"))
    }

    @Test("available later means recommended later")
    func available() throws {
        let service = try Self.trained(Self.store())
        let from = service.time.milliseconds + 60_000
        _ = try service.ask("PUT", "/items/new", "{\"tags\": [\"blue\"], \"available_from\": \(Double(from) / 1000)}")
        #expect(try !service.get("/recommend?user_id=u3&limit=12").items.contains("new"))
        service.time.advance(milliseconds: 60_000)
        #expect(try service.get("/recommend?user_id=u3&limit=12").items.contains("new"))
    }

    @Test("no more new items than configured, the newest; changed ones follow their record")
    func bounded() throws {
        let service = try Self.trained(Self.store()) { $0.features.newItems = 2 }
        func new() throws -> Set<String> {
            Set(try service.get("/recommend?user_id=u3&limit=20").items.filter { $0.hasPrefix("n") })
        }
        for item in 1...3 { _ = try service.ask("PUT", "/items/n\(item)", #"{"tags": ["blue"]}"#) }
        #expect(try new() == ["n2", "n3"])
        // A change makes an old one no newer.
        for item in ["n1", "n2", "n1"] { _ = try service.ask("PATCH", "/items/\(item)", #"{"title": "changed"}"#) }
        #expect(try new() == ["n2", "n3"])
        // For one that goes an older one comes.
        _ = try service.ask("PATCH", "/items/n3", #"{"tags": null}"#)
        #expect(try new() == ["n1", "n2"])
        _ = try service.ask("PATCH", "/items/n3", #"{"tags": ["blue"]}"#)
        #expect(try new() == ["n2", "n3"])
        _ = try service.ask("DELETE", "/items/n3")
        #expect(try new() == ["n1", "n2"])
        let published = try service.post("/models/v1/publish", "")
        #expect(published.status == 200)
        #expect(try new() == ["n1", "n2"])
        _ = try service.ask("DELETE", "/items/n2")
        #expect(try new() == ["n1"])
        _ = try service.post(
            "/items", #"{"items": [{"item_id": "n5", "tags": ["red"]}, {"item_id": "n6", "tags": ["red"]}]}"#)
        #expect(try new() == ["n5", "n6"])
        // Stored again it is new again.
        _ = try service.ask("PUT", "/items/n2", #"{"tags": ["blue"]}"#)
        #expect(try new() == ["n2", "n6"])
    }

    @Test("of several records of an item in one request the last counts, also for one that was there")
    func repeated() throws {
        let service = try Self.trained(Self.store())
        func isNew() throws -> Bool { try service.get("/recommend?user_id=u3&limit=20").items.contains("n1") }
        _ = try service.ask("PUT", "/items/n1", #"{"tags": ["blue"]}"#)
        #expect(try isNew())
        let (plain, blue) = (#"{"item_id": "n1"}"#, #"{"item_id": "n1", "tags": ["blue"]}"#)
        _ = try service.post("/items", "{\"items\": [\(plain), \(blue)]}")
        #expect(try isNew())
        _ = try service.post("/items", "{\"items\": [\(blue), \(plain)]}")
        #expect(try !isNew())
        _ = try service.post("/items", "{\"items\": [\(plain), \(blue), \(blue)]}")
        #expect(try isNew())
    }

    @Test("after a restart, and after the next training, new items are what they then are")
    func restarted() throws {
        let store = try Self.store()
        let first = try Self.trained(store)
        _ = try first.ask("PUT", "/items/new", #"{"tags": ["blue"]}"#)
        let again = try TestService(store: store, directory: first.directory)
        let reply = try again.get("/recommend?user_id=u3&limit=12")
        #expect(reply.items == (try first.get("/recommend?user_id=u3&limit=12")).items && reply.items.contains("new"))
        for user in [1, 5, 7] {
            _ = try again.post("/interactions", "{\"user_id\": \"u\(user)\", \"item_id\": \"new\"}")
        }
        try again.train(#""publish": "always""#)
        #expect(try prediction(again, "u3", "new").basis == "model")
        let entry = try again.get("/recommend?user_id=u3&limit=12").json["items"]?.elements.first {
            $0["item_id"]?.string == "new"
        }
        #expect(entry?["source"]?.string == "model")
    }

    @Test("a user of whom only the record is known gets what its like get")
    func users() throws {
        let store = try Self.store()
        try store.putUsers([
            User(id: "fan", attributes: ["team": .string("blues")]),
            User(id: "other", attributes: ["team": .string("reds")]),
            User(id: "blank"),
        ])
        let service = try Self.trained(store)
        for (user, parity) in [("fan", 1), ("other", 0)] {
            let reply = try service.get("/recommend?user_id=\(user)&limit=4")
            #expect(reply.items.allSatisfy { Int($0.dropFirst()).map { $0 % 2 == parity } == true }, "\(reply.text)")
            #expect(reply.sources == ["features"] && reply.json["fallback"]?.bool == false)
            #expect(try prediction(service, user, "i1").basis == "features")
            #expect(try service.post("/recommend", "{\"user_id\": \"\(user)\", \"explain\": true}").status == 200)
        }
        #expect(try prediction(service, "fan", "i1").score > prediction(service, "other", "i1").score)
        #expect(try service.get("/users/fan/similar?limit=3").json["users"]?.count == 3)
        #expect(try service.get("/users/blank/similar").status == 404)
        #expect(try service.get("/recommend?user_id=blank").sources == ["popular"])
        #expect(try prediction(service, "blank", "i1").basis == "item_only")
        _ = try service.post("/interactions", #"{"user_id": "fan", "item_id": "i2"}"#)
        #expect(try prediction(service, "fan", "i1").basis == "fold_in")
        #expect(try !service.get("/recommend?user_id=fan&limit=12").items.contains("i2"))
    }

    @Test("users' records are followed as they are written, and an erased user's are gone")
    func usersFollow() throws {
        let service = try Self.trained(Self.store())
        #expect(try prediction(service, "late", "i1").basis == "item_only")
        _ = try service.ask("PUT", "/users/late", #"{"attributes": {"team": "blues"}}"#)
        let blue = try prediction(service, "late", "i1")
        _ = try service.ask("PATCH", "/users/late", #"{"attributes": {"team": "reds"}}"#)
        let red = try prediction(service, "late", "i1")
        #expect(blue.basis == "features" && red.basis == "features" && blue.score > red.score)
        _ = try service.post(
            "/users", #"{"users": [{"user_id": "late"}, {"user_id": "u3", "attributes": {"team": "reds"}}]}"#)
        #expect(try prediction(service, "late", "i1").basis == "item_only")
        #expect(try prediction(service, "u3", "i1").basis == "model")
        _ = try service.ask("PUT", "/users/late", #"{"attributes": {"team": "blues"}}"#)
        #expect(try service.ask("DELETE", "/users/late").status == 200)
        #expect(try prediction(service, "late", "i1").basis == "item_only")
        #expect(try service.get("/recommend?user_id=late").sources == ["popular"])
        // Of the model's own users too; the new items stay, whoever is taken out of it.
        _ = try service.ask("PUT", "/items/new", #"{"tags": ["blue"]}"#)
        #expect(try service.ask("DELETE", "/users/u3").status == 200)
        #expect(try prediction(service, "u3", "i1").basis == "item_only")
        #expect(try service.get("/recommend?user_id=u5&limit=12").items.contains("new"))
    }

    @Test("GET /features tells what the model uses")
    func described() throws {
        let store = try Self.store()
        let service = try TestService(store: store)
        try service.get("/features").expectProblem(404)
        try service.loadCheckerboard()
        try service.train()
        let reply = try service.get("/features")
        #expect(reply.status == 200 && reply.json["model"]?.string == "v1" && reply.field("Nectar-Model") == "v1")
        let items = reply.json["items"]
        #expect(items?["features"]?.int == 8)
        #expect(items?["fields"]?[0]?["source"]?.string == "tags")
        #expect(items?["fields"]?[0]?["labels"]?[1]?["label"]?.string == "red")
        #expect(items?["fields"]?[0]?["labels"]?[1]?["count"]?.int == 6)
        #expect(items?["fields"]?[1]?["name"]?.string == "number")
        #expect(items?["fields"]?[1]?["buckets"]?[0]?["at_most"]?.double == 0)
        #expect(items?["explained"]?["gmf"]?.double != nil)
        #expect(reply.json["users"]?["features"]?.int == 2)
        #expect(reply.json["history"]?["used"]?.bool == true)
        #expect((reply.json["history"]?["dimension"]?.int ?? 0) > 0)
        #expect(try service.get("/features?x=1").status == 400)
    }

    @Test("the configuration says how long histories are, and a job may say otherwise")
    func historyLength() throws {
        let service = try TestService(store: Self.store()) { $0.features.historyLength = 3 }
        try service.loadCheckerboard()
        let job = try service.train()
        #expect(job.json["configuration"]?["history_length"]?.int == 3)
        #expect(try service.get("/features").json["history"]?["length"]?.int == 3)
        #expect(try service.train(#""history_length": 0"#).json["configuration"]?["history_length"] == nil)
        #expect(try service.get("/features").json["history"]?["length"]?.int == 0)
        try service.post("/train", #"{"history_length": -1}"#).expectProblem(422)
    }

    @Test("a text that is a time says when, whatever its offset: near moments are alike")
    func times() throws {
        let store = InMemoryInteractionStore()
        // No two items have the same moment.
        try store.putItems(
            (0..<Checkerboard.size).map { item in
                let year = item % 2 == 0 ? 1980 : 2020
                return Item(
                    id: "i\(item)", attributes: ["released": .string("\(year)-03-01T10:\(10 + item):00+02:00")])
            })
        let service = try Self.trained(store) { $0.features.numberBuckets = 2 }
        let field = try service.get("/features").json["items"]?["fields"]?[0]
        #expect(field?["name"]?.string == "released" && field?["labels"] == nil)
        #expect(field?["buckets"]?[0]?["at_most"]?.string == "1980-03-01T08:\(10 + Checkerboard.size - 2):00Z")
        #expect(field?["buckets"]?[1]?["above"]?.string == field?["buckets"]?[0]?["at_most"]?.string)
        _ = try service.ask("PUT", "/items/old", #"{"attributes": {"released": "1975-12-24T00:00:00Z"}}"#)
        _ = try service.ask("PUT", "/items/new", #"{"attributes": {"released": "2021-12-24T00:00:00-08:00"}}"#)
        _ = try service.ask("PUT", "/items/none", #"{"attributes": {"released": "some day"}}"#)
        for user in 0..<Checkerboard.size {
            let (old, new) = (try prediction(service, "u\(user)", "old"), try prediction(service, "u\(user)", "new"))
            #expect(old.basis == "features" && new.basis == "features")
            #expect((old.score > new.score) == (user % 2 == 0))
        }
        #expect(try prediction(service, "u1", "none").basis == "user_only")
    }

    @Test("what the configuration leaves out is no feature; without any, nothing is")
    func configured() throws {
        let some = try Self.trained(Self.store()) {
            $0.features.itemTags = false
            $0.features.itemAttributes = " year , number"
            $0.features.userAttributes = ""
        }
        let reply = try some.get("/features").json
        #expect(reply["items"]?["fields"]?.elements.map { $0["name"]?.string } == ["number"])
        #expect(reply["users"]?["features"]?.int == 0)
        let none = try Self.trained(Self.store()) {
            $0.features.itemTags = false
            $0.features.itemAttributes = ""
            $0.features.itemVectors = ""
        }
        _ = try none.ask("PUT", "/items/new", #"{"tags": ["blue"]}"#)
        #expect(try prediction(none, "u3", "new").basis == "user_only")
        #expect(try none.get("/features").json["items"]?["features"]?.int == 0)
    }
}
