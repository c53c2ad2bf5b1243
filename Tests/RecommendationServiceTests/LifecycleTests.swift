import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("Probes, metrics and version, from the start to the end", .timeLimit(.minutes(1)))
struct LifecycleTests {
    @Test("while starting it lives and is not ready; then it is; while draining it is no more")
    func phases() throws {
        let service = try TestService(isStarted: false)
        func probe() throws -> [Int] {
            try ["/livez", "/readyz", "/healthz", "/health"].map { try service.get($0).status }
        }
        #expect(try probe() == [200, 503, 503, 503])
        let starting = try service.get("/readyz")
        starting.expectProblem(503)
        #expect(starting.field("Retry-After") != nil)
        #expect(starting.json["detail"]?.string?.contains("starting") == true)
        try service.service.start()
        #expect(try probe() == [200, 200, 200, 200])
        service.service.beginDraining()
        #expect(try probe() == [200, 503, 503, 503])
        #expect(try service.get("/readyz").json["detail"]?.string?.contains("shutting down") == true)
        // What is in flight is still answered.
        #expect(try service.get("/recommend?user_id=u1").status == 200)
    }

    @Test("ready without a model, as popular items are an answer, and with one names it")
    func ready() throws {
        let service = try TestService()
        #expect(try service.get("/readyz").json["status"]?.string == "ready")
        #expect(try service.get("/readyz").json["model"] == nil)
        try service.loadCheckerboard()
        try service.train()
        #expect(try service.get("/readyz").json["model"]?.string == "v1")
    }

    @Test("a store that does not answer makes it unready and unhealthy, and says why")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store)
        store.fail(with: .unavailable("the disk is gone"))
        let ready = try service.get("/readyz")
        ready.expectProblem(503)
        #expect(ready.json["detail"]?.string?.contains("the disk is gone") == true)
        let health = try service.get("/healthz")
        #expect(health.status == 503)
        #expect(health.json["status"]?.string == "unhealthy")
        #expect(health.json["store"]?["status"]?.string == "failed")
        #expect(try service.get("/livez").status == 200)
        store.fail(with: nil)
        #expect(try service.get("/readyz").status == 200)
    }

    @Test("the health of every part, under both names", arguments: ["/healthz", "/health"])
    func health(path: String) throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/items/i1", "{}")
        let reply = try service.get(path)
        #expect(reply.status == 200 && reply.field("Content-Type") == "application/json")
        #expect(reply.json["status"]?.string == "healthy")
        #expect(reply.json["store"]?["status"]?.string == "ok")
        #expect(reply.json["store"]?["interactions"]?.int == Checkerboard.interactions.count)
        #expect(reply.json["store"]?["users"]?.int == 12)
        #expect(reply.json["model"]?["version"]?.string == "v1")
    }

    @Test("the version tells what was built")
    func version() throws {
        let reply = try TestService().get("/version")
        #expect(reply.status == 200)
        #expect(reply.json["name"]?.string == "nectar")
        #expect(reply.json["version"]?.string == Build.version)
    }

    // MARK: Metrics

    /// The samples of a Prometheus text by name and labels; nil where a line is none.
    private func samples(_ reply: Reply) -> [String: Double]? {
        var samples: [String: Double] = [:]
        for line in reply.text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                return nil
            }
            samples[String(line[..<space])] = value
        }
        return samples
    }

    @Test("the metrics are Prometheus text, and their counts move")
    func metrics() throws {
        let service = try TestService()
        let first = try service.get("/metrics")
        #expect(first.status == 200)
        #expect(first.field("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
        let before = try #require(samples(first))
        #expect(before["nectar_model_version"] == 0)
        try service.loadCheckerboard()
        try service.train()
        let client = try service.client()
        for _ in 0..<3 { #expect(client.ask("GET", "/recommend?user_id=u1").status == 200) }
        #expect(client.ask("GET", "/recommend?user_id=").status == 400)
        #expect(client.ask("GET", "/no/such/path").status == 404)
        // On the same connection: what it asked before has been counted.
        let after = try #require(samples(client.ask("GET", "/metrics")))
        let requests = "nectar_http_requests_total"
        #expect(after["\(requests){method=\"GET\",route=\"/recommend\",status=\"200\"}"] == 3)
        #expect(after["\(requests){method=\"GET\",route=\"/recommend\",status=\"400\"}"] == 1)
        #expect(after["\(requests){method=\"GET\",route=\"\",status=\"404\"}"] == 1)
        #expect(after["nectar_http_request_duration_seconds_count{method=\"GET\",route=\"/recommend\"}"] == 4)
        #expect(after["nectar_interactions_stored_total"] == Double(Checkerboard.interactions.count))
        #expect(after["nectar_training_jobs_total{state=\"succeeded\"}"] == 1)
        #expect(after["nectar_model_version"] == 1)
        #expect(after["nectar_model_users"] == 12 && after["nectar_model_items"] == 12)
        #expect(after["nectar_http_connections"].map { $0 >= 1 } == true)
        #expect(after["nectar_http_connections_accepted_total"].map { $0 >= 4 } == true)
    }

    @Test("paths, users and versions do not become labels: the number of series is bounded by the routes")
    func cardinality() throws {
        let service = try TestService()
        let client = try service.client()
        _ = client.ask("GET", "/items/0")
        _ = client.ask("GET", "/nothing/0")
        let before = try #require(samples(client.ask("GET", "/metrics")))
        _ = client.ask("GET", "/metrics")
        for number in 1..<20 {
            _ = client.ask("GET", "/items/\(number)")
            _ = client.ask("GET", "/nothing/\(number)")
        }
        let after = try #require(samples(client.ask("GET", "/metrics")))
        let new = Set(after.keys).subtracting(before.keys)
        #expect(new.allSatisfy { $0.contains("route=\"/metrics\"") }, "\(new)")
    }
}
