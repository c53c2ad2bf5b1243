import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/train: settings that the engine chooses", .timeLimit(.minutes(2)))
struct SettingsChoiceTests {
    private func train(_ service: TestService, _ members: String) throws -> JSONValue {
        let reply = try service.post(
            "/train", "{\(members.isEmpty ? "" : members + ", ")\"resamples\": 0, \"wait\": true}")
        #expect(reply.status == 200 && reply.json["state"]?.string == "succeeded", "\(reply.text)")
        return reply.json
    }

    private func loaded() throws -> TestService {
        let service = try TestService()
        try service.loadCheckerboard()
        return service
    }

    @Test("with nothing said about the model a job tells what it tried, what came of it, and why it chose")
    func choice() throws {
        let service = try loaded()
        let job = try train(service, "")
        let search = try #require(job["search"])
        #expect(search["criterion"]?.string == "ndcg_at_10" && search["budget"] == nil)
        #expect(search["yardstick"]?.double != nil && search["verdict"]?.string?.isEmpty == false)
        let trials = Array(try #require(search["trials"]).elements)
        #expect(trials.count >= 5 && trials.compactMap { $0["trial"]?.int } == Array(1...trials.count))
        for trial in trials {
            let values = try #require(trial["measurements"]).elements.map { $0["value"]?.double }
            #expect(!values.isEmpty && !values.contains(nil))
            #expect(trial["configuration"]?["als_regularization"]?.double != nil && trial["round"]?.int != nil)
        }
        let chosen = trials.filter { $0["outcome"]?.string == "chosen" }
        #expect(chosen.count == 1)
        for name in ["architecture", "objective", "embedding_dimension", "als_regularization", "als_unobserved_weight"]
        {
            let value = chosen.first?["configuration"]?[name]
            #expect(value?.string == job["configuration"]?[name]?.string)
            #expect(value?.double == job["configuration"]?[name]?.double)
        }
        #expect(job["configuration"]?["early_stopping"]?.int == 0)
        // Who likes the odd ones gets the odd one that is left.
        #expect(try service.get("/recommend?user_id=u3&limit=1").items == ["i3"])
    }

    @Test("a model of chosen settings is trained again from the configuration that its lineage names")
    func reproduces() throws {
        let service = try loaded()
        _ = try train(service, #""search": {"trials": 7}"#)
        let configuration = try #require(service.get("/models/v1").json["configuration"])
        let again = try train(service, Self.members(of: configuration).map(\.text).joined(separator: ", "))
        #expect(again["search"] == nil)
        let pairs = (0..<144).map { "{\"user_id\": \"u\($0 / 12)\", \"item_id\": \"i\($0 % 12)\"}" }
            .joined(separator: ",")
        let second = try service.post("/predict", "{\"pairs\": [\(pairs)]}")
        #expect(second.json["model"]?.string == "v2" && second.json["predictions"]?.count == 144)
        _ = try service.ask("POST", "/models/v1/publish", "")
        let first = try service.post("/predict", "{\"pairs\": [\(pairs)]}")
        #expect(first.text == second.text.replacing("\"v2\"", with: "\"v1\""))
    }

    /// The members of a configuration as a request has them.
    private static func members(of configuration: JSONValue) -> [(name: String, text: String)] {
        configuration.members.map { name, value in
            if let text = value.string { return (name, "\"\(name)\": \"\(text)\"") }
            if let number = value.int { return (name, "\"\(name)\": \(number)") }
            if let number = value.double { return (name, "\"\(name)\": \(number)") }
            let sizes = value.elements.compactMap(\.int).map(String.init).joined(separator: ",")
            return (name, "\"\(name)\": [\(sizes)]")
        }
    }

    @Test("any member of a configuration but objective and seed is something said about the model: nothing is tried")
    func anyMember() throws {
        let service = try loaded()
        let first = try train(service, #""architecture": "neumf", "epochs": 1"#)
        let members = Self.members(of: try #require(first["configuration"]))
        #expect(members.count > 15)
        for (name, text) in members {
            let job = try train(service, "\(text), \"publish\": \"never\", \"refit\": false, \"yardstick\": false")
            #expect((job["search"] == nil) == !["objective", "seed"].contains(name), "\(name)")
        }
    }

    @Test("a search keeps to its budget, and to what was said about the model")
    func search() throws {
        let job = try train(try loaded(), #""search": {"trials": 4}, "architecture": "gmf", "embedding_dimension": 3"#)
        let search = try #require(job["search"])
        #expect(search["budget"]?["trials"]?.int == 4 && search["budget"]?["seconds"] == nil)
        #expect(search["trials"]?.count == 4)
        for trial in try #require(search["trials"]).elements {
            #expect(trial["configuration"]?["architecture"]?.string == "gmf")
            #expect(trial["configuration"]?["embedding_dimension"]?.int == 3)
        }
    }

    @Test(
        "a setting of the dense layers asks for a model that has them, in a search as without one",
        arguments: ["\"dropout\": 0.5", "\"hidden_layers\": [8,4]", "\"mlp_embedding_dimension\": 5"])
    func tower(setting: String) throws {
        let name = String(setting.split(separator: "\"")[0])
        let service = try loaded()
        func text(_ configuration: JSONValue?) -> String? {
            configuration.flatMap { Self.members(of: $0).first { $0.name == name }?.text }
        }
        let quick = "\(setting), \"epochs\": 1, \"publish\": \"never\", \"refit\": false, \"yardstick\": false"
        let plain = try train(service, quick)
        #expect(plain["configuration"]?["architecture"]?.string == "neumf" && text(plain["configuration"]) == setting)
        let job = try train(service, quick + #", "search": {"trials": 6}"#)
        #expect(job["configuration"]?["architecture"]?.string == "neumf" && text(job["configuration"]) == setting)
        for trial in try #require(job["search"]?["trials"]).elements {
            #expect(trial["configuration"]?["architecture"]?.string == "neumf")
            #expect(text(trial["configuration"]) == setting)
        }
    }

    @Test("no dropout asks for nothing, and a search tries what it would have tried")
    func noDropout() throws {
        let job = try train(try loaded(), #""dropout": 0, "search": {"trials": 3}"#)
        let trials = try #require(job["search"]?["trials"]).elements
        #expect(trials.allSatisfy { $0["configuration"]?["architecture"]?.string == "mf" })
    }

    @Test("with something said about the model and no search, nothing is tried, and rules give what was not said")
    func rules() throws {
        let job = try train(try loaded(), #""architecture": "mf", "epochs": 0"#)
        #expect(job["search"] == nil)
        #expect(job["configuration"]?["embedding_dimension"]?.int == 4)
        // 12 × 5.5 interactions less one a user, in 144 cells.
        #expect((job["configuration"]?["als_unobserved_weight"]?.double ?? 0) > 1)
    }

    @Test("an evaluation chooses settings as a training does")
    func evaluation() throws {
        let reply = try loaded().post("/evaluate", #"{"search": {"trials": 2}, "resamples": 0, "wait": true}"#)
        #expect(reply.json["search"]?["trials"]?.count == 2, "\(reply.text)")
        #expect(reply.json["evaluation"]?["model"] != nil)
    }

    @Test("a job that chooses can be cancelled")
    func cancels() throws {
        let service = try loaded()
        // More than it can do before it is told to stop.
        let accepted = try service.post("/train", #"{"search": {"seconds": 86400, "trials": 1000}}"#)
        #expect(accepted.status == 202)
        let client = try service.client()
        client.send("GET /train/1/events HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\"stage\":\"choosing\"")
        _ = try service.ask("DELETE", "/train/1")
        let events = client.read(through: "event: end")
        #expect(!events.isEmpty)
        #expect(try service.get("/train/1").json["state"]?.string == "cancelled")
        #expect(service.models.current == nil)
    }

    @Test("what somebody disliked is no reason to recommend more of it")
    func dislikes() throws {
        let service = try TestService()
        var rows = ""
        for user in 0..<24 {
            for item in 0..<24 where (user * 7 + item * 11 + user * item) % 3 != 0 {
                rows +=
                    "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"rating\": \((user + item) % 2 == 0 ? 1 : 0)}\n"
            }
        }
        #expect(try service.post("/interactions", rows, type: "application/x-ndjson").status == 200)
        _ = try train(service, #""search": {"trials": 1}, "objective": "implicit", "architecture": "mf""#)
        var right = 0
        var pairs = 0
        for user in 0..<24 {
            let unseen = (0..<24).filter { (user * 7 + $0 * 11 + user * $0) % 3 == 0 }
            let ranked = try service.post("/recommend", "{\"user_id\": \"\(user)\", \"limit\": 24}").items
            #expect(Set(ranked) == Set(unseen.map(String.init)))
            for liked in unseen where (user + liked) % 2 == 0 {
                for other in unseen where (user + other) % 2 != 0 {
                    guard let first = ranked.firstIndex(of: "\(liked)"), let second = ranked.firstIndex(of: "\(other)")
                    else { continue }
                    pairs += 1
                    right += first < second ? 1 : 0
                }
            }
        }
        // Were the dislikes taken for likes, the order would be one by chance.
        #expect(pairs > 100 && Double(right) > 0.9 * Double(pairs), "\(right) of \(pairs)")
    }

    @Test(
        "a bad budget is refused, each fault by its place",
        arguments: [
            (#"{"search": 60}"#, [("/search", "object")]),
            (#"{"search": {}}"#, [("/search", "needs seconds, trials, or both")]),
            (#"{"search": {"second": 5}}"#, [("/search/second", "did you mean \"seconds\"?"), ("/search", "needs")]),
            (#"{"search": {"seconds": 0.5}}"#, [("/search/seconds", "1")]),
            (#"{"search": {"seconds": 86401}}"#, [("/search/seconds", "86400")]),
            (#"{"search": {"seconds": "60"}}"#, [("/search/seconds", "number")]),
            (#"{"search": {"trials": 0}}"#, [("/search/trials", "1")]),
            (#"{"search": {"trials": 1001}}"#, [("/search/trials", "1000")]),
            (#"{"search": {"trials": 2.5}}"#, [("/search/trials", "integer")]),
            (
                #"{"search": {"seconds": -1, "trials": -1}, "epochs": -1}"#,
                [("/search/seconds", "1"), ("/search/trials", "1"), ("/epochs", "1 to")]
            ),
        ] as [(String, [(String, String)])])
    func refused(body: String, faults: [(String, String)]) throws {
        for path in ["/train", "/evaluate"] {
            try Refusal("POST", path, body, 422, faults.map { (pointer: $0.0, words: $0.1) }).check(with: TestService())
        }
    }
}
