import Foundation
import InteractionStorage
import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("/models and the gate: what was trained, and which of it serves", .timeLimit(.minutes(1)))
struct ModelTests {
    private func names(_ service: TestService) throws -> [String] {
        try service.get("/models").json["models"]?.elements.compactMap { $0["version"]?.string } ?? []
    }

    private func current(_ service: TestService) throws -> String? {
        try service.get("/models/current").json["version"]?.string
    }

    @Test("before the first model the list is empty and there is no current one")
    func none() throws {
        let service = try TestService()
        let list = try service.get("/models")
        #expect(list.status == 200 && list.json["models"]?.count == 0)
        try service.get("/models/current").expectProblem(404)
    }

    @Test("a model tells its lineage, under its number with and without the v", arguments: ["v1", "1", "current"])
    func lineage(name: String) throws {
        let service = try TestService.trained()
        let reply = try service.get("/models/\(name)")
        #expect(reply.status == 200)
        let model = reply.json
        #expect(model["version"]?.string == "v1" && model["current"]?.bool == true)
        #expect(model["created_at"]?.string == "2026-01-01T00:00:00Z")
        #expect(model["users"]?.int == 12 && model["items"]?.int == 12)
        #expect(model["interactions"]?.int == Checkerboard.interactions.count)
        #expect(model["data_watermark"]?.int == Checkerboard.interactions.count)
        #expect(model["bytes"]?.int ?? 0 > 0)
        #expect(model["configuration"]?["architecture"]?.string == "mf")
        #expect(model["configuration"]?["seed"]?.int == 42)
        #expect(model["metrics"]?["full_ndcg@10"]?.double != nil)
        #expect(model["seconds"]?["total"]?.double != nil)
    }

    @Test(
        "the gate decides whether a new model serves; it is kept in any case",
        arguments: [
            (#""publish": "always""#, true), (#""publish": "never""#, false),
            // The same data, seed and settings: no worse than the first.
            (#""publish": "if_better""#, true),
        ])
    func gate(settings: String, isPublished: Bool) throws {
        let service = try TestService.trained()
        let job = try service.train(settings)
        #expect(job.json["state"]?.string == "succeeded")
        #expect(job.json["model"]?.string == "v2")
        #expect(job.json["published"]?.bool == isPublished)
        #expect((job.json["message"]?.string?.hasPrefix("Not published") ?? false) == !isPublished)
        #expect(try current(service) == (isPublished ? "v2" : "v1"))
        #expect(try names(service) == ["v2", "v1"])
        #expect(try service.get("/recommend?user_id=u3").field("Nectar-Model") == (isPublished ? "v2" : "v1"))
    }

    @Test("another version is published, and the first one again; a restart serves the last one published")
    func rollBack() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("nectar.sqlite")
        let publishedAt: String
        do {
            let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
            try service.loadCheckerboard()
            for _ in 0..<3 { try service.train(#""publish": "always""#) }
            for name in ["v1", "3", "v2", "v2"] {
                let refused = try service.post("/models/\(name)/publish", #"{"force": true}"#)
                #expect(refused.status == 422 && refused.text.contains("force"))
                let reply = try service.post("/models/\(name)/publish", "")
                #expect(reply.status == 200 && reply.json["current"]?.bool == true)
                let expected = name.hasPrefix("v") ? name : "v\(name)"
                #expect(reply.json["version"]?.string == expected)
                #expect(try current(service) == expected)
                #expect(try service.get("/recommend?user_id=u3").field("Nectar-Model") == expected)
                let models = try #require(service.get("/models").json["models"])
                #expect(models.count == 3)
                for model in models.elements {
                    #expect((model["published_at"] != nil) == (model["version"]?.string == expected))
                }
            }
            publishedAt = try #require(service.get("/models/current").json["published_at"]?.string)
        }
        let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
        #expect(try current(service) == "v2")
        #expect(try service.get("/models/v2").json["published_at"]?.string == publishedAt)
        #expect(try service.train(#""publish": "always""#).json["model"]?.string == "v4")
    }

    @Test("what was seen since an older model was trained is left out as soon as it serves again")
    func rollBackRemembers() throws {
        let service = try TestService.trained()
        _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "i3"}"#)
        try service.train(#""publish": "always""#)
        for name in ["v1", "v2", "v1"] {
            _ = try service.post("/models/\(name)/publish", "")
            let reply = try service.get("/recommend?user_id=u3&limit=100")
            #expect(reply.field("Nectar-Model") == name)
            #expect(!reply.items.contains("i3"))
        }
    }

    @Test("as many models as configured are kept, and the one that serves")
    func keeps() throws {
        let service = try TestService.trained { $0.keptModels = 2 }
        for _ in 0..<3 { try service.train(#""publish": "never""#) }
        #expect(try names(service) == ["v4", "v3", "v1"])
        #expect(try current(service) == "v1")
    }

    @Test(
        "a version that is none, or is not there, is not found",
        arguments: [
            "GET /models/v9", "GET /models/latest", "GET /models/v", "GET /models/-1", "GET /models/v1.5",
            "GET /models/99999999999999999999", "POST /models/v9/publish", "POST /models/current/publish",
        ])
    func unknown(request: String) throws {
        let parts = request.split(separator: " ").map(String.init)
        let service = try TestService.trained()
        try Refusal(parts[0], parts[1], nil, 404).check(with: service)
    }

    @Test("a damaged version is not published, and the one that serves goes on")
    func damaged() throws {
        let service = try TestService.trained()
        try service.train(#""publish": "never""#)
        let file = service.directory.file("models/v000002.safetensors")
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        try handle.seek(toOffset: handle.seekToEnd() - 4)
        try handle.write(contentsOf: Data([1, 2, 3, 4]))
        try handle.close()
        try service.post("/models/v2/publish", "").expectProblem(409)
        #expect(try current(service) == "v1")
    }
}
