import Foundation
import InteractionStorage
import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/models/{version}/weights: models out and in", .timeLimit(.minutes(1)))
struct WeightsTests {
    /// What `scripts/fixtures weights` had PyTorch make.
    private struct PyTorchModel {
        let weights: [UInt8]
        let expected: JSONValue

        init() throws {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("NCFTests/Fixtures/pytorch-neumf")
            weights = Array(try Data(contentsOf: folder.appendingPathComponent("model.safetensors")))
            expected = try JSONParser().parse(
                Array(Data(contentsOf: folder.appendingPathComponent("expected.json")))
            ).root
        }

        func names(_ member: String) -> [String] { expected[member]?.elements.compactMap(\.string) ?? [] }
    }

    private func put(_ service: TestService, _ name: String, _ weights: [UInt8], fields: String = "") throws -> Reply {
        try service.client().ask("PUT", "/models/\(name)/weights", weights, fields: fields)
    }

    private func publish(_ service: TestService, _ name: String) throws -> Reply {
        try service.post("/models/\(name)/publish", "")
    }

    /// The names of all files of the service, those of its models too.
    private func files(_ service: TestService) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: service.directory.path).sorted()
    }

    // MARK: From PyTorch

    @Test("what PyTorch trained is served: every score by HTTP is PyTorch's, to 1e-5")
    func pyTorch() throws {
        let model = try PyTorchModel()
        let service = try TestService()
        let created = try put(service, "v7", model.weights, fields: "Content-Type: application/octet-stream\r\n")
        #expect(created.status == 201, "\(created.text)")
        #expect(created.field("Location") == "/models/v7")
        #expect(created.json["version"]?.string == "v7" && created.json["origin"]?.string == "imported")
        #expect(created.json["users"]?.int == 12 && created.json["items"]?.int == 15)
        #expect(created.json["configuration"]?["architecture"]?.string == "neumf")
        #expect(created.json["configuration"]?["hidden_layers"]?.elements.compactMap(\.int) == [8, 5])
        // How it was trained is not known here, and nothing is made up.
        #expect(created.json["configuration"]?["epochs"] == nil)
        #expect(service.models.current == nil)
        #expect(try publish(service, "v7").json["current"]?.bool == true)
        let items = model.names("items")
        var compared = 0
        let logits = try #require(model.expected["logits"])
        for (user, row) in zip(model.names("users"), logits.elements) {
            let list = items.map { "\"\($0)\"" }.joined(separator: ",")
            let reply = try service.post("/predict", "{\"user_id\": \"\(user)\", \"item_ids\": [\(list)]}")
            #expect(reply.field("Nectar-Model") == "v7")
            let predictions = try #require(reply.json["predictions"])
            for (prediction, logit) in zip(predictions.elements, row.elements) {
                let score = try #require(prediction["score"]?.double)
                let expected = 1 / (1 + exp(-(logit.double ?? .nan)))
                #expect(abs(score - expected) < 1e-5 && prediction["basis"]?.string == "model")
                compared += 1
            }
            // Best first, as PyTorch would have it.
            let recommended = try service.get("/recommend?user_id=\(user)&limit=3").items
            let best = zip(items, row.elements).sorted { ($0.1.double ?? 0) > ($1.1.double ?? 0) }.prefix(3).map(\.0)
            #expect(recommended == best)
        }
        #expect(compared == 12 * 15)
    }

    @Test(
        "the store says what the users of a model from elsewhere have seen, and folds in whom the model does not know")
    func store() throws {
        let model = try PyTorchModel()
        let (user, items) = (model.names("users")[0], model.names("items"))
        let directory = try TemporaryDirectory()
        let path = directory.file("nectar.sqlite")
        func check(_ service: TestService) throws {
            let known = try service.get("/recommend?user_id=\(user)&limit=100")
            #expect(known.sources == ["model"] && Set(known.items) == Set(items).subtracting([items[0], items[3]]))
            let stranger = try service.get("/recommend?user_id=stranger&limit=100")
            #expect(stranger.sources == ["fold_in"])
            #expect(Set(stranger.items) == Set(items).subtracting([items[1], items[4]]))
            for (item, basis) in [(items[0], "fold_in"), ("unknown to the model", "user_only")] {
                let answer = try service.post("/predict", "{\"user_id\": \"stranger\", \"item_id\": \"\(item)\"}")
                #expect(answer.json["predictions"]?[0]?["basis"]?.string == basis)
            }
        }
        do {
            let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
            let seen = [(user, items[0]), (user, items[3]), ("stranger", items[1]), ("stranger", items[4])]
            for (user, item) in seen + [(user, "something else")] {
                let body = "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\"}"
                #expect(try service.post("/interactions", body).status == 200)
            }
            #expect(try put(service, "next", model.weights).field("Location") == "/models/v1")
            #expect(try publish(service, "v1").json["interactions"]?.int == 2)
            try check(service)
        }
        // The same after a restart, from what is on disk.
        try check(try TestService(store: SQLiteInteractionStore(path: path), directory: directory))
    }

    @Test("a user of whom the file does not say what was seen keeps its vector when something comes")
    func unseen() throws {
        let model = try PyTorchModel()
        let items = model.names("items")
        let service = try TestService()
        #expect(try put(service, "v1", model.weights).status == 201)
        _ = try publish(service, "v1")
        var lists: [[String]] = []
        for user in model.names("users").prefix(3) + ["stranger", "another"] {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"\(items[2])\"}")
            let reply = try service.get("/recommend?user_id=\(user)&limit=100")
            #expect(reply.sources == ["fold_in"] && !reply.items.contains(items[2]))
            lists.append(reply.items)
        }
        // Strangers with one past are one and the same; users whom the model knows are not.
        #expect(lists[3] == lists[4] && Set(lists.dropLast()).count == 4)
    }

    @Test("a dislike or an interaction that counts for nothing takes no user of other weights its vector")
    func storedDislike() throws {
        let model = try PyTorchModel()
        let (items, users) = (model.names("items"), model.names("users"))
        let service = try TestService { $0.kinds["shown"] = FeedbackKind(weight: 0) }
        _ = try service.post(
            "/interactions", #"{"user_id": "\#(users[0])", "item_id": "\#(items[2])", "kind": "dislike"}"#)
        _ = try service.post(
            "/interactions", #"{"user_id": "\#(users[1])", "item_id": "\#(items[2])", "kind": "shown"}"#)
        #expect(try put(service, "v1", model.weights).status == 201)
        _ = try publish(service, "v1")
        let logits = try #require(model.expected["logits"])
        let list = items.map { "\"\($0)\"" }.joined(separator: ",")
        for (user, row) in zip(users.prefix(2), logits.elements) {
            let reply = try service.post("/predict", "{\"user_id\": \"\(user)\", \"item_ids\": [\(list)]}")
            let predictions = try #require(reply.json["predictions"])
            #expect(predictions.count == items.count)
            for (prediction, logit) in zip(predictions.elements, row.elements) {
                #expect(prediction["basis"]?.string == "model", "\(reply.text)")
                let expected = 1 / (1 + exp(-(logit.double ?? .nan)))
                #expect(abs((prediction["score"]?.double ?? .nan) - expected) < 1e-5)
            }
        }
    }

    @Test("who is erased while weights are taken in is not in them afterwards; who was erased before and came back is")
    func erasedMeanwhile() throws {
        let original = try TestService.trained()
        let weights = try original.client().ask("GET", "/models/v1/weights").content
        let base = InMemoryInteractionStore()
        let store = InterceptedStore(over: base)
        let service = try TestService(store: store)
        try service.loadCheckerboard()
        #expect(try service.ask("DELETE", "/users/u4").json["erased"]?.bool == true)
        _ = try service.post("/interactions", #"{"user_id": "u4", "item_id": "i1"}"#)
        store.afterScan { _ = try? base.eraseUser("u3", at: 0) }
        #expect(try put(service, "v1", weights).status == 201)
        store.afterScan {}
        _ = try publish(service, "v1")
        let current = try #require(service.models.current)
        #expect(current.users.index(of: "u3") == nil && current.users.index(of: "u4") != nil)
        #expect(try service.get("/recommend?user_id=u3").sources == ["popular"])
    }

    // MARK: There and back

    @Test(
        "what is given out can be given to another Nectar, which answers the same", arguments: ["v1", "1", "current"])
    func roundTrip(name: String) throws {
        let original = try TestService.trained()
        let client = try original.client()
        let weights = client.ask("GET", "/models/\(name)/weights")
        #expect(weights.status == 200)
        #expect(weights.field("Content-Type") == "application/octet-stream")
        #expect(weights.field("Content-Length") == "\(weights.content.count)")
        #expect(weights.field("Content-Disposition") == "attachment; filename=\"nectar-v1.safetensors\"")
        #expect(weights.field("Nectar-Model") == "v1")
        let head = try original.ask("HEAD", "/models/\(name)/weights")
        #expect(head.status == 200 && head.field("Content-Length") == "\(weights.content.count)")
        let other = try TestService()
        #expect(try put(other, "v30", weights.content).status == 201)
        #expect(try publish(other, "v30").status == 200)
        for user in ["u3", "u0", "nobody"] {
            let answers = try [original, other].map { service in
                let items = try service.get("/recommend?user_id=\(user)&limit=50").json["items"]
                return items?.elements.map { "\($0["item_id"]?.string ?? "") \($0["score"]?.double ?? -1)" } ?? []
            }
            #expect(answers[0] == answers[1] && answers[0].count > 5)
        }
    }

    @Test("a model from elsewhere goes on serving until a training is told to replace it")
    func gate() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        #expect(try put(service, "next", PyTorchModel().weights).status == 201)
        _ = try publish(service, "v1")
        let job = try service.train().json
        #expect(job["published"]?.bool == false && job["message"]?.string?.contains("trained elsewhere") == true)
        #expect(try service.get("/models/current").json["version"]?.string == "v1")
        #expect(try service.train(#""publish": "always""#).json["published"]?.bool == true)
    }

    // MARK: Refusals

    @Test("weights that cannot be served are refused with the reason, and nothing of them is kept")
    func refusals() throws {
        let weights = try PyTorchModel().weights
        let service = try TestService.trained()
        let before = try files(service)
        var nan = weights
        nan.replaceSubrange(nan.count - 4..<nan.count, with: [0, 0, 0xC0, 0x7F])
        let cases: [(body: [UInt8], words: String)] = [
            ([], "the file is empty"), (Array("abc".utf8), "ends within the header length, after 3 bytes"),
            (Array(#"{"user_gmf": [[1, 2], [3, 4]]}"#.utf8), "do not begin like a safetensors file"),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], "whose header would have 4294967295 bytes"),
            (Array(weights.dropLast()), "tensor \"user_mlp\" ends at byte 1308 of the data"),
            (weights + [0], "1 bytes at the end belong to no tensor"),
            (nan, "tensor \"user_mlp\" holds nan at place 35"),
        ]
        for (body, words) in cases {
            try Refusal("PUT", "/models/next/weights", bytes: body, 422, says: words).check(with: service)
        }
        #expect(try files(service) == before)
        // Nor was a number used up.
        #expect(try put(service, "next", weights).field("Location") == "/models/v2")
    }

    @Test("a version that was given out is not given again, whatever became of it; neither is one out of reach")
    func versions() throws {
        let weights = try PyTorchModel().weights
        let service = try TestService()
        #expect(try put(service, "5", weights).status == 201)
        for name in ["v5", "5", "v4", "v1", "v0", "v1000000001", "9223372036854775807"] {
            try Refusal("PUT", "/models/\(name)/weights", bytes: weights, 409, says: "PUT /models/next/weights")
                .check(with: service)
        }
        for name in ["current", "latest", "-1", "v"] {
            try Refusal("PUT", "/models/\(name)/weights", bytes: weights, 404, says: "look like v17").check(
                with: service)
        }
        #expect(try put(service, "next", weights).field("Location") == "/models/v6")
        #expect(try put(service, "v1000000000", weights).status == 201)
        #expect(try put(service, "next", weights).field("Location") == "/models/v1000000001")
    }

    @Test("other media types and a query are refused by the head")
    func heads() throws {
        let weights = try PyTorchModel().weights
        let service = try TestService()
        for type in ["application/json", "application/zip", "text/plain"] {
            try Refusal("PUT", "/models/next/weights", bytes: weights, 415, type: type, says: type).check(with: service)
        }
        try Refusal(
            "PUT", "/models/next/weights?publish=true", bytes: weights, 400, [("?publish", "unknown parameter")]
        ).check(with: service)
        #expect(
            try put(service, "next", weights, fields: "Content-Type: application/x-www-form-urlencoded\r\n").status
                == 201)
    }

    @Test("weights at the limit are taken, and one byte more is refused")
    func limit() throws {
        let weights = try PyTorchModel().weights
        let tight = try TestService { $0.weightsBytes = weights.count - 1 }
        try Refusal("PUT", "/models/next/weights", bytes: weights, 413, says: "models.weights_bytes").check(with: tight)
        // Without a length to go by, at the byte that is too many.
        let client = try tight.client()
        client.send("PUT /models/next/weights HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(Array("\(String(weights.count, radix: 16))\r\n".utf8) + weights + Array("\r\n0\r\n\r\n".utf8))
        let (head, content) = client.readResponse()
        Reply(head: head, content: content).expectProblem(413)
        #expect(try put(try TestService { $0.weightsBytes = weights.count }, "next", weights).status == 201)
    }

    @Test("a client that goes away in the middle leaves nothing behind")
    func abandoned() throws {
        let weights = try PyTorchModel().weights
        let service = try TestService()
        let before = try files(service)
        let client = try service.client()
        client.send("PUT /models/next/weights HTTP/1.1\r\nHost: test\r\nContent-Length: \(weights.count)\r\n\r\n")
        client.send(Array(weights.prefix(1000)))
        client.reset()
        #expect(try put(service, "next", weights).field("Location") == "/models/v1")
        let made = ["models/counter.json", "models/lock", "models/v000001.json", "models/v000001.safetensors"]
        #expect(try Set(files(service)) == Set(before + made))
    }

    @Test("versions that are not there, or are damaged, are not given out")
    func missing() throws {
        let service = try TestService.trained()
        try service.train(#""publish": "never""#)
        let file = service.directory.file("models/v000002.safetensors")
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        try handle.seek(toOffset: handle.seekToEnd() - 4)
        try handle.write(contentsOf: Data([1, 2, 3, 4]))
        try handle.close()
        try service.get("/models/v2/weights").expectProblem(409)
        try service.get("/models/v9/weights").expectProblem(404)
        try service.get("/models/x/weights").expectProblem(404)
        try TestService().get("/models/current/weights").expectProblem(404)
    }
}
