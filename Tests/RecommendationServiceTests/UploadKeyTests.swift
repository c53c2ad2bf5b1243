import InteractionStorage
import JSON
import TestSupport
import Testing

@testable import RecommendationService

@Suite("What an Idempotency-Key stands for", .timeLimit(.minutes(1)))
struct UploadKeyTests {
    private static let ndjson = "application/x-ndjson"

    private static func rows(_ numbers: ClosedRange<Int>) -> String {
        numbers.map { "{\"user_id\": \"u\($0)\", \"item_id\": \"i\"}\n" }.joined()
    }

    /// Stores two rows at a time.
    private func service() throws -> TestService { try TestService(uploadBatchSize: 2) }

    private func post(
        _ service: TestService, _ body: String, key: String, _ query: String = "", type: String? = ndjson
    ) throws -> Reply {
        try service.post("/interactions\(query)", body, type: type, fields: "Idempotency-Key: \(key)\r\n")
    }

    @Test("the keys of an upload's batches are fit, nobody else's, and no client's")
    func batches() {
        let names = [
            "a", "a/", "a/1", "a/1/1", "1", String(repeating: "k", count: 240), String(repeating: "é", count: 120),
        ]
        var keys: Set<String> = []
        for name in names {
            #expect(UploadKey(text: name).key(ofBatch: 0) == name)
            for batch in [1, 2, 11, 99_999_999_999] {
                let key = UploadKey(text: name).key(ofBatch: batch)
                #expect(key.utf8.count > UploadKey.maximumLength && key.utf8.count <= 256)
                #expect(keys.insert(key).inserted)
            }
        }
    }

    @Test(
        "a retry is one whatever the queue holds now and held then, also of an upload that was stored in part",
        arguments: [(1, 100_000), (100_000, 1), (3, 7)], ["", "?partial=true"])
    func otherQueue(queues: (first: Int, second: Int), query: String) throws {
        let store = InterceptedStore()
        func service(queue: Int) throws -> TestService {
            try TestService(store: store, uploadBatchSize: 4) { $0.storage.writeQueue = queue }
        }
        let body = Self.rows(1...10)
        let first = try service(queue: queues.first)
        // It closes the store when it goes.
        defer { withExtendedLifetime(first) {} }
        store.fail(with: .noSpace("test"), afterGroups: 1)
        try post(first, body, key: "part", query).expectProblem(507)
        #expect(try store.counts.interactions == 4)
        store.fail(with: nil)
        let whole = try post(first, body, key: "whole", query)
        #expect(whole.json["stored"]?.int == 10, "\(whole.text)")
        let second = try service(queue: queues.second)
        #expect(try post(second, body, key: "whole", query).text == whole.text)
        #expect(try post(second, body, key: "part", query).json["stored"]?.int == 10)
        #expect(try store.counts.interactions == 20)
    }

    @Test("the batches that a key stands for are as large as they always were")
    func usualBatch() { #expect(InteractionUpload.usualBatchSize == 20_000) }

    @Test("a key that looks like that of another upload's second batch is none", arguments: ["", "?partial=true"])
    func lookalike(query: String) throws {
        let service = try service()
        #expect(try post(service, Self.rows(9...9), key: "m/1").status == 200)
        let reply = try post(service, Self.rows(1...5), key: "m", query)
        #expect(reply.json["stored"]?.int == 5, "\(reply.text)")
        #expect(try post(service, Self.rows(1...5), key: "m", query).text == reply.text)
        #expect(try service.store.counts.interactions == 6)
    }

    @Test(
        "an upload that begins as another one did is another one, and nothing of it is stored",
        arguments: [(4, 6), (4, 5), (4, 3), (4, 2), (3, 4), (4, 0), (0, 1), (0, 4)], ["", "?partial=true"])
    func sameBeginning(rows: (first: Int, second: Int), query: String) throws {
        let service = try service()
        let bodies = [rows.first, rows.second].map { $0 == 0 ? "" : Self.rows(1...$0) }
        let first = try post(service, bodies[0], key: "l", query)
        #expect(first.json["stored"]?.int == rows.first)
        let second = try post(service, bodies[1], key: "l", query)
        second.expectProblem(422)
        #expect(second.text.contains("Idempotency-Key") && second.text.contains("nothing of th"), "\(second.text)")
        #expect(try service.store.counts.interactions == rows.first)
        #expect(try post(service, bodies[0], key: "l", query).text == first.text)
    }

    /// Bodies with one bad row each, others, and their type.
    private static let others: [(String, String, String?)] = [
        ("7\n", "8\n", ndjson), (rows(1...2) + "7\n", rows(1...2) + "8\n", ndjson),
        (rows(1...3) + "7\n", rows(1...3), ndjson), ("7\n", "", ndjson),
        ("user_id,item_id\na\n", "user_id,item_id\nb\n", "text/csv"),
        (#"{"interactions": [7]}"#, #"{"interactions": [8]}"#, nil),
        (#"{"interactions": [7]}"#, #"{"interactions": []}"#, nil),
        (#"{"interactions": [7]}"#, #"{"user_id": "a", "item_id": "b"}"#, nil), ("7", "8", nil),
    ]

    @Test("other bad rows under a used key are refused too, and not taken for those that are kept", arguments: others)
    func badRows(first: String, second: String, type: String?) throws {
        let service = try service()
        let reply = try post(service, first, key: "k", "?partial=true", type: type)
        #expect(reply.status == 200 && reply.json["quarantined"]?.int == 1, "\(reply.text)")
        try post(service, second, key: "k", "?partial=true", type: type).expectProblem(422)
        let kept = try service.store.quarantinedRows(upload: "k", userID: nil, after: nil, limit: 9)
        #expect(kept.count == 1)
        #expect(try post(service, first, key: "k", "?partial=true", type: type).text == reply.text)
        #expect(try service.store.quarantinedRows(upload: "k", userID: nil, after: nil, limit: 9) == kept)
    }
}
