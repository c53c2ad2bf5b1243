import InteractionStorage
import JSON
import Logging
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("/recommend for whom nothing is known of", .timeLimit(.minutes(1)))
struct FallbackTests {
    private func scores(_ reply: Reply) -> [Float] {
        reply.json["items"]?.elements.compactMap { $0["score"]?.double.map(Float.init) } ?? []
    }

    private func interact(_ service: TestService, _ pairs: [(String, String)], kind: String = "like") throws {
        for (user, item) in pairs {
            let reply = try service.post(
                "/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"kind\": \"\(kind)\"}")
            #expect(reply.status == 201 || reply.status == 200)
        }
    }

    @Test("behind what people touched comes what came last into the catalogue, and nothing that may not be shown")
    func latest() throws {
        let service = try TestService()
        for item in ["old", "hidden", "touched", "new"] {
            _ = try service.ask("PUT", "/items/\(item)", item == "hidden" ? #"{"hidden": true}"# : "{}")
        }
        let cold = try service.get("/recommend?user_id=q")
        #expect(cold.items == ["new", "touched", "old"] && cold.sources == ["latest"])
        #expect(cold.json["fallback"]?.bool == true && scores(cold) == [0, 0, 0])
        try interact(service, [("a", "touched"), ("b", "touched"), ("a", "unrecorded")])
        let stranger = try service.get("/recommend?user_id=q")
        #expect(stranger.items == ["touched", "unrecorded", "new", "old"])
        let sources = stranger.json["items"]?.elements.map { $0["source"]?.string }
        #expect(sources == ["popular", "popular", "latest", "latest"])
        #expect(try service.get("/recommend?user_id=q&limit=3&exclude=unrecorded").items == ["touched", "new", "old"])
        #expect(try service.get("/recommend?user_id=q&limit=1").items == ["touched"])
        // Who has touched all that anybody has.
        #expect(try service.get("/recommend?user_id=a").items == ["new", "old"])
        let asked = try service.post(
            "/recommend",
            #"{"user_id": "q", "candidates": ["old", "hidden", "nothing", "unrecorded", "new", "touched", "old"]}"#)
        #expect(asked.items == ["touched", "unrecorded", "old", "new"])
    }

    @Test("with a model too the order and the scores are those of /popular, of this moment")
    func popular() throws {
        let service = try TestService()
        try interact(service, [("1", "x"), ("2", "y"), ("3", "x"), ("1", "y"), ("2", "x"), ("3", "z")])
        try interact(service, [("4", "bad")], kind: "dislike")
        #expect(try service.train("\"publish\": \"always\"").json["state"]?.string == "succeeded")
        try interact(service, (0..<9).map { ("v\($0)", "viral") })
        let (stranger, popular) = (try service.get("/recommend?user_id=q"), try service.get("/popular"))
        #expect(stranger.items == ["viral", "x", "y", "z"] && stranger.items == popular.items)
        #expect(scores(stranger) == scores(popular) && scores(stranger).first == 0.6)
        let asked = try service.post("/recommend", #"{"user_id": "q", "candidates": ["z", "bad", "viral"]}"#)
        #expect(asked.items == ["viral", "z"] && scores(asked) == [0.6, Float(1.0 / 15)])
        // Of a batch everybody the same, but for what each has seen.
        let batch = try service.post("/recommend", #"{"users": [{"user_id": "q"}, {"history": ["nothing"]}]}"#)
        let lists = batch.json["results"]?.elements.map { list in
            list["items"]?.elements.compactMap { $0["item_id"]?.string }
        }
        #expect(lists == [stranger.items, stranger.items])
    }

    @Test("before the record is counted the model's data say what is popular")
    func uncounted() throws {
        let service = try TestService()
        try interact(service, [("1", "x"), ("2", "y"), ("3", "x"), ("1", "y"), ("2", "x"), ("3", "z")])
        #expect(try service.train("\"publish\": \"always\"").json["state"]?.string == "succeeded")
        let activity = ItemActivity(
            store: service.store, kinds: .defaults, settings: ServiceConfiguration.Trending(),
            file: ArrivalFile(directory: service.directory.path), clock: service.time.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func items(_ body: String, seen: Set<ExactName> = []) throws -> [String] {
            let request = try RecommendationRequest(
                JSONParser().parse(Array(body.utf8)), configuration: ServiceConfiguration().recommendation)
            let catalog = Catalog()
            let gate = ItemGate(withheld: NameSet(), catalog: catalog)
            var fallback = Fallback(request, gate, activity, catalog, service.models.current)
            return fallback.entries(seen: seen).map(\.itemID)
        }
        #expect(try items(#"{"user_id": "q", "limit": 2}"#) == ["x", "y"])
        #expect(try items(#"{"user_id": "q", "limit": 2}"#, seen: ["x"]) == ["y", "z"])
        #expect(try items(#"{"user_id": "q", "candidates": ["z", "y"]}"#) == ["y", "z"])
    }

    @Test("what a user dislikes is not recommended to it, also where what is seen may be", arguments: [false, true])
    func dislikes(isTrained: Bool) throws {
        let service = try TestService()
        try interact(
            service, (0..<12).flatMap { user in (0..<8).filter { ($0 + user) % 3 > 0 }.map { ("\(user)", "i\($0)") } })
        // Disliked before the training, and after it; of one user the model knows nothing else, of another nothing, and of another
        // nothing has been heard since.
        try interact(service, [("0", "i0"), ("hater", "i1"), ("1", "i0")], kind: "dislike")
        if isTrained {
            #expect(try service.train("\"publish\": \"always\"").json["state"]?.string == "succeeded")
        }
        try interact(service, [("0", "i3"), ("newcomer", "i2")], kind: "dislike")
        for (user, disliked) in [("0", ["i0", "i3"]), ("hater", ["i1"]), ("newcomer", ["i2"]), ("1", ["i0"])] {
            let all = try service.get("/recommend?user_id=\(user)&exclude_seen=false")
            #expect(Set(all.items) == Set((0..<8).map { "i\($0)" }).subtracting(disliked), "\(user)")
            let asked = try service.post(
                "/recommend",
                #"{"user_id": "\#(user)", "exclude_seen": false, "candidates": ["\#(disliked[0])", "i5"]}"#)
            #expect(asked.items == ["i5"], "\(user)")
        }
        // The last word counts, also where the model knows nothing of a user but a dislike.
        try interact(service, [("0", "i3"), ("0", "i0"), ("hater", "i1"), ("newcomer", "i2")])
        for user in ["0", "hater", "newcomer"] {
            let all = try service.get("/recommend?user_id=\(user)&exclude_seen=false")
            #expect(Set(all.items) == Set((0..<8).map { "i\($0)" }), "\(user)")
        }
    }

    @Test("what was taken out of the record is not popular, candidate or not; equal ones stand as in /popular")
    func deleted() throws {
        let service = try TestService()
        let pairs = [("1", "c"), ("2", "b"), ("3", "a"), ("1", "gone"), ("2", "gone")]
        for (user, item) in pairs {
            let row = #"{"user_id": "\#(user)", "item_id": "\#(item)", "interaction_id": "\#(user)-\#(item)"}"#
            _ = try service.post("/interactions", row)
        }
        #expect(try service.train("\"publish\": \"always\"").json["state"]?.string == "succeeded")
        for id in ["1-gone", "2-gone"] { #expect(try service.ask("DELETE", "/interactions/\(id)").status == 204) }
        #expect(try service.get("/popular").items == ["c", "b", "a"])
        #expect(try service.get("/recommend?user_id=q").items == ["c", "b", "a"])
        let asked = try service.post("/recommend", #"{"user_id": "q", "candidates": ["gone", "a", "b", "c"]}"#)
        #expect(asked.items == ["c", "b", "a"])
        #expect(try service.post("/recommend", #"{"user_id": "q", "candidates": ["gone"]}"#).items.isEmpty)
    }

    @Test("a low rating is no word of dislike, before a training or after it")
    func ratings() throws {
        let service = try TestService()
        func rate(_ user: String, _ item: String, _ rating: Int) throws {
            _ = try service.post(
                "/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"rating\": \(rating)}")
        }
        for user in 0..<12 {
            for item in 0..<6 { try rate("\(user)", "i\(item)", (user + item) % 2 == 0 ? 1 : 5) }
        }
        #expect(try service.train("\"publish\": \"always\"").json["state"]?.string == "succeeded")
        try rate("0", "i1", 1)
        try rate("newcomer", "i2", 1)
        for user in ["0", "newcomer"] {
            let all = try service.get("/recommend?user_id=\(user)&exclude_seen=false")
            #expect(Set(all.items) == Set((0..<6).map { "i\($0)" }), "\(user)")
        }
    }
}
