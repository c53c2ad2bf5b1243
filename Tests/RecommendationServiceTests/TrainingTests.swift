import Dispatch
import InteractionStorage
import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/train: jobs that make models", .timeLimit(.minutes(1)))
struct TrainingTests {
    /// A service whose jobs stop at the gate when they begin to read.
    private func heldService(
        _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> (service: TestService, store: InterceptedStore, gate: Gate) {
        let store = InterceptedStore()
        let service = try TestService(store: store, configure)
        try service.loadCheckerboard()
        let gate = Gate()
        store.holdScans(at: gate)
        return (service, store, gate)
    }

    private func submit(_ service: TestService, _ settings: String = "") throws -> Reply {
        try service.post("/train", "{\(settings)\(TestService.smallModel)}")
    }

    /// The job as it ended, which its stream of events waits for.
    private func ended(_ service: TestService, _ job: String) throws -> Reply {
        let client = try service.client()
        client.send("GET /train/\(job)/events HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        _ = client.readChunks()
        return try service.get("/train/\(job)")
    }

    @Test("mf may be what its closed form finds, without an epoch")
    func closedForm() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let job = try service.post(
            "/train", #"{"architecture": "mf", "embedding_dimension": 4, "epochs": 0, "wait": true}"#)
        #expect(job.json["state"]?.string == "succeeded" && job.json["model"]?.string == "v1", "\(job.text)")
        #expect(try service.get("/recommend?user_id=u3").sources == ["model"])
    }

    @Test("a job is accepted at once, can be followed, and ends with a model that serves")
    func submits() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let accepted = try submit(service)
        #expect(accepted.status == 202)
        #expect(accepted.field("Location") == "/train/1")
        #expect(accepted.json["job"]?.string == "1")
        let reply = try ended(service, "1")
        let job = reply.json
        #expect(reply.status == 200)
        #expect(job["state"]?.string == "succeeded")
        #expect(job["published"]?.bool == true)
        #expect(job["model"]?.string == "v1")
        #expect(job["created_at"]?.string != nil && job["started_at"]?.string != nil && job["ended_at"]?.string != nil)
        #expect(job["progress"]?["losses"]?.count ?? 0 >= 2)
        #expect(job["progress"]?["losses"]?[0]?["loss"]?.double != nil)
        // The second training, on everything, has losses of its own, and nothing to be measured on.
        #expect(job["progress"]?["refit_losses"]?[0]?["loss"]?.double != nil)
        #expect(job["progress"]?["refit_losses"]?[0]?["ndcg_at_10"] == nil)
        #expect(job["data"]?["interactions"]?.int == Checkerboard.interactions.count)
        #expect(job["data"]?["users"]?.int == 12 && job["data"]?["items"]?.int == 12)
        #expect(job["cleaning"]?["rows"]?.int == Checkerboard.interactions.count)
        #expect(job["kind"]?.string == "training")
        #expect(job["evaluation"]?["model"]?["full_catalogue"]?["ndcg_at_10"]?.double != nil)
        #expect(job["evaluation"]?["popularity"]?["sampled"]?["ndcg_at_10"]?.double != nil)
        // A matrix factorisation needs no other beside it.
        #expect(job["evaluation"]?["mf"] == nil)
        #expect(job["configuration"]?["architecture"]?.string == "mf")
        #expect(try service.get("/recommend?user_id=u3").field("Nectar-Model") == "v1")
    }

    @Test("every architecture trains", arguments: ["mf", "gmf", "mlp", "neumf"])
    func architectures(architecture: String) throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let reply = try service.post(
            "/train",
            """
            {"architecture": "\(architecture)", "embedding_dimension": 4, "hidden_layers": [8, 4], "epochs": 1, "wait": true}
            """)
        #expect(reply.json["state"]?.string == "succeeded", "\(reply.text)")
        #expect(try service.get("/recommend?user_id=u3&limit=100").items.count == 7)
    }

    @Test("cosines make it an mf where nobody names an architecture, and an mf may be told to drop nothing out")
    func formByObjective() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        for body in [
            #"{"objective": "cosine_contrastive", "wait": true}"#,
            #"{"objective": "cosine_contrastive", "epochs": 1, "wait": true}"#,
            #"{"architecture": "mf", "dropout": 0, "epochs": 0, "wait": true}"#,
        ] {
            let job = try service.post("/train", body)
            #expect(job.json["state"]?.string == "succeeded", "\(job.text)")
            #expect(job.json["configuration"]?["architecture"]?.string == "mf")
            let trials = job.json["search"]?["trials"]?.elements.compactMap { $0["outcome"]?.string } ?? []
            #expect(!trials.contains("failed"), "\(trials)")
        }
    }

    @Test("how it is to learn is taken, told by the job and kept with the model, which serves")
    func methods() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        for (version, body, told) in [
            (
                1,
                #""architecture": "neumf", "hidden_layers": [8, 4], "objective": "softmax", "negative_sampling": "in_batch", "dropout": 0.25"#,
                ["negative_sampling": "in_batch", "dropout": "0.25", "optimizer": "adam", "warm_up": "0.0"]
            ),
            (
                2,
                #""architecture": "mf", "negative_sampling": "popularity", "optimizer": "adagrad", "warm_up": 0.5, "history_half_life": 12.5, "history_backward": 0.25, "history_evidence": 0.5, "history_features": 3"#,
                [
                    "negative_sampling": "popularity", "popularity_exponent": "0.75", "optimizer": "adagrad",
                    "warm_up": "0.5", "history_half_life": "12.5", "history_backward": "0.25",
                    "history_evidence": "0.5", "history_features": "3.0",
                ]
            ),
            (
                3,
                #""architecture": "mf", "objective": "cosine_contrastive", "contrastive_margin": 0.25, "optimizer": "sgd", "momentum": 0.5"#,
                ["contrastive_margin": "0.25", "contrastive_weight": "10.0", "momentum": "0.5", "optimizer": "sgd"]
            ),
        ] {
            let reply = try service.post(
                "/train", #"{\#(body), "embedding_dimension": 4, "epochs": 1, "publish": "always", "wait": true}"#)
            #expect(reply.json["state"]?.string == "succeeded", "\(reply.text)")
            let models = try service.get("/models/v\(version)").json
            for configuration in [reply.json["configuration"], models["configuration"]] {
                for (name, value) in told {
                    let member = configuration?[name]
                    #expect((member?.string ?? member?.double.map { "\($0)" }) == value, "\(name) of v\(version)")
                }
            }
            #expect(try service.get("/recommend?user_id=u3&limit=100").items.count == 7)
        }
    }

    @Test("an answer that waits comes when the job has ended, and other connections do not wait for it")
    func waits() throws {
        let (service, _, gate) = try heldService()
        let client = try service.client()
        let body = "{\(TestService.smallModel), \"wait\": true}"
        client.send("POST /train HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(gate.awaitArrival())
        let meanwhile = try service.get("/train/1")
        #expect(meanwhile.json["state"]?.string == "running")
        #expect(meanwhile.json["stage"]?.string == "loading")
        gate.open()
        let answer = client.readResponse()
        let reply = Reply(head: answer.head, content: answer.content)
        #expect(reply.status == 200)
        #expect(reply.json["state"]?.string == "succeeded")
    }

    @Test("the events of a job are its states, the last of them its end")
    func events() throws {
        let (service, _, gate) = try heldService()
        _ = try submit(service)
        #expect(gate.awaitArrival())
        let client = try service.client()
        client.send("GET /train/1/events HTTP/1.1\r\nHost: test\r\n\r\n")
        let head = client.read(through: "\r\n\r\n")
        #expect(
            head.contains("Content-Type: text/event-stream\r\n")
                && head.contains("Cache-Control: no-cache, no-store\r\n"))
        #expect(
            client.read(through: "\n\n\r\n").contains("event: progress\ndata: {\"job\":\"1\",\"state\":\"running\""))
        gate.open()
        let events = client.readChunks().split(separator: "\n\n").filter { $0.contains("event:") }
        #expect(events.dropLast().allSatisfy { $0.hasPrefix("event: progress\ndata: {") })
        #expect(events.last?.hasPrefix("event: end\ndata: {\"job\":\"1\",\"state\":\"succeeded\"") == true)
        #expect(try service.get("/train/2/events").status == 404)
    }

    @Test("interactions sent along are stored and trained on")
    func interactionsAlong() throws {
        let service = try TestService()
        let list = Checkerboard.interactions.map { $0.ndjson.dropLast() }.joined(separator: ",")
        let reply = try service.train("\"interactions\": [\(list)]")
        #expect(reply.json["state"]?.string == "succeeded", "\(reply.text)")
        #expect(try service.store.counts.interactions == Checkerboard.interactions.count)
        #expect(reply.json["data"]?["interactions"]?.int == Checkerboard.interactions.count)
    }

    @Test("with nothing to train on the job fails and says what is missing", arguments: ["{\"wait\": true}"])
    func nothing(body: String) throws {
        let service = try TestService()
        let reply = try service.post("/train", body)
        #expect(reply.status == 200)
        #expect(reply.json["state"]?.string == "failed")
        #expect(reply.json["message"]?.string?.contains("/interactions") == true)
        #expect(service.models.current == nil)
    }

    @Test("an empty body means the defaults", arguments: ["", "{}"])
    func emptyBody(body: String) throws {
        let reply = try TestService().post("/train", body)
        #expect(reply.status == 202)
    }

    @Test("a second job waits for the first, in order")
    func queues() throws {
        let (service, store, gate) = try heldService()
        _ = try submit(service)
        #expect(gate.awaitArrival())
        let second = try submit(service)
        #expect(second.status == 202)
        #expect(second.json["state"]?.string == "queued")
        #expect(try service.get("/train").json["jobs"]?.elements.map { $0["job"]?.string } == ["2", "1"])
        #expect(try service.get("/train").json["jobs"]?.elements.map { $0["state"]?.string } == ["queued", "running"])
        store.holdScans(at: nil)
        gate.open()
        #expect(try ended(service, "2").json["model"]?.string == "v2")
        #expect(try service.get("/train/1").json["model"]?.string == "v1")
    }

    @Test("as many jobs wait as the queue takes; one more is refused, and what it brought is not stored")
    func queueLimit() throws {
        let (service, store, gate) = try heldService { $0.training.queue = 1 }
        let before = try service.store.counts.interactions
        // Sent together: the first has not begun when the second comes, and yet does not take its place in the queue.
        #expect(try submit(service).status == 202)
        #expect(try submit(service).status == 202)
        #expect(gate.awaitArrival())
        for settings in ["", "\"interactions\": [{\"user_id\": \"late\", \"item_id\": \"late\"}],"] {
            let refused = try submit(service, settings)
            refused.expectProblem(429)
            #expect(refused.field("Retry-After") != nil)
        }
        #expect(try service.store.counts.interactions == before)
        #expect(try service.get("/train").json["jobs"]?.count == 2)
        store.holdScans(at: nil)
        gate.open()
        #expect(try ended(service, "2").json["state"]?.string == "succeeded")
        #expect(try submit(service).status == 202)
    }

    @Test("a job whose interactions cannot be stored does not run, and leaves its place to the next")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store) { $0.training.queue = 0 }
        store.fail(with: .full)
        for _ in 0..<3 {
            try service.post("/train", #"{"interactions": [{"user_id": "a", "item_id": "b"}]}"#).expectProblem(503)
        }
        #expect(try service.get("/train").json["jobs"]?.count == 0)
        store.fail(with: nil)
        #expect(try service.post("/train", "{}").status == 202)
    }

    @Test("a job that waits is cancelled at once, one that runs soon, and neither leaves a model")
    func cancels() throws {
        let (service, store, gate) = try heldService()
        _ = try submit(service)
        #expect(gate.awaitArrival())
        _ = try submit(service)
        let waiting = try service.ask("DELETE", "/train/2")
        #expect(waiting.json["state"]?.string == "cancelled")
        let running = try service.ask("DELETE", "/train/1")
        #expect(running.status == 202)
        #expect(running.json["state"]?.string == "running")
        store.holdScans(at: nil)
        gate.open()
        #expect(try ended(service, "1").json["state"]?.string == "cancelled")
        #expect(service.models.current == nil && service.models.versions().isEmpty)
        // The third one goes through the same queue, so the metrics of the two are there when it has ended.
        #expect(try service.train().json["state"]?.string == "succeeded")
        #expect(try service.get("/metrics").text.contains("nectar_training_jobs_total{state=\"cancelled\"} 2\n"))
    }

    @Test("a training that would take more memory than it may fails at once and says what it would take")
    func needsMemory() throws {
        let service = try TestService { $0.training.memoryMegabytes = 50 }
        let data = #""interactions": [{"user_id": "a", "item_id": "b"}, {"user_id": "c", "item_id": "d"}]"#
        _ = try service.post("/train", #"{"hidden_layers": [4096, 4096], \#(data)}"#)
        let job = try ended(service, "1").json
        #expect(job["state"]?.string == "failed")
        let message = job["message"]?.string ?? ""
        #expect(message.contains("of memory and may take 50 MB (training.memory_megabytes)"), "\(message)")
        _ = try service.post("/train", #"{"hidden_layers": [8]}"#)
        #expect(try ended(service, "2").json["state"]?.string == "succeeded")
    }

    @Test("cancelling a job that has ended changes nothing")
    func cancelsTooLate() throws {
        let service = try TestService.trained()
        let reply = try service.ask("DELETE", "/train/1")
        #expect(reply.status == 200)
        #expect(reply.json["state"]?.string == "succeeded")
        #expect(try service.get("/recommend?user_id=u3").field("Nectar-Model") == "v1")
    }

    @Test("the end of the service cancels what waits and what runs, and nothing more is taken")
    func shutDown() throws {
        let (service, store, gate) = try heldService()
        let client = try service.client()
        let body = "{\(TestService.smallModel), \"wait\": true}"
        client.send("POST /train HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(gate.awaitArrival())
        #expect(try submit(service).json["state"]?.string == "queued")
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            try? service.service.shutDown()
            done.signal()
        }
        // The one that waits ends at once, by which time the one that runs has been told.
        #expect(try ended(service, "2").json["state"]?.string == "cancelled")
        store.holdScans(at: nil)
        gate.open()
        let answer = client.readResponse()
        #expect(Reply(head: answer.head, content: answer.content).json["state"]?.string == "cancelled")
        done.wait()
        try service.post("/train", "{}").expectProblem(503)
    }

    @Test(
        "a job nobody knows is not found",
        arguments: [("GET", "/train/1"), ("GET", "/train/x/events"), ("DELETE", "/train/01"), ("GET", "/train/%20")])
    func unknownJob(method: String, path: String) throws {
        try Refusal(method, path, nil, 404, says: "no training job").check(with: TestService())
    }
}
