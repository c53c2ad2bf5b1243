import HTTPServer
import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("POST /interactions: what is refused, and that nothing of it is stored", .timeLimit(.minutes(1)))
struct InteractionRefusalTests {
    private static let good = #"{"user_id": "a", "item_id": "b"}"#

    private static func post(
        _ body: String, _ status: Int, _ faults: (pointer: String, words: String)..., says words: String = ""
    ) -> Refusal {
        Refusal("POST", "/interactions", body, status, faults, says: words)
    }

    @Test(
        "a body that is not JSON",
        arguments: [
            post("", 400, says: "empty"),
            post(" ", 400),
            post("{", 400, says: "not valid JSON"),
            post(good + good, 400),
            post(good + "x", 400),
            post("{'user_id': 1}", 400),
            post(#"{"user_id": "a", "item_id": "b", "rating": NaN}"#, 400),
            post(#"{"user_id": "a", "item_id": "b", "rating": 1e999}"#, 400),
            post(#"{"user_id": "a", "item_id": "b", "rating": 01}"#, 400),
            post("{\"user_id\": \"a\nb\", \"item_id\": \"b\"}", 400),
            post(#"{"user_id": "\ud800", "item_id": "b"}"#, 400),
            post(String(repeating: "[", count: 100_000), 400),
            post(String(repeating: #"{"user_id":"#, count: 65) + "1" + String(repeating: "}", count: 65), 400),
            Refusal("POST", "/interactions", bytes: Array(#"{"user_id": ""#.utf8) + [0xFF] + Array(#""}"#.utf8), 400),
            Refusal("POST", "/interactions", bytes: [0xEF, 0xBB], 400),
        ])
    func malformed(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "one interaction that is not as the route takes it",
        arguments: [
            post("[]", 422, ("", "expected an object, found an array")),
            post("null", 422, ("", "expected an object")),
            post("5", 422, ("", "expected an object")),
            post("{}", 422, ("/user_id", "required"), ("/item_id", "required")),
            post(
                #"{"usr_id": "a", "item_id": "b"}"#, 422, ("/usr_id", "did you mean \"user_id\"?"),
                ("/user_id", "required")),
            post(#"{"user_id": "a", "item_id": "b", "x/y~": 1}"#, 422, ("/x~1y~0", "unknown member \"x/y~\"")),
            post(#"{"user_id": "a", "user_id": "c", "item_id": "b"}"#, 422, ("/user_id", "more than once")),
            post(#"{"user_id": true, "item_id": 1.5}"#, 422, ("/user_id", "boolean"), ("/item_id", "1.5")),
            post(#"{"user_id": null, "item_id": "b"}"#, 422, ("/user_id", "required")),
            post(#"{"user_id": "", "item_id": "b"}"#, 422, ("/user_id", "empty")),
            post(
                #"{"user_id": "\#(String(repeating: "u", count: 257))", "item_id": "b"}"#, 422,
                ("/user_id", "256 bytes long, not 257")),
            post(#"{"user_id": "a\u0000", "item_id": "b"}"#, 422, ("/user_id", "control characters")),
            post(#"{"user_id": "a", "item_id": "b\u007f"}"#, 422, ("/item_id", "control characters")),
            post(#"{"user_id": "a", "item_id": "b\u0085"}"#, 422, ("/item_id", "control characters")),
            post(#"{"user_id": "a", "item_id": "b", "rating": "five"}"#, 422, ("/rating", "number")),
            post(#"{"user_id": "a", "item_id": "b", "rating": 1000000001}"#, 422, ("/rating", "from")),
            post(#"{"user_id": "a", "item_id": "b", "weight": -0.5}"#, 422, ("/weight", "from 0")),
            post(#"{"user_id": "a", "item_id": "b", "kind": 7}"#, 422, ("/kind", "string")),
            post(#"{"user_id": "a", "item_id": "b", "kind": ""}"#, 422, ("/kind", "empty")),
            post(#"{"user_id": "a", "item_id": "b", "timestamp": "yesterday"}"#, 422, ("/timestamp", "RFC 3339")),
            post(#"{"user_id": "a", "item_id": "b", "timestamp": 1767225600000}"#, 422, ("/timestamp", "Unix seconds")),
            post(#"{"user_id": "a", "item_id": "b", "timestamp": []}"#, 422, ("/timestamp", "array")),
            post(#"{"user_id": "a", "item_id": "b", "interaction_id": ""}"#, 422, ("/interaction_id", "empty")),
        ])
    func illFormed(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "a list with a fault in it",
        arguments: [
            post(#"{"interactions": null}"#, 422, ("/interactions", "required")),
            post(#"{"interactions": {}}"#, 422, ("/interactions", "expected an array")),
            post(#"{"interactions": [1]}"#, 422, ("/interactions/0", "expected an object")),
            post(
                #"{"interactions": [\#(good), {"user_id": "a"}, \#(good), {"item_id": "", "user_id": "c"}]}"#, 422,
                ("/interactions/1/item_id", "required"), ("/interactions/3/item_id", "empty")),
            post(#"{"interactions": [\#(good)], "interaction": 1}"#, 422, ("/interaction", "did you mean")),
            post(#"{"interactions": [\#(good)], "interactions": []}"#, 422, ("/interactions", "more than once")),
            post(#"{"interactions": [\#(good)], "partial": "yes"}"#, 422, ("/partial", "true or false")),
        ])
    func illFormedList(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "a head that is not as the route takes it",
        arguments: [
            Refusal("POST", "/interactions", good, 415, type: "application/xml", says: "application/xml"),
            Refusal("POST", "/interactions", good, 415, type: "multipart/form-data; boundary=x"),
            Refusal(
                "POST", "/interactions?partail=true", good, 400, [("?partail", "did you mean \"partial\"?")]),
            Refusal("POST", "/interactions?partial=maybe", good, 400, [("?partial", "true or false")]),
            Refusal("POST", "/interactions?partial=true&partial=true", good, 400, [("?partial", "twice")]),
            Refusal("POST", "/interactions?partial=%zz", good, 400),
            Refusal("POST", "/interactions?%00=1", good, 400),
            Refusal(
                "POST", "/interactions", good, 400,
                fields: "Idempotency-Key: \(String(repeating: "k", count: 241))\r\n",
                says: "Idempotency-Key"),
            Refusal(
                "POST", "/interactions", good, 400, fields: "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
                says: "Idempotency-Key"),
            Refusal(
                "POST", "/interactions", good, 400, fields: "Idempotency-Key: a\r\nidempotency-key: a\r\n",
                says: "Idempotency-Key"),
            Refusal("POST", "/interactions", good, 400, fields: "Idempotency-Key:\r\n", says: "Idempotency-Key"),
            Refusal("POST", "/interactions", good, 400, fields: "Idempotency-Key: a\u{FFFD}\r\n", says: "UTF-8"),
            Refusal(
                "POST", "/interactions", good, 400,
                fields: "Content-Type: application/json\r\nContent-Type: text/csv\r\n", says: "Content-Type"),
        ])
    func headRefused(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test("an Idempotency-Key that is not UTF-8 is refused: repaired, all such keys would be the same")
    func keyIsText() throws {
        let service = try TestService()
        let client = try service.client()
        let head = "POST /interactions HTTP/1.1\r\nHost: test\r\nContent-Length: \(Self.good.utf8.count)\r\n"
        client.send(Array("\(head)Idempotency-Key: k".utf8) + [0xE9] + Array("\r\n\r\n\(Self.good)".utf8))
        let answer = client.readResponse()
        Reply(head: answer.head, content: answer.content).expectProblem(400)
        #expect(try service.store.counts.interactions == 0)
    }

    @Test(
        "a 415 says what is taken",
        arguments: [
            "text/html", "application/json; charset=latin1", "application/json;charset=\"ISO-8859-1\"",
            "text/csv; header=present; CHARSET=utf-16", "application/x-ndjson; charset=", "text/csv; charset",
            "application/json; charset=utf-8; charset=latin1", "application/x-www-form-urlencoded; charset=cp1252",
        ])
    func mediaTypes(type: String) throws {
        let service = try TestService()
        try Refusal("POST", "/interactions", Self.good, 415, type: type).check(with: service)
        let reply = try service.post("/interactions", Self.good, type: type)
        #expect(reply.field("Accept") == "application/json, application/x-ndjson, text/csv")
    }

    @Test("a charset that is not read is named, on the routes that take JSON alone too")
    func charset() throws {
        for path in ["/interactions", "/train", "/recommend"] {
            let reply = try TestService().post(path, "{}", type: "application/json; charset=latin1")
            reply.expectProblem(415)
            #expect(reply.json["detail"]?.string?.contains("\"latin1\"") == true, "\(reply.text)")
            #expect(reply.json["detail"]?.string?.contains("UTF-8") == true, "\(reply.text)")
            let accepted = "application/json" + (path == "/interactions" ? ", application/x-ndjson, text/csv" : "")
            #expect(reply.field("Accept") == accepted)
        }
    }

    @Test("of many faults the first hundred are listed and all are counted", arguments: [100, 101])
    func manyFaults(count: Int) throws {
        let service = try TestService()
        let list = Array(repeating: #"{"user_id": "a"}"#, count: count).joined(separator: ",")
        let reply = try service.post("/interactions", "{\"interactions\": [\(list)]}")
        reply.expectProblem(422)
        #expect(reply.faults.count == 100)
        #expect(reply.json["error_count"]?.int == count)
        let rows = String(repeating: "{\"user_id\": \"a\"}\n", count: count)
        let upload = try service.post("/interactions", rows, type: "application/x-ndjson")
        upload.expectProblem(422)
        #expect(upload.faults.count == 100)
        #expect(upload.json["error_count"]?.int == count)
        #expect(try service.store.counts.interactions == 0)
    }

    @Test(
        "a JSON body of as many bytes as the limit is taken, and one more is refused", arguments: [(0, 200), (1, 413)])
    func bodyLimit(excess: Int, status: Int) throws {
        let service = try TestService { $0.server.bodyBytes = 500 }
        let body = Self.good + String(repeating: " ", count: 500 - Self.good.utf8.count + excess)
        let reply = try service.post("/interactions", body)
        #expect(reply.status == status)
        if status == 413 { reply.expectProblem(413) }
        #expect(try service.store.counts.interactions == (status == 200 ? 1 : 0))
    }

    @Test(
        "what every client sends is taken",
        arguments: [
            (good, nil), (good, "application/json"), (good, "Application/JSON; charset=utf-8"),
            (good, "application/json;charset=\"UTF-8\""), (good, "application/json; charset=us-ascii"),
            (good, "application/json; charset=utf8; profile=\"a;b\""),
            (good, "application/x-www-form-urlencoded"), ("{\"interactions\": [\(good)]}", nil),
            (#"{"user_id": 7, "item_id": -3, "rating": null}"#, nil),
            (#"{"user_id": "\#(String(repeating: "ü", count: 128))", "item_id": "b", "weight": 0}"#, nil),
            (#"{"user_id": "a", "item_id": "b", "timestamp": "2026-03-01T12:30:00.5+01:00", "kind": "view"}"#, nil),
            (good, "application/x-ndjson"), ("user_id,item_id\na,b\n", "text/csv"),
        ] as [(String, String?)])
    func accepted(body: String, type: String?) throws {
        let service = try TestService()
        let reply = try service.post("/interactions", body, type: type)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.field("Content-Type") == "application/json")
        #expect(reply.json["stored"]?.int == 1)
        #expect(reply.json["duplicates"]?.int == 0)
        #expect(reply.json["rejected"]?.int == 0)
        #expect(try service.store.counts.interactions == 1)
    }

    @Test(
        "bodies beyond what may be held of all together are answered 503, whoever gathers them",
        arguments: ["/interactions", "/recommend"])
    func heldBodies(path: String) throws {
        let service = try TestService { $0.server.heldBodyBytes = 100_000 }
        let body = String(repeating: " ", count: 60_000) + "{}"
        do {
            let others = service.service.contentBudget.reserve()
            #expect(others.grow(to: 60_000))
            let refused = try service.post(path, body)
            refused.expectProblem(503)
            #expect(refused.field("Retry-After") != nil)
            withExtendedLifetime(others) {}
        }
        for _ in 0..<3 { #expect(try service.post(path, body).status == 422) }
    }
}
