import InteractionStorage
import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/recommend: who would like what", .timeLimit(.minutes(1)))
struct RecommendationTests {
    private static let seenByU3 = Checkerboard.items(of: 3)

    @Test("an answer names its model, ranks from one, and falls in score")
    func members() throws {
        let service = try TestService.trained()
        let reply = try service.ask("GET", "/recommend?user_id=u3&limit=5", fields: "X-Request-ID: r-1\r\n")
        #expect(reply.status == 200)
        #expect(reply.field("Content-Type") == "application/json")
        #expect(reply.field("Nectar-Model") == "v1")
        let answer = reply.json
        #expect(answer["user_id"]?.string == "u3")
        #expect(answer["model"]?.string == "v1")
        #expect(answer["recommendation_id"]?.string == "r-1")
        #expect(answer["fallback"]?.bool == false && answer["degraded"]?.bool == false)
        #expect(answer["next"]?.string?.count == 30)
        let items = Array(answer["items"]?.elements.map { $0 } ?? [])
        #expect(items.map { $0["rank"]?.int } == [1, 2, 3, 4, 5])
        #expect(items.allSatisfy { $0["source"]?.string == "model" && $0["item"] == nil })
        let scores = items.compactMap { $0["score"]?.double }
        #expect(scores.count == 5 && scores == scores.sorted(by: >) && scores.allSatisfy { (0...1).contains($0) })
    }

    @Test("what the user has seen is left out, unless it is asked for", arguments: ["GET", "POST"])
    func excludesSeen(method: String) throws {
        let service = try TestService.trained()
        func recommend(_ excludesSeen: Bool?) throws -> Set<String> {
            let setting =
                excludesSeen.map { method == "GET" ? "&exclude_seen=\($0)" : ", \"exclude_seen\": \($0)" } ?? ""
            let reply =
                method == "GET"
                ? try service.get("/recommend?user_id=u3&limit=100\(setting)")
                : try service.post("/recommend", "{\"user_id\": \"u3\", \"limit\": 100\(setting)}")
            return Set(reply.items)
        }
        #expect(try recommend(nil) == Checkerboard.everyItem.subtracting(Self.seenByU3))
        #expect(try recommend(true) == Checkerboard.everyItem.subtracting(Self.seenByU3))
        #expect(try recommend(false) == Checkerboard.everyItem)
    }

    @Test("what the user did after the training is left out at once")
    func excludesRecent() throws {
        let service = try TestService.trained()
        #expect(try service.get("/recommend?user_id=u3&limit=100").items.contains("i3"))
        _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "i3"}"#)
        let after = try service.get("/recommend?user_id=u3&limit=100")
        #expect(!after.items.contains("i3"))
        #expect(after.sources == ["fold_in"])
    }

    @Test("what a known user did a moment ago counts, whether it was stored or comes with the request")
    func foldsInKnown() throws {
        // Of few even items, so that one more says something.
        let service = try TestService.trained()
        func scores(_ body: String) throws -> [String: Double] {
            let items = try service.post("/recommend", "{\(body), \"limit\": 100, \"exclude_seen\": false}").json[
                "items"]
            return Dictionary(
                uniqueKeysWithValues: items?.elements.map {
                    ($0["item_id"]?.string ?? "", $0["score"]?.double ?? -1)
                } ?? [])
        }
        let before = try scores(#""user_id": "u3""#)
        let history = try scores(#""user_id": "u3", "history": ["i0", "i2", "i4"]"#)
        // The even ones go together, and this user is of the odd ones.
        let even = ["i6", "i8", "i10"]
        #expect(even.allSatisfy { (history[$0] ?? 0) > (before[$0] ?? 1) }, "\(before) \(history)")
        #expect(history.count == 12 && before.count == 12)
        // What the model has seen already is nothing new, nor is what nobody knows.
        #expect(try scores(#""user_id": "u3", "history": ["i1", "unheard of"]"#) == before)
        let reply = try service.post("/recommend", #"{"user_id": "u3", "history": ["i0"], "limit": 100}"#)
        #expect(reply.sources == ["fold_in"] && reply.json["fallback"]?.bool == false)
        #expect(Set(reply.items) == Checkerboard.everyItem.subtracting(Self.seenByU3).subtracting(["i0"]))
        // As if the user had just done it.
        for item in ["i0", "i2", "i4"] {
            _ = try service.post("/interactions", "{\"user_id\": \"u3\", \"item_id\": \"\(item)\"}")
        }
        #expect(try scores(#""user_id": "u3""#) == history)
        let predicted = try service.post("/predict", #"{"user_id": "u3", "item_id": "i8"}"#)
        #expect(predicted.json["predictions"]?[0]?["score"]?.double == history["i8"])
        // Until a model knows it.
        try service.train(#""publish": "always""#)
        #expect(try service.get("/recommend?user_id=u3&limit=100").sources == ["model"])
    }

    @Test("a model that was not fitted to its holdout leaves the holdout out all the same")
    func excludesHoldout() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        #expect(try service.train(#""refit": false, "holdout": "leave_one_out""#).json["published"]?.bool == true)
        for user in 0..<Checkerboard.size {
            let items = try service.get("/recommend?user_id=u\(user)&limit=100").items
            #expect(Set(items) == Checkerboard.everyItem.subtracting(Checkerboard.items(of: user)), "u\(user)")
        }
    }

    @Test("what a model was not fitted to is in no history of it, and no reason for anything", arguments: [0, 8])
    func holdoutIsNoHistory(neighbours: Int) throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let settings = #""architecture": "mf", "epochs": 0, "history_dimension": 4, "history_share": 1, "resamples": 0"#
        let job = try service.post(
            "/train",
            "{\(settings), \"history_neighbours\": \(neighbours), \"refit\": false, \"publish\": \"always\", \"wait\": true}"
        )
        #expect(job.json["published"]?.bool == true, "\(job.text)")
        let model = try #require(service.models.current)
        for user in 0..<Checkerboard.size {
            let index = try #require(model.users.index(of: "u\(user)"))
            let seen = Set(model.seenItems(of: index))
            #expect(Set(seen.map { model.items[Int($0)] }) == Checkerboard.items(of: user))
            let held = seen.subtracting(model.likedItems(of: index))
            try #require(held.count == 1, "u\(user): \(held)")
            let name = model.items[Int(held.first ?? 0)]
            let reply = try service.post(
                "/recommend", "{\"user_id\": \"u\(user)\", \"limit\": 12, \"exclude_seen\": false, \"explain\": true}")
            let reasons = reply.json["items"]?.elements.flatMap {
                $0["explanation"]?["because_of"]?.elements.compactMap { $0["item_id"]?.string } ?? []
            }
            #expect(reasons?.isEmpty == false && reasons?.contains(name) == false)
            // It is news when it comes again.
            #expect(model.foldIn(user: index, newer: [held.first ?? 0]) != model.vector(ofUser: index))
        }
    }

    @Test("after a restart the seen and the recent are still left out")
    func excludesAfterRestart() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("nectar.sqlite")
        do {
            let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
            try service.loadCheckerboard()
            try service.train()
            _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "i3"}"#)
        }
        let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
        let reply = try service.get("/recommend?user_id=u3&limit=100")
        #expect(reply.field("Nectar-Model") == "v1")
        #expect(Set(reply.items) == Checkerboard.everyItem.subtracting(Self.seenByU3).subtracting(["i3"]))
    }

    @Test("as many items as asked for, down to one", arguments: [(1, 1), (7, 7), (1000, 7)])
    func limit(limit: Int, count: Int) throws {
        let service = try TestService.trained()
        #expect(try service.get("/recommend?user_id=u3&limit=\(limit)").items.count == count)
        let reply = try service.post("/recommend", "{\"user_id\": \"u3\", \"limit\": \(limit)}")
        #expect(reply.status == 200 && reply.items.count == count)
    }

    @Test("unless it is said, ten are asked for, or as many as the configuration lets")
    func defaultLimit() throws {
        let service = try TestService.trained { $0.recommendation.maximumLimit = 3 }
        #expect(try service.get("/recommend?user_id=u3").items.count == 3)
        #expect(try service.post("/recommend", #"{"user_id": "u3"}"#).items.count == 3)
        #expect(try TestService.trained().get("/recommend?user_id=stranger").items.count == 10)
    }

    @Test("a user whom nobody knows gets what is popular, and the answer says so")
    func unknownUser() throws {
        let service = try TestService.trained()
        let reply = try service.get("/recommend?user_id=stranger&limit=100")
        #expect(reply.sources == ["popular"])
        #expect(reply.json["fallback"]?.bool == true)
        #expect(Set(reply.items) == Checkerboard.everyItem)
    }

    @Test("a user who came after the training is folded in from what they did")
    func foldIn() throws {
        let service = try TestService.trained()
        _ = try service.post(
            "/interactions",
            #"{"interactions": [{"user_id": "new", "item_id": "i1"}, {"user_id": "new", "item_id": "i5"}]}"#)
        let reply = try service.get("/recommend?user_id=new&limit=100")
        #expect(reply.sources == ["fold_in"])
        #expect(reply.json["fallback"]?.bool == false)
        #expect(Set(reply.items) == Checkerboard.everyItem.subtracting(["i1", "i5"]))
    }

    @Test("a session is a history without a user", arguments: ["GET", "POST"])
    func session(method: String) throws {
        let service = try TestService.trained()
        let reply =
            method == "GET"
            ? try service.get("/recommend?history=i1,i5&limit=100")
            : try service.post("/recommend", #"{"history": ["i1", "i5"], "limit": 100}"#)
        #expect(reply.sources == ["fold_in"])
        #expect(reply.json["user_id"] == nil)
        #expect(Set(reply.items) == Checkerboard.everyItem.subtracting(["i1", "i5"]))
    }

    @Test("before the first model what most people touched is the answer, without what this user did")
    func beforeTheFirstModel() throws {
        let service = try TestService()
        let empty = try service.get("/recommend?user_id=u1")
        #expect(empty.status == 200 && empty.items.isEmpty)
        #expect(empty.json["fallback"]?.bool == true)
        #expect(empty.field("Nectar-Model") == nil)
        let pairs = [("a", "x"), ("b", "x"), ("c", "x"), ("a", "y"), ("b", "y"), ("a", "z")]
        for (user, item) in pairs {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\"}")
        }
        let stranger = try service.get("/recommend?user_id=d")
        #expect(stranger.items == ["x", "y", "z"])
        #expect(stranger.sources == ["popular"])
        #expect(try service.get("/recommend?user_id=c").items == ["y", "z"])
        #expect(try service.get("/recommend?user_id=c&exclude_seen=false").items == ["x", "y", "z"])
        let narrowed = try service.post(
            "/recommend", #"{"user_id": "d", "candidates": ["z", "y", "w"], "exclude": ["y"], "limit": 5}"#)
        #expect(narrowed.items == ["z"])
    }

    @Test("items whose names only look alike are told apart before the first model too, in lists of a query as well")
    func exactNames() throws {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let service = try TestService()
        for item in [one, two, "\u{301}x"] {
            _ = try service.post("/interactions", "{\"user_id\": \"a\", \"item_id\": \"\(item)\"}")
        }
        func items(_ reply: Reply) -> Set<[UInt8]> { Set(reply.items.map { Array($0.utf8) }) }
        let bytes = [one, two, "\u{301}x"].map { Array($0.utf8) }
        #expect(items(try service.get("/recommend?user_id=b")) == Set(bytes))
        #expect(
            items(try service.post("/recommend", "{\"user_id\": \"b\", \"exclude\": [\"\(one)\"]}"))
                == [bytes[1], bytes[2]])
        #expect(
            items(try service.post("/recommend", "{\"user_id\": \"b\", \"candidates\": [\"\(two)\"]}")) == [bytes[1]])
        #expect(items(try service.get("/recommend?user_id=b&exclude=caf%C3%A9,%CC%81x")) == [bytes[1]])
    }

    @Test("candidates are the only ones, and what is excluded is none")
    func candidates() throws {
        let service = try TestService.trained()
        let reply = try service.post(
            "/recommend",
            #"{"user_id": "u3", "candidates": ["i0", "i2", "i1", "i4", "unheard of"], "exclude": ["i4", "other"]}"#)
        #expect(Set(reply.items) == ["i0", "i2"])
        let none = try service.post("/recommend", #"{"user_id": "u3", "candidates": []}"#)
        #expect(none.status == 200 && none.items.isEmpty)
        let query = try service.get("/recommend?user_id=u3&exclude=i0,i2,i4&limit=100")
        #expect(Set(query.items) == Checkerboard.everyItem.subtracting(Self.seenByU3).subtracting(["i0", "i2", "i4"]))
    }

    @Test("many users at once get the same as each alone, in the order asked")
    func batch() throws {
        let service = try TestService.trained()
        let reply = try service.post(
            "/recommend",
            #"{"users": [{"user_id": "u3"}, {"user_id": "stranger"}, {"history": ["i1"]}, {"user_id": "u4"}], "limit": 4}"#
        )
        #expect(reply.status == 200)
        #expect(reply.json["model"]?.string == "v1")
        let results = Array(reply.json["results"]?.elements.map { $0 } ?? [])
        #expect(results.map { $0["user_id"]?.string } == ["u3", "stranger", nil, "u4"])
        #expect(results.map { $0["fallback"]?.bool } == [false, true, false, false])
        for (result, query) in zip(results, ["user_id=u3", "user_id=stranger", "history=i1", "user_id=u4"]) {
            let alone = try service.get("/recommend?\(query)&limit=4")
            #expect(result["items"]?.elements.compactMap { $0["item_id"]?.string } == alone.items)
        }
        let empty = try service.post("/recommend", #"{"users": []}"#)
        #expect(empty.status == 200 && empty.json["results"]?.count == 0)
    }

    @Test("as many users as the limit are answered, and one more is refused", arguments: [(2, 200), (3, 422)])
    func batchLimit(count: Int, status: Int) throws {
        let service = try TestService { $0.recommendation.maximumUsers = 2 }
        let users = Array(repeating: #"{"user_id": "a"}"#, count: count).joined(separator: ",")
        #expect(try service.post("/recommend", "{\"users\": [\(users)]}").status == status)
    }

    @Test("members that say nothing are taken")
    func neutralMembers() throws {
        let reply = try TestService().post(
            "/recommend",
            #"{"user_id": "a", "cursor": null, "filter": null, "boost": [], "diversity": 0.0, "explain": false, "deadline_ms": null}"#
        )
        #expect(reply.status == 200, "\(reply.text)")
    }

    @Test("when it is too late to ask the model, everybody gets what is popular, and is told so")
    func deadline() throws {
        let service = try TestService.trained()
        let users = (0..<70).map { "{\"user_id\": \"u\($0 % 12)\"}" }.joined(separator: ",")
        func results(_ more: String) throws -> [JSONValue] {
            let reply = try service.post("/recommend", "{\"users\": [\(users)], \"limit\": 4\(more)}")
            return reply.json["results"].map { Array($0.elements) } ?? []
        }
        func items(_ results: [JSONValue]) -> [[String?]] {
            results.map { $0["items"]?.elements.map { $0["item_id"]?.string } ?? [] }
        }
        let plain = try results("")
        let inTime = try results(", \"deadline_ms\": 60000")
        #expect(inTime.count == 70 && items(inTime) == items(plain))
        #expect(inTime.allSatisfy { $0["degraded"]?.bool == false })
        let late = try results(", \"deadline_ms\": 0, \"explain\": true")
        #expect(late.count == 70 && late.allSatisfy { $0["degraded"]?.bool == true && $0["fallback"]?.bool == true })
        #expect(late.map { $0["user_id"]?.string } == plain.map { $0["user_id"]?.string })
        #expect(late.allSatisfy { $0["items"]?.elements.allSatisfy { $0["source"]?.string == "popular" } == true })
        let one = try service.post("/recommend", #"{"user_id": "u3", "deadline_ms": 0, "limit": 12}"#)
        #expect(one.json["model"]?.string == "v1" && one.json["degraded"]?.bool == true)
        #expect(Set(one.items) == Checkerboard.everyItem.subtracting(Self.seenByU3))
        let all = try service.post(
            "/recommend", #"{"user_id": "u3", "deadline_ms": 0, "limit": 12, "exclude_seen": false}"#)
        #expect(Set(all.items) == Checkerboard.everyItem)
    }

    @Test("a user of a batch gets what it gets alone, whether known, folded in or unknown")
    func batches() throws {
        let service = try TestService.trained()
        let subjects = [
            #"{"user_id": "u3"}"#, #"{"history": ["i1", "i5"]}"#, #"{"user_id": "stranger"}"#,
            #"{"user_id": "u4", "history": ["i7"]}"#, #"{"user_id": "u3"}"#,
        ]
        let others = #""limit": 4, "exclude": ["i2"], "candidates": ["i1", "i2", "i4", "i6", "i8", "i9", "i11", "i13"]"#
        let reply = try service.post("/recommend", "{\"users\": [\(subjects.joined(separator: ","))], \(others)}")
        let together = try #require(reply.json["results"]).elements.map { Self.lines($0) }
        #expect(together.count == 5)
        for (subject, list) in zip(subjects, together) {
            let alone = try service.post("/recommend", "\(subject.dropLast()), \(others)}")
            #expect(Self.lines(alone.json) == list && !list.isEmpty)
        }
    }

    private static func lines(_ answer: JSONValue) -> [String] {
        let items = answer["items"]?.elements.map { item in
            "\(item["item_id"]?.string ?? "?") \(item["score"]?.double ?? .nan) \(item["source"]?.string ?? "?")"
        }
        return Array(items ?? [])
    }

    @Test("beyond the multiplications that are configured an answer is degraded, unless its candidates are few")
    func degraded() throws {
        let service = try TestService { $0.recommendation.towerMultiplications = 1 }
        try service.loadCheckerboard()
        let job = try service.post("/train", #"{"architecture": "neumf", "epochs": 1, "wait": true}"#)
        #expect(job.json["state"]?.string == "succeeded")
        for (body, count, isDegraded) in [
            (#"{"user_id": "u3", "limit": 2}"#, 2, true), (#"{"history": ["i1"], "limit": 2}"#, 2, true),
            (#"{"user_id": "stranger", "limit": 2}"#, 2, false),
            (#"{"user_id": "u3", "exclude_seen": false, "candidates": ["i4"]}"#, 1, false),
        ] {
            let answer = try service.post("/recommend", body).json
            #expect(answer["degraded"]?.bool == isDegraded, "\(body)")
            #expect(answer["items"]?.elements.count { _ in true } == count)
        }
    }
}
