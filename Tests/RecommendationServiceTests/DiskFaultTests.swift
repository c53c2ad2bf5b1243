import Foundation
import InteractionStorage
import JSON
import Locking
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("A disk that is full, fails, or nearly is", .timeLimit(.minutes(1)))
struct DiskFaultTests {
    private static let row = #"{"user_id": "u1", "item_id": "i9"}"#

    /// A service with a model, over a store whose files can be made to fail.
    private func trained() throws -> (service: TestService, disk: FaultyFiles) {
        let folder = try TemporaryDirectory()
        let disk = FaultyFiles(below: folder.path)
        let store = try SQLiteInteractionStore(path: folder.file("nectar.sqlite"))
        return (try TestService.trained(store: store, directory: folder), disk)
    }

    @Test(
        "a write on a full disk is 507 and on a broken one 503, reads go on, and so do writes when it is well again",
        arguments: [(FaultyFiles.Fault.noSpace, 507), (.quota, 507), (.input, 503), (.sync, 503)])
    func store(fault: FaultyFiles.Fault, status: Int) throws {
        let (service, disk) = try trained()
        let before = try service.store.counts
        disk.fail(fault, at: 1, lasting: true)
        for type in [nil, "application/x-ndjson"] {
            let reply = try service.post("/interactions", Self.row, type: type)
            reply.expectProblem(status)
            #expect(reply.field("Retry-After") != nil)
        }
        let put = try service.ask("PUT", "/items/i1", "{}")
        put.expectProblem(status)
        // What is told must fit whatever was asked for, removals too.
        #expect(put.text.contains("nothing was changed. Try again when there is.") == (status == 507))
        #expect(try service.get("/recommend?user_id=u1").field("Nectar-Model") == "v1")
        #expect(try service.get("/interactions?user_id=u1").status == 200)
        #expect(try service.get("/readyz").status == 200)
        let health = try service.get("/healthz")
        #expect(health.status == 200 && health.json["status"]?.string == "degraded")
        #expect(health.json["store"]?["writes"]?.string == "failing")
        #expect(health.json["detail"]?.string?.hasPrefix("The last write failed: ") == true)
        disk.letThrough()
        #expect(try service.store.counts == before)
        #expect(try service.post("/interactions", Self.row).status == 200)
        #expect(try service.get("/healthz").json["status"]?.string == "healthy")
        #expect(try service.store.counts.interactions == before.interactions + 1)
        let reason = status == 507 ? "no_space" : "store"
        #expect(try service.get("/metrics").text.contains("nectar_writes_failed_total{reason=\"\(reason)\"} 2"))
    }

    @Test("with less space than is to stay free nothing is stored, erasures are carried out, and it is told beforehand")
    func reserve() throws {
        let disk = ManualDisk(freeBytes: 63_999_999)
        let service = try TestService(disk: disk)
        for (method, path, body) in [
            ("POST", "/interactions", Self.row), ("PUT", "/items/i1", "{}"), ("PATCH", "/items/i1", "{}"),
            ("POST", "/items", #"{"items": []}"#), ("PUT", "/users/u1", "{}"), ("POST", "/train", "{}"),
            ("POST", "/admin/backup", ""), ("PUT", "/models/next/weights", "weights"),
        ] {
            let reply = try service.ask(method, path, body)
            reply.expectProblem(507)
            #expect(reply.json["detail"]?.string?.contains("storage.minimum_free_megabytes") == true, "\(path)")
        }
        #expect(try service.get("/healthz").json["status"]?.string == "degraded")
        #expect(try service.get("/healthz").json["store"]?["free_bytes"]?.int == 63_999_999)
        #expect(try service.get("/readyz").status == 200)
        #expect(try service.ask("DELETE", "/users/u1").status == 200)
        disk.freeBytes = 64_000_000
        #expect(try service.post("/interactions", Self.row).status == 200)
        #expect(try service.get("/healthz").json["status"]?.string == "healthy")
        #expect(try service.get("/metrics").text.contains("nectar_storage_free_bytes 64000000"))
    }

    @Test("a partial upload ends where too little space is left, and says what of it is stored and where the rest is")
    func partialUpload() throws {
        let disk = ManualDisk(freeBytes: .max)
        let service = try TestService(disk: disk, uploadBatchSize: 2)
        let key = "Idempotency-Key: k\r\n"
        let upload = try CutUpload(to: service, fields: key)
        try upload.send("7\n\(Self.row)\n\(Self.row)\n", until: 2)
        disk.freeBytes = 63_999_999
        let reply = upload.send("\(Self.row)\n\(Self.row)\n")
        reply.expectProblem(507)
        #expect(reply.json["stored"]?.int == 2 && reply.json["rejected"]?.int == 1)
        #expect(reply.json["detail"]?.string?.hasPrefix("2 rows were stored, and then no more: ") == true)
        #expect(reply.json["detail"]?.string?.contains("Idempotency-Key, the rest is stored") == true)
        #expect(try service.store.counts.interactions == 2)
        disk.freeBytes = .max
        let whole = "7\n" + Array(repeating: "\(Self.row)\n", count: 4).joined()
        let again = try service.post(
            "/interactions?partial=true", whole, type: "application/x-ndjson", fields: key)
        #expect(again.json["stored"]?.int == 4 && again.json["quarantined"]?.int == 1)
        #expect(try service.store.counts.interactions == 4)
    }

    @Test("of an upload that the space may not hold nothing is stored")
    func wholeUpload() throws {
        let service = try TestService(disk: ManualDisk(freeBytes: 64_000_100))
        let reply = try service.post("/interactions", "\(Self.row)\n\(Self.row)\n", type: "application/x-ndjson")
        reply.expectProblem(507)
        #expect(reply.text.contains("storage.minimum_free_megabytes") && reply.text.contains("Nothing was changed"))
        #expect(try service.store.counts.interactions == 0)
    }

    @Test(
        "a partial upload that breaks off is told what of it is stored; where nothing is, there is nothing to tell",
        arguments: [2, 0])
    func brokenOff(stored: Int) throws {
        let service = try TestService(uploadBatchSize: 2)
        let upload = try CutUpload(to: service)
        if stored > 0 {
            let bad = Array(repeating: "7\n", count: 1_001).joined()
            try upload.send("\(bad)\(Self.row)\n\(Self.row)\n\(Self.row)\n", until: stored)
        }
        let reply = upload.breakOff()
        reply.expectProblem(400)
        #expect(reply.json["stored"]?.int == (stored > 0 ? stored : nil))
        #expect(reply.json["detail"]?.string?.hasPrefix("2 rows were stored, and then no more: ") == (stored > 0))
        if stored > 0 {
            #expect(reply.json["rejected"]?.int == 1_001 && reply.json["quarantined"]?.int == 1_000)
            let upload = try #require(reply.json["upload"]?.string)
            #expect(try service.get("/quarantine?upload=\(upload)").json["held"]?.int == 1_000)
        }
    }

    @Test("an upload in parts that fails on its way says how many rows are stored, and a retry stores the rest once")
    func partOfAnUpload() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store, uploadBatchSize: 2)
        let rows = (0..<6).map { #"{"user_id": "u\#($0)", "item_id": "i"}"# }.joined(separator: "\n")
        let fields = "Idempotency-Key: k\r\n"
        store.fail(with: .noSpace("test"), afterGroups: 2)
        let failed = try service.post("/interactions", rows, type: "application/x-ndjson", fields: fields)
        failed.expectProblem(507)
        #expect(failed.json["detail"]?.string?.hasPrefix("4 rows were stored, and then no more") == true)
        #expect(try store.counts.interactions == 4)
        store.fail(with: nil)
        #expect(try service.post("/interactions", rows, type: "application/x-ndjson", fields: fields).status == 200)
        #expect(try store.counts.interactions == 6)
    }

    @Test("a model that cannot be written fails its job with the reason, and the other one goes on serving")
    func model() throws {
        let service = try TestService.trained()
        // Something is in the way of the file that numbers them.
        let counter = service.directory.file("models/counter.json")
        try FileManager.default.removeItem(atPath: counter)
        try FileManager.default.createDirectory(atPath: counter, withIntermediateDirectories: true)
        let before = try FileManager.default.contentsOfDirectory(atPath: service.directory.file("models")).sorted()
        let job = try service.train("\"publish\": \"always\"")
        #expect(job.json["state"]?.string == "failed")
        #expect(job.json["message"]?.string?.hasPrefix("The model could not be written: ") == true)
        #expect(job.json["message"]?.string?.contains("counter.json") == true)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: service.directory.file("models")).sorted() == before)
        #expect(try service.get("/recommend?user_id=u1").field("Nectar-Model") == "v1")
    }

    @Test(
        "an erasure whose models cannot be written is answered, hides the user after a restart too, and ends when they can"
    )
    func erasure() throws {
        let store = InMemoryInteractionStore()
        let folder = try TemporaryDirectory()
        let obstacle = folder.file("models/v000001.safetensors.next")
        do {
            let service = try TestService.trained(store: store, directory: folder)
            try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
            #expect(try service.ask("DELETE", "/users/u3").status == 200)
            service.service.eraser.drain()
            #expect(try store.pendingErasures().count == 1)
        }
        // A store in memory is open again as soon as somebody uses it.
        let models = try ModelStore(directory: folder.file("models"))
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
        _ = models.loadNewestValid()
        #expect(models.current?.index(ofUser: "u3") != nil)
        models.hideUsers { $0 == "u3" ? 1 : nil }
        #expect(models.current?.index(ofUser: "u3") == nil && models.current?.index(ofUser: "u4") != nil)
        #expect(throws: SnapshotFileError.self) { try models.removeUsers { $0 == "u3" ? 1 : nil } }
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(try models.removeUsers { $0 == "u3" ? 1 : nil } == [1])
    }

    @Test("what failed once is tried again")
    func erasureIsRetried() throws {
        let service = try TestService.trained()
        let obstacle = service.directory.file("models/v000001.safetensors.next")
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
        #expect(try service.ask("DELETE", "/users/u3").status == 200)
        service.service.eraser.drain()
        #expect(try service.store.pendingErasures().count == 1)
        #expect(try service.get("/recommend?user_id=u3").sources == ["popular"])
        try FileManager.default.removeItem(atPath: obstacle)
        service.service.eraser.retry()
        service.service.eraser.drain()
        #expect(try service.store.pendingErasures().isEmpty)
        #expect(service.models.current?.users.index(of: "u3") == nil)
    }
}
