import InteractionStorage
import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/evaluate: what a model is worth", .timeLimit(.minutes(1)))
struct EvaluationTests {
    private static let tower = #""embedding_dimension": 4, "hidden_layers": [8, 4], "epochs": 1, "resamples": 50"#

    private func evaluate(_ service: TestService, _ settings: String = TestService.smallModel) throws -> Reply {
        try service.post("/evaluate", "{\(settings), \"wait\": true}")
    }

    @Test("a model is trained and measured beside popularity, and nothing of it stays")
    func evaluates() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let reply = try evaluate(service, TestService.smallModel + #", "cutoffs": [3, 1]"#)
        #expect(reply.status == 200)
        let job = reply.json
        #expect(job["state"]?.string == "succeeded" && job["kind"]?.string == "evaluation", "\(reply.text)")
        #expect(job["model"] == nil && job["published"] == nil)
        let report = try #require(job["evaluation"])
        #expect(report["holdout"]?.string == "leave_one_out" && report["sampled_negatives"]?.int == 99)
        #expect(report["users"]?.int == 12 && report["held_out"]?.int == 12)
        #expect(report["trained_on"]?.int == Checkerboard.interactions.count - 12)
        for scorer in ["model", "popularity"] {
            let own = try #require(report[scorer])
            for group in ["full_catalogue", "sampled"] {
                let figures = try #require(own[group])
                let names = ["hit_rate", "recall", "precision", "ndcg", "map", "mrr"].flatMap {
                    ["\($0)_at_1", "\($0)_at_3"]
                }
                #expect(Set(figures.members.map(\.0)) == Set(names + ["mrr", "auc", "users"]))
                for (name, value) in figures.members where name != "users" {
                    let figure = try #require(value.double)
                    let ends = own["intervals"]?[group]?[name]?.elements.compactMap(\.double) ?? []
                    try #require(ends.count == 2, "\(scorer) \(group) \(name)")
                    #expect(0 <= ends[0] && ends[0] <= figure && figure <= ends[1] && ends[1] <= 1)
                }
            }
            let beyond = Set(own["beyond_accuracy"]?.members.map(\.0) ?? [])
            #expect(beyond == ["coverage", "novelty", "diversity", "gini", "lists"])
        }
        #expect(service.models.current == nil && service.models.versions().isEmpty)
        #expect(try service.get("/metrics").text.contains("nectar_evaluation_jobs_total{state=\"succeeded\"} 1\n"))
    }

    @Test("without waiting it is a job like a training, which can be followed")
    func isAJob() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let accepted = try service.post("/evaluate", "{\(TestService.smallModel)}")
        #expect(accepted.status == 202 && accepted.field("Location") == "/train/1")
        let client = try service.client()
        client.send("GET /train/1/events HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        #expect(client.readChunks().contains("\"ndcg_at_10\""))
    }

    @Test("mf stands beside whatever is more than it, unless it is declined", arguments: ["gmf", "mlp", "neumf"])
    func yardstick(architecture: String) throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let settings = "\"architecture\": \"\(architecture)\", \(Self.tower)"
        let report = try evaluate(service, settings).json["evaluation"]
        #expect(report?["model"]?["architecture"]?.string == architecture)
        #expect(report?["mf"]?["full_catalogue"]?["ndcg_at_10"]?.double != nil)
        #expect(report?["mf"]?["intervals"]?["sampled"]?["auc"]?.count == 2)
        #expect(try evaluate(service, settings + #", "yardstick": false"#).json["evaluation"]?["mf"] == nil)
        // In training too; what it took is told.
        let training = "\"architecture\": \"\(architecture)\", \(Self.tower)"
        for (more, isThere) in [("", true), (", \"yardstick\": false", false)] {
            let job = try service.post("/train", "{\(training), \"wait\": true, \"publish\": \"always\"\(more)}").json
            #expect((job["evaluation"]?["mf"] != nil) == isThere)
            let model = try service.get("/models/current").json
            #expect((model["seconds"]?["yardstick"]?.double != nil) == isThere)
            #expect((model["metrics"]?["mf_full_ndcg@10"]?.double != nil) == isThere)
            #expect(model["seconds"]?["evaluation"]?.double != nil)
        }
    }

    @Test("a model of ratings is measured beside item means and an mf of ratings, its predictions within the scale")
    func ratings() throws {
        let service = try TestService()
        let rows = Checkerboard.interactions.enumerated().map { index, interaction in
            "{\"user_id\": \"\(interaction.userID)\", \"item_id\": \"\(interaction.itemID)\", \"rating\": \(index % 5 + 1)}\n"
        }
        _ = try service.post("/interactions", rows.joined(), type: "application/x-ndjson")
        let reply = try evaluate(service, #""objective": "rating", "holdout": "random", "# + Self.tower)
        let report = try #require(reply.json["evaluation"], "\(reply.text)")
        for scorer in ["model", "mf", "item_mean"] {
            let errors = try #require(report[scorer]?["rating"], "\(scorer)")
            let (mse, rmse) = (errors["mse"]?.double ?? -1, errors["rmse"]?.double ?? -1)
            #expect(abs(rmse * rmse - mse) < 1e-9 && mse >= 0)
            // No prediction is off the scale, so none is further off than the scale is wide.
            #expect((0...4).contains(errors["mae"]?.double ?? -1) && mse <= 16)
            #expect(report[scorer]?["intervals"]?["rating"]?["rmse"]?.count == 2)
        }
        #expect(report["model"]?["full_catalogue"] != nil && report["item_mean"]?["full_catalogue"] == nil)
        #expect(report["model"]?["calibration"] == nil)
    }

    @Test("a model that is there is measured on what came since it was trained", arguments: ["v1", "1", "current"])
    func since(name: String) throws {
        let service = try TestService.trained()
        let nothing = try evaluate(service, "\"model\": \"\(name)\"")
        #expect(nothing.json["state"]?.string == "failed")
        #expect(nothing.json["message"]?.string?.contains("nothing to measure v1 on") == true)
        // Known pairs, users and items that the model does not know, and two that count.
        for (user, item) in [("u3", "i1"), ("u3", "new"), ("new", "i1"), ("u3", "i3"), ("u4", "i4")] {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\"}")
        }
        let reply = try evaluate(service, "\"model\": \"\(name)\", \"resamples\": 0")
        let report = try #require(reply.json["evaluation"], "\(reply.text)")
        #expect(reply.json["evaluated_model"]?.string == "v1" && report["holdout"]?.string == "since_model")
        #expect(report["users"]?.int == 2 && report["held_out"]?.int == 2)
        #expect(report["trained_on"]?.int == Checkerboard.interactions.count)
        // What the service would answer: the rank of i3 among what u3 is recommended, and of i4 for u4.
        let ranks = try [("u3", "i3"), ("u4", "i4")].map { user, item in
            let items = try service.models.current.map { model in
                let index = try #require(model.users.index(of: user))
                return model.recommend(user: index, limit: 100).map { model.items[$0.item] }
            }
            return try #require(items?.firstIndex(of: item)) + 1
        }
        let expected = ranks.map { 1 / Double($0) }.reduce(0, +) / 2
        #expect(abs((report["model"]?["full_catalogue"]?["mrr"]?.double ?? -1) - expected) < 1e-12)
        #expect(report["model"]?["intervals"] == nil)
        #expect(service.models.versions().map(\.version) == [1])
    }

    @Test("of a model that serves what is preselected it says how much of the exact lists is found; of others nothing")
    func preselection() throws {
        let settings = "\"architecture\": \"neumf\", \(Self.tower), \"yardstick\": false"
        let service = try TestService { $0.recommendation.towerMultiplications = 1 }
        try service.loadCheckerboard()
        for limit in [1, 2] {
            let report = try evaluate(service, settings + ", \"cutoffs\": [\(limit)], \"measured_users\": 7").json[
                "evaluation"]
            let found = try #require(report?["model"]?["preselection"])
            // At least twice as many as are asked for.
            #expect(found["candidates"]?.int == 2 * limit && found["users"]?.int == 7)
            #expect((0...1).contains(found["recall_at_\(limit)"]?.double ?? -1))
        }
        #expect(try evaluate(service, TestService.smallModel).json["evaluation"]?["model"]?["preselection"] == nil)
        // A training says it of what it measured, and of a model that is there it is what the service answers.
        let job = try service.post("/train", "{\(settings), \"publish\": \"always\", \"wait\": true}").json
        #expect(job["evaluation"]?["model"]?["preselection"]?["recall_at_10"]?.double == 1)
        for (user, item) in [("u3", "i3"), ("u4", "i4"), ("u5", "i6")] {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\"}")
        }
        let model = try #require(service.models.current)
        let users = try ["u3", "u4", "u5"].map { try #require(model.users.index(of: $0)) }
        let since = try evaluate(service, #""model": "current", "cutoffs": [2], "resamples": 0"#).json["evaluation"]
        let found = try #require(since?["model"]?["preselection"])
        #expect(found["users"]?.int == 3)
        #expect(found["recall_at_2"]?.double == model.recallOfPreselection(users: users, limit: 2))
        // Where the tower may cost anything, every item is scored.
        let exact = try TestService { $0.recommendation.towerMultiplications = 0 }
        try exact.loadCheckerboard()
        #expect(try evaluate(exact, settings).json["evaluation"]?["model"]?["preselection"] == nil)
    }

    @Test("with nothing stored, or nothing to hold out, the job fails and says so")
    func nothing() throws {
        let service = try TestService()
        #expect(try evaluate(service).json["message"]?.string?.contains("nothing to train on") == true)
        for user in ["a", "b"] {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"x\(user)\"}")
        }
        let reply = try evaluate(service)
        #expect(reply.json["state"]?.string == "failed")
        #expect(reply.json["message"]?.string?.contains("held out") == true, "\(reply.text)")
    }

    @Test("of many users a part is ranked, by the seed, and the report says how many")
    func measuredUsers() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        func report(_ members: String) throws -> JSONValue {
            try #require(try evaluate(service, TestService.smallModel + members).json["evaluation"])
        }
        let (whole, part) = (try report(""), try report(#", "measured_users": 3"#))
        let users = try #require(whole["users"]?.int)
        #expect(users > 3 && whole["measured_users"]?.int == users)
        #expect(part["users"]?.int == users && part["measured_users"]?.int == 3)
        #expect(part["held_out"]?.int == whole["held_out"]?.int)
        // A third of a user's figure each.
        let hits = try #require(part["model"]?["full_catalogue"]?["hit_rate_at_5"]?.double)
        #expect((0...3).contains { abs(Double($0) / 3 - hits) < 1e-12 })
        let again = try report(#", "measured_users": 3"#)
        for figure in ["mrr", "auc"] {
            let value = try #require(part["model"]?["full_catalogue"]?[figure]?.double)
            #expect(again["model"]?["full_catalogue"]?[figure]?.double == value)
        }
    }

    private static func fault(_ body: String, _ pointer: String, _ words: String) -> Refusal {
        Refusal("POST", "/evaluate", body, 422, [(pointer, words)])
    }

    @Test(
        "a body that is not as the route takes it starts no job",
        arguments: [
            Refusal("POST", "/evaluate", "{", 400, says: "JSON"),
            Refusal("POST", "/evaluate?wait=true", "{}", 400, [("?wait", "unknown parameter")]),
            fault("[]", "", "expected an object"),
            fault(#"{"holdout": "none"}"#, "/holdout", "nothing to measure on"),
            fault(#"{"publish": "always"}"#, "/publish", "unknown"),
            fault(#"{"interactions": []}"#, "/interactions", "unknown"),
            fault(#"{"cutoff": [10]}"#, "/cutoff", "did you mean \"cutoffs\"?"),
            fault(#"{"cutoffs": []}"#, "/cutoffs", "1"),
            fault(#"{"cutoffs": [0]}"#, "/cutoffs/0", "1 to 1000"),
            fault(#"{"cutoffs": [10, 1001]}"#, "/cutoffs/1", "1 to 1000"),
            fault(#"{"sampled_negatives": 0}"#, "/sampled_negatives", "1 to 100000"),
            fault(#"{"resamples": 100001}"#, "/resamples", "0 to 100000"),
            fault(#"{"measured_users": 0}"#, "/measured_users", "1 to"),
            fault(#"{"yardstick": "mf"}"#, "/yardstick", "true or false"),
            fault(#"{"epochs": -1}"#, "/epochs", "1 to"),
            fault(#"{"model": "current"}"#, "/model", "there is no model yet"),
            fault(#"{"model": "best"}"#, "/model", "v17"),
        ])
    func refused(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test("of a version that is there the model alone can be said; one that is not there starts no job")
    func missing() throws {
        let service = try TestService.trained()
        try Self.fault(#"{"model": "v9"}"#, "/model", "there is no model v9").check(with: service)
        try Self.fault(#"{"model": "v1", "epochs": 3}"#, "/epochs", "unknown").check(with: service)
        #expect(try evaluate(service, #""model": "v1""#).status == 200)
    }
}
