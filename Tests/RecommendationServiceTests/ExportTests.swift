import InteractionFormats
import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("GET /export: all that is stored, streamed", .timeLimit(.minutes(1)))
struct ExportTests {
    private func export(_ service: TestService, _ query: String = "") throws -> (head: String, content: String) {
        let client = try service.client()
        client.send("GET /export\(query) HTTP/1.1\r\nHost: test\r\n\r\n")
        let head = client.read(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 ") && head.contains("chunked"))
        return (head, client.readChunks())
    }

    private static let odd: [Interaction] = [
        .init(userID: "u,1", itemID: "7\"", kind: "view", rating: 4.5, timestamp: -1),
        .init(userID: "\u{FEFF}é", itemID: "漢 😀", rating: -0.1, weight: 1e-7, interactionID: "x,\"y\""),
        .init(userID: " e\u{301} ", itemID: "\\n", rating: 1e9, weight: 123_456.789, timestamp: 253_402_300_799_999),
        .init(userID: "\u{2028}", itemID: "'", kind: "käuft, \"ja\"", timestamp: 951_782_400_123),
        .init(userID: "null", itemID: "1e5", kind: "true", rating: 0, weight: 0, timestamp: 0),
    ]

    private static let items: [Item] = [
        Item(
            id: "a,\"b\"", title: "Él \u{2028} \"x\"", tags: ["t,1", "é"],
            attributes: [
                "year": .number(1942), "share": .number(0.1), "big": .number(9_007_199_254_740_992),
                "long": .string("1\n2\t\u{1}"), "yes": .boolean(true), "list": .strings(["b", "a", ""]),
            ], vectors: ["text": [0.1, -3.4e38, 1, 1e-30], "image": [7]], hidden: true, availableFrom: 1,
            availableUntil: 951_782_400_123, domain: "films"),
        Item(id: "é"), Item(id: "e\u{301}", title: ""),
    ]

    private static let users: [User] = [
        User(id: "u,1", tags: ["vip"], attributes: ["age": .number(-0.5), "name": .string("é")]), User(id: "v"),
    ]

    private func fill(_ store: any InteractionStore) throws {
        _ = try store.append(Self.odd, idempotencyKey: nil)
        try store.putItems(Self.items)
        try store.putUsers(Self.users)
    }

    /// Sends what was exported to another service.
    private func send(_ export: String, _ what: String, _ type: String, to service: TestService) throws {
        guard what != "interactions" else {
            #expect(try service.post("/interactions", export, type: type).status == 200)
            return
        }
        let list = export.split(separator: "\n").joined(separator: ",")
        #expect(try service.post("/\(what)", "{\"\(what)\": [\(list)]}").status == 200)
    }

    @Test(
        "what was exported and sent to another server is exported there as the same bytes",
        arguments: [
            ("interactions", "ndjson", "application/x-ndjson"), ("interactions", "csv", "text/csv"),
            ("items", "ndjson", ""), ("users", "ndjson", ""),
        ])
    func roundTrip(what: String, format: String, type: String) throws {
        let directory = try TemporaryDirectory()
        let first = try TestService(store: SQLiteInteractionStore(path: directory.file("a.sqlite")))
        try fill(first.store)
        let export = try export(first, "?what=\(what)&format=\(format)")
        let second = try TestService(store: SQLiteInteractionStore(path: directory.file("b.sqlite")))
        try send(export.content, what, type, to: second)
        let again = try self.export(second, "?what=\(what)&format=\(format)")
        #expect(Array(again.content.utf8) == Array(export.content.utf8))
        switch what {
        case "interactions":
            let stored = try second.store.interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: 9)
            #expect(stored.map(\.interaction) == Self.odd)
        case "items": #expect(try second.store.lookUpItems(Self.items.map(\.id)) == Self.items)
        default: #expect(try second.store.users(after: nil, limit: 9) == Self.users)
        }
    }

    @Test("an item that was deleted is exported as withdrawn, and where that is sent it is not shown either")
    func withdrawnItems() throws {
        let first = try TestService()
        try first.store.putItems(["b", "i0", "a"].map { Item(id: $0) })
        for id in ["i0", "a"] { #expect(try first.ask("DELETE", "/items/\(id)").status == 204) }
        let export = try export(first, "?what=items").content
        #expect(
            export == """
                {"item_id":"b"}
                {"item_id":"a","withdrawn":true}
                {"item_id":"i0","withdrawn":true}

                """)
        let second = try TestService.trained()
        #expect(try second.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
        try send(export, "items", "", to: second)
        #expect(try !second.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
        #expect(try self.export(second, "?what=items").content == export)
    }

    @Test("items are exported in the order in which they came, and are the latest in that order where that is sent")
    func orderOfItems() throws {
        let directory = try TemporaryDirectory()
        let first = try TestService(store: SQLiteInteractionStore(path: directory.file("a.sqlite")))
        let names = (0..<120).map { "i\($0 * 37 % 120)" }
        try send(names.map { "{\"item_id\": \"\($0)\"}" }.joined(separator: "\n"), "items", "", to: first)
        for id in ["i5", "i37", "i99"] { #expect(try first.ask("DELETE", "/items/\(id)").status == 204) }
        for id in ["i99", "i0", "i37"] { #expect(try first.ask("PUT", "/items/\(id)", "{}").status < 300) }
        let export = try export(first, "?what=items").content
        let second = try TestService(store: SQLiteInteractionStore(path: directory.file("b.sqlite")))
        try send(export, "items", "", to: second)
        let latest = try first.get("/latest?limit=200").items
        #expect(latest.prefix(2) == ["i37", "i99"] && latest.count == 119)
        #expect(try second.get("/latest?limit=200").items == latest)
        #expect(try self.export(second, "?what=items").content == export)
    }

    @Test("thousands of withdrawn items are exported once each")
    func manyWithdrawn() throws {
        let service = try TestService()
        try service.store.changeItems((0..<4_321).map { .withdraw("i\($0)") })
        let lines = try export(service, "?what=items").content.split(separator: "\n")
        #expect(lines.count == 4_321 && Set(lines).count == 4_321)
    }

    @Test("an export of thousands of rows is whole, in order, and in pieces")
    func large() throws {
        let service = try TestService()
        let rows = (0..<9_999).map { Interaction(userID: "u\($0)", itemID: String(repeating: "i", count: 200)) }
        _ = try service.store.append(rows, idempotencyKey: nil)
        let lines = try export(service).content.split(separator: "\n")
        #expect(lines.count == rows.count)
        #expect(lines.first?.hasPrefix(#"{"user_id":"u0","#) == true)
        #expect(lines.last?.hasPrefix(#"{"user_id":"u9998","#) == true)
    }

    @Test("an empty store is exported as no rows, or a header", arguments: [("ndjson", 0), ("csv", 1)])
    func empty(format: String, lines: Int) throws {
        let service = try TestService()
        let export = try export(service, "?format=\(format)")
        #expect(export.content.split(separator: "\n").count == lines)
        #expect(export.head.contains("interactions.\(format)"))
    }

    @Test("HEAD says what GET would, without content")
    func head() throws {
        let reply = try TestService().ask("HEAD", "/export?what=items")
        #expect(reply.status == 200 && reply.field("Content-Type") == "application/x-ndjson")
    }

    @Test(
        "what cannot be written is refused by name",
        arguments: [
            ("what=models", "?what"), ("format=xml", "?format"), ("limit=1", "?limit"), ("what=items&format=csv", nil),
        ] as [(String, String?)])
    func refused(query: String, pointer: String?) throws {
        let reply = try TestService().get("/export?\(query)")
        reply.expectProblem(400)
        if let pointer { #expect(reply.faults.map(\.pointer) == [pointer]) }
    }

    @Test("a store that fails in the middle cuts the connection: what came is not the whole")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store)
        _ = try store.append((0..<5_000).map { Interaction(userID: "u\($0)", itemID: "i") }, idempotencyKey: nil)
        let client = try service.client()
        // More than one page is never read ahead of what the client takes, and the first page is.
        store.failInteractions(after: 1)
        client.send("GET /export HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains("u1999"))
        #expect(!text.hasSuffix("\r\n0\r\n\r\n") && !text.contains("u2000"))
    }
}
