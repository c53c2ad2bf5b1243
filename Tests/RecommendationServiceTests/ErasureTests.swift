import Foundation
import InteractionStorage
import JSON
import Locking
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("DELETE /users: erasure", .timeLimit(.minutes(1)))
struct ErasureTests {
    @Test("an erased user is gone from the record, from every answer and from the models' files; the others stay")
    func erasure() throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/users/u3", "{}")
        let before = try service.get("/recommend?user_id=u4").items
        let receipt = try service.ask("DELETE", "/users/u3")
        #expect(receipt.status == 200)
        #expect(receipt.json["erased"]?.bool == true)
        #expect(receipt.json["interactions"]?.int == Checkerboard.items(of: 3).count)
        #expect(receipt.json["models"]?.elements.map(\.string) == ["v1"])
        #expect(receipt.json["policy"]?.string == "retain")
        try service.get("/users/u3").expectProblem(404)
        try service.get("/users/u3/export").expectProblem(404)
        #expect(try service.get("/interactions?user_id=u3").json["interactions"]?.count == 0)
        let answer = try service.get("/recommend?user_id=u3")
        #expect(answer.sources == ["popular"])
        #expect(
            try service.get("/predict?user_id=u3&item_id=i1").json["predictions"]?[0]?["basis"]?.string == "item_only")
        service.service.eraser.drain()
        #expect(service.models.current?.users.index(of: "u3") == nil)
        #expect(try service.store.pendingErasures().isEmpty)
        #expect(try service.get("/recommend?user_id=u4").items == before)
        #expect(service.models.current?.version == 1)
    }

    @Test("what a user did since the model was trained is forgotten too")
    func recent() throws {
        let service = try TestService.trained()
        _ = try service.post("/interactions", #"{"user_id": "new", "item_id": "i1"}"#)
        #expect(try service.get("/recommend?user_id=new").sources == ["fold_in"])
        _ = try service.ask("DELETE", "/users/new")
        #expect(try service.get("/recommend?user_id=new").sources == ["popular"])
    }

    @Test("nobody is erased by mistake: an unknown user gets a receipt of nothing, again and again")
    func unknown() throws {
        let service = try TestService.trained()
        for _ in 0..<2 {
            let receipt = try service.ask("DELETE", "/users/nobody")
            #expect(receipt.status == 200 && receipt.json["erased"]?.bool == false)
            #expect(receipt.json["models"]?.count == 0)
        }
        #expect(try service.store.counts.interactions == Checkerboard.interactions.count)
    }

    @Test("a training under way does not bring the user back")
    func runningJob() throws {
        let store = InterceptedStore()
        let service = try TestService.trained(store: store)
        // The job has read everything and has not begun to train.
        let erased = Lock<Int?>(nil)
        store.afterScan { [weak service] in
            erased.withLock { status in
                guard status == nil else { return }
                status = 0
                status = try? service?.ask("DELETE", "/users/u3").status
            }
        }
        let job = try service.train(#""publish": "always""#)
        #expect(erased.withLock { $0 } == 200)
        #expect(job.json["model"]?.string == "v2")
        let model = try #require(service.models.current)
        #expect(model.version == 2 && model.users.index(of: "u3") == nil && model.users.index(of: "u4") != nil)
        #expect(try service.models.load(version: 2)?.users.index(of: "u3") == nil)
    }

    @Test("an upload under way does not bring the user back, and says so", arguments: [true, false])
    func runningUpload(isPartial: Bool) throws {
        let service = try TestService()
        let client = try service.client()
        let rows = (0..<3).map { #"{"user_id": "u\#($0)", "item_id": "i"}"# + "\n" }
        client.send(
            "POST /interactions?partial=\(isPartial) HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\n"
                + "Content-Length: \(rows.joined().utf8.count)\r\n\r\n\(rows[0])")
        // The server has the head once it answers what came on another connection afterwards.
        while try service.get("/metrics").text.isEmpty {}
        #expect(try service.ask("DELETE", "/users/u1").status == 200)
        client.send(rows[1] + rows[2])
        let answer = client.readResponse()
        let reply = Reply(head: answer.head, content: answer.content)
        #expect(reply.json["stored"]?.int == 2 && reply.json["erased"]?.int == 1)
        #expect(try service.store.interactions(userID: "u1", itemID: nil, kind: nil, after: nil, limit: 9).isEmpty)
    }

    /// Sends the head of a request and the first octets of its content, has `u1` erased, does `meanwhile`, and sends the rest.
    private func eraseDuring(
        _ method: String, _ path: String, _ body: String, in service: TestService, _ meanwhile: () throws -> Void = {}
    ) throws -> Reply {
        let client = try service.client()
        client.send(
            "\(method) \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body.prefix(10))")
        // The server has the head once it answers what came on another connection afterwards.
        while try service.get("/metrics").text.isEmpty {}
        #expect(try service.ask("DELETE", "/users/u1").status == 200)
        try meanwhile()
        client.send(String(body.dropFirst(10)))
        let answer = client.readResponse()
        return Reply(head: answer.head, content: answer.content)
    }

    @Test("a record under way does not bring the user back: it is a conflict, and repeated it is somebody new")
    func runningRecord() throws {
        let service = try TestService()
        let body = #"{"tags": ["secret"], "attributes": {"email": "a@b"}}"#
        let reply = try eraseDuring("PUT", "/users/u1", body, in: service)
        reply.expectProblem(409)
        #expect(reply.json["detail"]?.string?.contains("erased") == true)
        try service.get("/users/u1").expectProblem(404)
        #expect(try service.ask("PUT", "/users/u1", body).status == 201)
    }

    @Test("records under way are stored but for those of who was erased, and the answer says how many")
    func runningRecords() throws {
        let service = try TestService()
        let body = #"{"users": [{"user_id": "u1", "tags": ["secret"]}, {"user_id": "u2"}]}"#
        let reply = try eraseDuring("POST", "/users", body, in: service)
        #expect(reply.status == 200 && reply.json["stored"]?.int == 1 && reply.json["created"]?.int == 1)
        #expect(reply.json["erased"]?.int == 1)
        #expect(try service.store.users(after: nil, limit: 9).map(\.id) == ["u2"])
        #expect(try service.post("/users", #"{"user_id": "u1"}"#).json["erased"] == nil)
    }

    @Test("a change under way does not reach whoever has begun anew under the name")
    func runningChange() throws {
        let service = try TestService()
        let body = #"{"tags": ["secret"], "attributes": {}}"#
        let reply = try eraseDuring("PATCH", "/users/u1", body, in: service) { () throws in
            #expect(try service.ask("PUT", "/users/u1", #"{"tags": ["new"]}"#).status == 201)
        }
        reply.expectProblem(404)
        #expect(try service.store.user("u1")?.tags == ["new"])
    }

    @Test("what a training under way brings along does not bring the user back")
    func runningTraining() throws {
        let service = try TestService()
        let body = #"{"interactions": [{"user_id": "u1", "item_id": "i"}, {"user_id": "u2", "item_id": "i"}]}"#
        _ = try eraseDuring("POST", "/train", body, in: service)
        let stored = try service.store.interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: 9)
        #expect(stored.map(\.interaction.userID) == ["u2"])
    }

    @Test("an old row of an erased user is kept out for good, and whoever begins anew is let in")
    func later() throws {
        let service = try TestService()
        _ = try service.ask("DELETE", "/users/u")
        let old = try service.post("/interactions", #"{"user_id": "u", "item_id": "i", "timestamp": 1000000000}"#)
        #expect(old.json["stored"]?.int == 0 && old.json["erased"]?.int == 1)
        let new = try service.post("/interactions", #"{"user_id": "u", "item_id": "i"}"#)
        #expect(new.json["stored"]?.int == 1 && new.json["erased"] == nil)
        #expect(try service.ask("PUT", "/users/u", "{}").status == 201)
    }

    @Test("what somebody was reading goes from the log when that has ended, and what a crash has left, at the start")
    func log() throws {
        let folder = try TemporaryDirectory()
        let store = try SQLiteInteractionStore(path: folder.file("nectar.sqlite"))
        let name = "a-name-found-nowhere-else"
        func isInLog() throws -> Bool {
            try Data(contentsOf: URL(filePath: folder.file("nectar.sqlite-wal"))).range(of: Data(name.utf8)) != nil
        }
        _ = try store.append([Interaction(userID: name, itemID: "i")], idempotencyKey: nil)
        try store.scan(after: 0, begin: { _ in }) { _ in
            #expect(throws: Never.self) { try store.eraseUser(name, at: 0) }
            return false
        }
        #expect(try isInLog())
        let service = try TestService(store: store, directory: folder)
        #expect(try !isInLog())
        _ = try service.post("/interactions", #"{"user_id": "\#(name)", "item_id": "i"}"#)
        try store.scan(after: 0, begin: { _ in }) { _ in
            do {
                #expect(try service.ask("DELETE", "/users/\(name)").json["erased"]?.bool == true)
                service.service.emptier.retry()
                #expect(try isInLog())
            } catch {
                Issue.record(error)
            }
            return false
        }
        // The service's own work may be reading for a moment.
        let deadline = ContinuousClock.now + .seconds(30)
        repeat {
            service.service.emptier.retry()
        } while service.service.emptier.isAwaited && ContinuousClock.now < deadline
        #expect(try !isInLog() && !service.service.emptier.isAwaited)
    }

    @Test("an erasure that a crash has left pending is ended before the first answer")
    func pendingAtStart() throws {
        let store = InMemoryInteractionStore()
        let first = try TestService.trained(store: store)
        // As if the process had ended between the record and the models.
        try store.eraseUser("u3", at: 0)
        let second = try TestService(store: store, directory: first.directory)
        #expect(second.models.current?.version == 1)
        #expect(second.models.current?.users.index(of: "u3") == nil)
        #expect(try store.pendingErasures().isEmpty)
    }

    @Test("with the policy to retrain, a model without the user replaces those that were trained with")
    func retraining() throws {
        let service = try TestService.trained(store: InMemoryInteractionStore()) { $0.erasure.policy = .retrain }
        try service.train(#""publish": "always""#)
        #expect(service.models.versions().map(\.version) == [2, 1])
        let receipt = try service.ask("DELETE", "/users/u3")
        #expect(receipt.json["policy"]?.string == "retrain")
        #expect(receipt.json["models"]?.elements.map(\.string) == ["v2", "v1"])
        service.service.eraser.drain()
        // Jobs go one at a time: this one ends after the one that the erasure has queued.
        let last = try service.train(#""publish": "never""#)
        #expect(last.json["model"]?.string == "v4")
        #expect(service.models.versions().map(\.version) == [4, 3])
        #expect(service.models.current?.version == 3 && service.models.current?.lineage.erasures == 1)
    }

    @Test("a retraining that the last process has not come to is made up for")
    func retrainingAfterRestart() throws {
        let store = InMemoryInteractionStore()
        let first = try TestService.trained(store: store)
        try store.eraseUser("u3", at: 0)
        // Under the other policy nothing is trained, whatever was done.
        let second = try TestService(store: store, directory: first.directory)
        try second.train(#""publish": "never""#)
        #expect(second.models.current?.version == 1)
        let third = try TestService(store: store, directory: first.directory) { $0.erasure.policy = .retrain }
        // Jobs go one at a time: this one ends after the one that the start has queued.
        let last = try third.train(#""publish": "never""#)
        #expect(last.json["model"]?.string == "v4")
        #expect(third.models.versions().map(\.version) == [4, 3, 2])
        #expect(third.models.current?.version == 3 && third.models.current?.lineage.erasures == 1)
        // And once that is done no start trains anything.
        let fourth = try TestService(store: store, directory: first.directory) { $0.erasure.policy = .retrain }
        #expect(try fourth.train(#""publish": "never""#).json["model"]?.string == "v5")
    }

    @Test("a retraining is begun again where it came to nothing, while none is under way and until it is done")
    func retrainingAgain() {
        let (due, possible, starts) = (Lock(true), Lock(true), Lock(0))
        let waiting = Lock<[(delay: Int, body: @Sendable () -> Void)]>([])
        let retraining = ErasureRetraining(
            retireOutdated: { due.withLock { $0 } }, mayStart: { possible.withLock { $0 } },
            start: { starts.withLock { $0 += 1 } },
            timer: { delay, body in waiting.withLock { $0.append((delay, body)) } })
        /// The time comes for all that waits; returns the delays and how often a training was begun.
        func pass() -> (delays: [Int], started: Int) {
            let before = starts.withLock { $0 }
            let due = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for (_, body) in due { body() }
            return (due.map(\.delay), starts.withLock { $0 } - before)
        }
        retraining.resume()
        #expect(starts.withLock { $0 } == 1)
        #expect(pass() == ([10_000], 1) && pass() == ([20_000], 1) && pass() == ([40_000], 1))
        // Under way, or nothing to train on: it is looked again, and nothing begun.
        possible.withLock { $0 = false }
        #expect(pass() == ([80_000], 0) && pass() == ([80_000], 0))
        possible.withLock { $0 = true }
        for delay in [80_000, 160_000, 320_000, 640_000, 1_280_000, 2_560_000, 3_600_000, 3_600_000] {
            #expect(pass() == ([delay], 1))
        }
        // Who is erased meanwhile is left out at once, and does not wait for an hour: the watch of before ends.
        retraining.begin()
        #expect(pass() == ([3_600_000, 10_000], 1))
        due.withLock { $0 = false }
        #expect(pass() == ([20_000], 0) && pass() == ([], 0))
        retraining.resume()
        #expect(pass() == ([], 0))
        // Without data nothing is begun at a start either, but looked for.
        due.withLock { $0 = true }
        possible.withLock { $0 = false }
        retraining.resume()
        #expect(pass() == ([10_000], 0))
        possible.withLock { $0 = true }
        #expect(pass() == ([10_000], 1))
    }

    @Test("an erasure reaches models that have seen more erasures than the store that is there now")
    func erasureAfterLoss() throws {
        let first = try TestService.trained(store: InMemoryInteractionStore())
        for user in ["u8", "u9"] { _ = try first.ask("DELETE", "/users/\(user)") }
        first.service.eraser.drain()
        try first.train(#""publish": "always""#)
        #expect(first.models.current?.lineage.erasures == 2)
        // The store is lost, the models are not; what is sent anew begins with the first erasure.
        let second = try TestService(store: InMemoryInteractionStore(), directory: first.directory)
        try second.loadCheckerboard()
        #expect(second.models.current?.index(ofUser: "u3") != nil)
        _ = try second.ask("DELETE", "/users/u3")
        #expect(second.models.current?.index(ofUser: "u3") == nil)
        second.service.eraser.drain()
        #expect(try second.store.pendingErasures().isEmpty)
        for model in second.models.versions() {
            #expect(try second.models.load(version: model.version)?.users.index(of: "u3") == nil)
        }
    }

    @Test("who comes back at once under the same name is known to the training after, though files are not clean yet")
    func comingBack() throws {
        let service = try TestService.trained(store: InMemoryInteractionStore())
        let obstacle = service.directory.file("models/v000001.safetensors.next")
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
        _ = try service.ask("DELETE", "/users/u3")
        service.service.eraser.drain()
        #expect(try !service.store.pendingErasures().isEmpty)
        for item in ["i1", "i2", "i5"] {
            _ = try service.ask("POST", "/interactions", #"{"user_id": "u3", "item_id": "\#(item)"}"#)
        }
        try service.train(#""publish": "always""#)
        let answer = try service.get("/recommend?user_id=u3&limit=100")
        #expect(Set(answer.sources) == ["model"])
        #expect(!answer.items.isEmpty && Set(answer.items).isDisjoint(with: ["i1", "i2", "i5"]))
        // The files are cleaned of whoever was erased, and of nobody else.
        try FileManager.default.removeItem(atPath: obstacle)
        service.service.eraser.retry()
        service.service.eraser.drain()
        #expect(try service.store.pendingErasures().isEmpty)
        #expect(try service.models.load(version: 1)?.users.index(of: "u3") == nil)
        #expect(service.models.current?.index(ofUser: "u3") != nil)
    }

    @Test("weights from elsewhere do not bring an erased user back")
    func weights() throws {
        let service = try TestService.trained()
        let weights = try service.get("/models/v1/weights").content
        _ = try service.ask("DELETE", "/users/u3")
        service.service.eraser.drain()
        let put = try service.client().ask("PUT", "/models/v7/weights", weights, fields: "")
        #expect(put.status == 201)
        #expect(try service.models.load(version: 7)?.users.index(of: "u3") == nil)
        #expect(try service.models.load(version: 7)?.users.index(of: "u4") != nil)
    }
}
