import InteractionStorage
import JSON
import Locking
import RecommendationService
import TestSupport
import Testing

@Suite("POST /interactions: uploads of many rows, retries, and what is cut off", .timeLimit(.minutes(1)))
struct InteractionUploadTests {
    /// Forty good rows but for the one on line 17.
    private static let rows = (1...40).map { line in
        line == 17 ? "{\"user_id\": \"u17\", \"item_id\": \"i\", \"rating\": \"five\"}\n" : row(line)
    }

    private static func row(_ number: Int) -> String { "{\"user_id\": \"u\(number)\", \"item_id\": \"i\"}\n" }

    private static let csv =
        "user_id,item_id,rating\n" + (2...40).map { $0 == 17 ? "u17,i,five\n" : "u\($0),i,4.5\n" }.joined()

    @Test(
        "a fault on line 17 of 40 refuses all forty, and says where it is",
        arguments: [("application/x-ndjson", rows.joined()), ("text/csv", csv)])
    func allOrNothing(type: String, body: String) throws {
        let service = try TestService()
        try Refusal("POST", "/interactions", body, 422, [("line 17", "rating")], type: type, says: "nothing was stored")
            .check(with: service)
    }

    @Test(
        "with partial, the other rows are stored and the fault is told",
        arguments: [("application/x-ndjson", rows.joined(), 39), ("text/csv", csv, 38)])
    func partial(type: String, body: String, stored: Int) throws {
        let service = try TestService()
        let reply = try service.post("/interactions?partial=true", body, type: type)
        #expect(reply.status == 200)
        #expect(reply.json["stored"]?.int == stored)
        #expect(reply.json["rejected"]?.int == 1)
        #expect(reply.faults.map(\.pointer) == ["line 17"])
        #expect(try service.store.counts.interactions == stored)
        #expect(try service.get("/interactions?user_id=u17").json["interactions"]?.count == 0)
    }

    @Test("in a JSON list, partial keeps the good ones and counts each bad one once")
    func partialList() throws {
        let service = try TestService()
        let body =
            #"{"partial": true, "interactions": [{"user_id": "a", "item_id": "b"}, {"usr_id": "c"}, "#
            + #"{"user_id": "d", "item_id": "e", "extra": 1}]}"#
        let reply = try service.post("/interactions", body)
        #expect(reply.status == 200)
        #expect(reply.json["stored"]?.int == 1)
        #expect(reply.json["rejected"]?.int == 2)
        #expect(
            reply.faults.map(\.pointer) == [
                "/interactions/1/usr_id", "/interactions/1/user_id", "/interactions/1/item_id", "/interactions/2/extra",
            ])
        #expect(try service.store.counts.interactions == 1)
    }

    @Test(
        "an upload without rows stores nothing and is no fault",
        arguments: [("application/x-ndjson", ""), ("application/x-ndjson", "\n\n"), ("text/csv", "user_id,item_id\n")])
    func noRows(type: String, body: String) throws {
        let reply = try TestService().post("/interactions", body, type: type)
        #expect(reply.status == 200)
        #expect(reply.json["stored"]?.int == 0)
    }

    @Test(
        "a CSV header with an unknown or missing column refuses the upload, partial or not",
        arguments: ["", "?partial=true"], ["user_id,itme_id\na,b\n", "user_id\na\n"])
    func csvHeader(query: String, body: String) throws {
        try Refusal(
            "POST", "/interactions" + query, body, 422, [("line 1", "item_id")], type: "text/csv",
            says: "header cannot be read; nothing was stored."
        ).check(with: TestService())
    }

    @Test("CSV without a header is refused, partial or not", arguments: ["", "?partial=true"])
    func noHeader(query: String) throws {
        try Refusal(
            "POST", "/interactions" + query, "", 422, [("line 1", "there is no header")], type: "text/csv",
            says: "header cannot be read"
        ).check(with: TestService())
    }

    @Test("a row of 64 KiB is read, and one byte more is refused", arguments: [(0, 200), (1, 422)])
    func rowLimit(excess: Int, status: Int) throws {
        let service = try TestService()
        let row = #"{"user_id": "a", "item_id": "b"}"#
        let padded = row + String(repeating: " ", count: 65_536 - row.utf8.count + excess) + "\n"
        let reply = try service.post("/interactions", padded, type: "application/x-ndjson")
        #expect(reply.status == status, "\(reply.text)")
        #expect(try service.store.counts.interactions == (status == 200 ? 1 : 0))
    }

    @Test("an upload larger than memory keeps is stored whole and in order, and leaves no file behind")
    func largeUpload() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteInteractionStore(path: directory.file("nectar.sqlite"))
        let service = try TestService(store: store, directory: directory)
        // Past the memory limit of the spool and past one transaction.
        let count = 20_500
        let filler = String(repeating: " ", count: 200)
        let body = (1...count).map { "{\"user_id\": \"u\($0 % 50)\",\(filler) \"item_id\": \"i\($0)\"}\n" }.joined()
        #expect(body.utf8.count > 4 << 20)
        let reply = try service.post("/interactions", body, type: "application/x-ndjson")
        #expect(reply.json["stored"]?.int == count, "\(reply.text)")
        #expect(try store.counts.interactions == count)
        let last = try store.interactions(userID: nil, itemID: nil, kind: nil, after: Int64(count - 1), limit: 2)
        #expect(last.map(\.interaction.itemID) == ["i\(count)"])
        #expect(try directory.names().allSatisfy { !$0.hasPrefix("upload") })
    }

    @Test("without room in memory an upload is stored all the same, by way of the disk; a partial one in other batches")
    func noMemory() throws {
        let service = try TestService { $0.server.heldBodyBytes = 1024 }
        let body = (1...2_000).map(Self.row).joined() + "7\n"
        #expect(try service.post("/interactions", Self.rows[0], type: "application/x-ndjson").status == 200)
        let partial = try service.post("/interactions?partial=true", body, type: "application/x-ndjson")
        #expect(partial.json["stored"]?.int == 2_000 && partial.json["quarantined"]?.int == 1)
        // Under a key the batches have to be the same again.
        let refused = try service.post(
            "/interactions?partial=true", body, type: "application/x-ndjson", fields: "Idempotency-Key: k\r\n")
        refused.expectProblem(503)
        #expect(refused.field("Retry-After") == "1" && refused.json["detail"]?.string?.contains("in memory") == true)
        #expect(try service.store.counts.interactions == 2_001)
        // Of bad rows alone there are no batches.
        let bad = (1...2_000).map { "\($0)\n" }.joined()
        for _ in 0..<2 {
            let kept = try service.post(
                "/interactions?partial=true", bad, type: "application/x-ndjson", fields: "Idempotency-Key: b\r\n")
            #expect(kept.status == 200 && kept.json["quarantined"]?.int == 2_000, "\(kept.text)")
        }
    }

    @Test("a CSV header of very many columns is refused in few words")
    func manyColumns() throws {
        let header = "user_id,item_id" + String(repeating: ",", count: 60_000) + "\n"
        let reply = try TestService().post("/interactions", header, type: "text/csv")
        reply.expectProblem(422)
        #expect(reply.text.utf8.count < 3_000 && reply.text.contains("and 59990 more"), "\(reply.text.prefix(3_000))")
    }

    @Test("an interaction_id that is known is a duplicate, in the same request and in the next")
    func duplicates() throws {
        let service = try TestService()
        let one = #"{"user_id": "a", "item_id": "b", "interaction_id": "x"}"#
        let first = try service.post("/interactions", "{\"interactions\": [\(one), \(one)]}")
        #expect(first.json["stored"]?.int == 1 && first.json["duplicates"]?.int == 1)
        let second = try service.post("/interactions", one)
        #expect(second.status == 200)
        #expect(second.json["stored"]?.int == 0 && second.json["duplicates"]?.int == 1)
        #expect(try service.store.counts.interactions == 1)
    }

    @Test(
        "a retry with the same Idempotency-Key gets the first receipt and stores nothing",
        arguments: [nil, "application/x-ndjson"])
    func idempotency(type: String?) throws {
        let service = try TestService()
        let key = "Idempotency-Key: order-7\r\n"
        let first = try service.post("/interactions", Self.row(1), type: type, fields: key)
        #expect(first.json["stored"]?.int == 1)
        let retry = try service.post("/interactions", Self.row(1), type: type, fields: key)
        #expect(retry.status == 200)
        #expect(retry.text == first.text)
        #expect(try service.store.counts.interactions == 1)
        let other = try service.post("/interactions", Self.row(1), type: type, fields: "Idempotency-Key: order-8\r\n")
        #expect(other.json["stored"]?.int == 1)
        #expect(try service.store.counts.interactions == 2)
    }

    @Test("other interactions under a used key are refused, and neither stored, nor counted, nor remembered")
    func usedKey() throws {
        let service = try TestService()
        let key = "Idempotency-Key: k\r\n"
        _ = try service.post("/interactions", #"{"user_id": "a", "item_id": "first"}"#, fields: key)
        for second in [
            #"{"user_id": "a", "item_id": "second"}"#, #"{"user_id": "a", "item_id": "first", "rating": 1}"#,
        ] {
            let refused = try service.post("/interactions", second, fields: key)
            #expect(refused.status == 422 && refused.text.contains("Idempotency-Key"))
        }
        #expect(try service.store.counts.interactions == 1)
        #expect(try service.get("/recommend?user_id=b").items == ["first"])
        #expect(try service.get("/metrics").text.contains("\nnectar_interactions_stored_total 1\n"))
    }

    @Test(
        "a body whose client goes away in the middle keeps nothing",
        arguments: [nil, "application/x-ndjson", "text/csv"])
    func cutOff(type: String?) throws {
        let service = try TestService()
        let rows = type == "text/csv" ? "user_id,item_id\na,b\n" : Self.row(1)
        let fields = type.map { "Content-Type: \($0)\r\n" } ?? ""
        for end in ["reset", "shutdown"] {
            let client = try service.client()
            client.send("POST /interactions HTTP/1.1\r\nHost: test\r\n\(fields)Content-Length: 10000\r\n\r\n\(rows)")
            if end == "reset" {
                client.reset()
            } else {
                client.shutdownWriting()
                // The server ends the connection without an answer: the message was never whole.
                #expect(client.readToEnd().isEmpty)
            }
        }
        // A request behind them on the same loop and pool is answered when they are over.
        #expect(try service.post("/interactions", Self.row(2)).status == 200)
        #expect(try service.store.counts.interactions == 1)
    }

    @Test(
        "a store that cannot write is a problem document, and nothing is remembered",
        arguments: [
            (StoreError.full, 503), (.unavailable("gone"), 503), (.noSpace("disk"), 507), (.corrupt("page 7"), 500),
        ],
        [nil, "application/x-ndjson"] as [String?])
    func storeFails(failure: (error: StoreError, status: Int), type: String?) throws {
        let store = InterceptedStore()
        let service = try TestService(store: store)
        store.fail(with: failure.error)
        let reply = try service.post("/interactions", Self.row(1), type: type)
        reply.expectProblem(failure.status)
        #expect((reply.field("Retry-After") != nil) == (failure.status != 500))
        store.fail(with: nil)
        #expect(try service.get("/recommend?user_id=x").items.isEmpty)
        #expect(try service.store.counts.interactions == 0)
    }

    @Test("a JSON list of as many as can be stored at once is taken; one more is refused for good", arguments: [2, 3])
    func queueLimit(count: Int) throws {
        let service = try TestService { $0.storage.writeQueue = 2 }
        let list = (0..<count).map { Self.row($0) }.joined(separator: ",")
        for path in ["/interactions", "/train"] {
            let reply = try service.post(path, "{\"interactions\": [\(list)]}")
            if count > 2 { reply.expectProblem(413) } else { #expect(reply.status == (path == "/train" ? 202 : 200)) }
        }
        #expect(try service.store.counts.interactions == (count > 2 ? 0 : 2 * count))
    }

    @Test(
        "an upload longer than can be stored at once is stored in parts, and a retry completes it once",
        arguments: ["", "?partial=true"])
    func smallQueue(query: String) throws {
        let store = InterceptedStore()
        let service = try TestService(store: store, uploadBatchSize: 2) { $0.storage.writeQueue = 2 }
        let rows = (1...5).map(Self.row).joined()
        // As long as a key may be: the parts' keys are longer.
        let key = "Idempotency-Key: \(String(repeating: "k", count: 240))\r\n"
        for _ in 0..<2 {
            let reply = try service.post(
                "/interactions\(query)", rows, type: "application/x-ndjson", fields: key)
            #expect(reply.json["stored"]?.int == 5, "\(reply.text)")
        }
        #expect(try service.store.counts.interactions == 5)
        #expect(store.state.withLock { $0.groups } == [1, 1, 1, 1, 1, 1])
    }

    @Test("a retry that is cut otherwise on its way has the same parts", arguments: ["", "?partial=true"])
    func cutOtherwise(query: String) throws {
        let service = try TestService(uploadBatchSize: 2)
        let rows = (1...5).map(Self.row).joined()
        let head =
            "POST /interactions\(query) HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\n"
            + "Idempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n"
        for size in [1000, 7] {
            let client = try service.client()
            client.send(head)
            for start in stride(from: 0, to: rows.utf8.count, by: size) {
                let piece = Array(rows.utf8)[start..<min(rows.utf8.count, start + size)]
                client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
            }
            client.send("0\r\n\r\n")
            #expect(Reply(head: "", content: client.readResponse().content).json["stored"]?.int == 5)
        }
        #expect(try service.store.counts.interactions == 5)
    }
}
