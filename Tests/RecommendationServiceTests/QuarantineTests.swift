import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/quarantine: rows that a partial upload could not store", .timeLimit(.minutes(1)))
struct QuarantineTests {
    private static let ndjson = """
        {"user_id": "a1", "item_id": "i", "rating": "five"}
        {"user_id": "a1", "item_id": "i"}
        {"user_id": "b", "item_id": "i"
        {"user_id": "b", "user_id": "c", "item_id": "i"}

        """
    private static let csv = "user_id,item_id,rating\na1,\"i,1\",five\na1,i,4\nb,i\n"

    private func upload(
        _ service: TestService, _ body: String, type: String = "application/x-ndjson", key: String? = nil
    ) throws -> Reply {
        try service.post(
            "/interactions?partial=true", body, type: type, fields: key.map { "Idempotency-Key: \($0)\r\n" } ?? "")
    }

    private func rows(_ service: TestService, _ query: String = "") throws -> [JSONValue] {
        try service.get("/quarantine\(query)").json["rows"]?.elements.map(\.self) ?? []
    }

    @Test("the bad lines of an upload are kept as they were sent, and found by the upload's name")
    func kept() throws {
        let service = try TestService()
        let reply = try upload(service, Self.ndjson)
        #expect(reply.json["stored"]?.int == 1 && reply.json["rejected"]?.int == 3)
        #expect(reply.json["quarantined"]?.int == 3)
        let name = try #require(reply.json["upload"]?.string)
        #expect(name.hasPrefix("upload-") && name.utf8.count == 23)
        _ = try upload(service, Self.csv, type: "text/csv", key: "my key")
        let rows = try rows(service, "?upload=\(name)")
        #expect(rows.map { $0["line"]?.int } == [1, 3, 4])
        #expect(rows.map { $0["text"]?.string } == [0, 2, 3].map { String(Self.ndjson.split(separator: "\n")[$0]) })
        // Whose a broken row is, or one with two names, nobody can tell.
        #expect(rows.map { $0["user_id"]?.string } == ["a1", nil, nil])
        #expect(rows.allSatisfy { $0["format"]?.string == "ndjson" && $0["cut"]?.bool == false })
        #expect(rows[0]["detail"]?.string == reply.faults[0].detail)
        #expect(rows[0]["time"]?.string == "2026-01-01T00:00:00Z")
        let other = try self.rows(service, "?upload=my%20key")
        #expect(other.map { $0["line"]?.int } == [2, 4] && other.map { $0["user_id"]?.string } == ["a1", nil])
        #expect(other.map { $0["text"]?.string } == ["a1,\"i,1\",five", "b,i"])
        #expect(try self.rows(service, "?user_id=a1").count == 2)
    }

    @Test("of a JSON list the bad elements are kept, by their place", arguments: [true, false])
    func document(hasGoodOnes: Bool) throws {
        let service = try TestService()
        let good = hasGoodOnes ? #"{"user_id": "a", "item_id": "b"}, "# : ""
        let body = #"{"partial": true, "interactions": [\#(good){"user_id": "c", "itm_id": "d"}, 7]}"#
        let reply = try service.post("/interactions", body)
        #expect(reply.json["stored"]?.int == (hasGoodOnes ? 1 : 0) && reply.json["quarantined"]?.int == 2)
        let rows = try rows(service, "?upload=\(reply.json["upload"]?.string ?? "")")
        #expect(rows.map { $0["index"]?.int } == (hasGoodOnes ? [1, 2] : [0, 1]))
        #expect(rows.map { $0["text"]?.string } == [#"{"user_id":"c","itm_id":"d"}"#, "7"])
        #expect(rows.map { $0["user_id"]?.string } == ["c", nil])
        #expect(rows[0]["detail"]?.string?.contains("did you mean \"item_id\"?") == true)
    }

    @Test("of a document without a list the whole is kept", arguments: ["[7]", "{}", "7"])
    func wholeDocument(body: String) throws {
        let service = try TestService()
        let reply = try service.post("/interactions?partial=true", body)
        #expect(reply.json["rejected"]?.int == 1 && reply.json["quarantined"]?.int == 1)
        #expect(try rows(service).map { $0["text"]?.string } == [body])
    }

    @Test("where a fault stands in an element is told from the element on, as in a row")
    func placeInElement() throws {
        let service = try TestService()
        let element = #"{"user_id": "c", "item_id": "d", "rating": "five"}"#
        _ = try service.post("/interactions", #"{"partial": true, "interactions": [\#(element)]}"#)
        _ = try upload(service, element)
        let details = try rows(service).map { $0["detail"]?.string }
        #expect(details == Array(repeating: "rating: expected a number, found a string", count: 2))
    }

    /// Quadratic, it would take minutes.
    @Test(
        "of very many bad elements all are counted, the first are told and the last kept, in linear time",
        arguments: ["7", "{}"])
    func veryMany(element: String) throws {
        let service = try TestService { $0.quarantine.rows = 2_500 }
        let count = 250_000
        let list = Array(repeating: element, count: count).joined(separator: ",")
        let reply = try service.post("/interactions", "{\"partial\": true, \"interactions\": [\(list)]}")
        #expect(reply.status == 200 && reply.json["rejected"]?.int == count)
        #expect(reply.json["quarantined"]?.int == 2_500)
        #expect(reply.faults.count == 100 && reply.text.utf8.count < 20_000)
        let kept = try service.store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: .max)
        #expect(kept.map(\.line) == Array(count - 2_500..<count))
    }

    @Test("without partial, or without faults, nothing is kept")
    func nothing() throws {
        let service = try TestService()
        _ = try service.post("/interactions", Self.ndjson, type: "application/x-ndjson")
        _ = try service.post("/interactions", #"{"interactions": [{"user_id": "c"}]}"#)
        let good = try upload(service, "{\"user_id\": \"a\", \"item_id\": \"b\"}\n")
        #expect(good.json["upload"] == nil && good.json["quarantined"] == nil)
        #expect(try rows(service).isEmpty)
    }

    @Test("a retry repeats nothing and gets the same answer", arguments: [ndjson, csv])
    func retry(body: String) throws {
        let service = try TestService()
        let type = body == Self.csv ? "text/csv" : "application/x-ndjson"
        let first = try upload(service, body, type: type, key: "k")
        #expect(try upload(service, body, type: type, key: "k").text == first.text)
        #expect(first.json["upload"]?.string == "k")
        #expect(try rows(service).count == first.json["rejected"]?.int)
    }

    @Test("a list has pages, and tells how much is held and how much was dropped")
    func pages() throws {
        let service = try TestService { $0.quarantine.rows = 4 }
        _ = try upload(service, "1\n2\n3\n4\n5\n6\n")
        let first = try service.get("/quarantine?limit=3")
        #expect(first.json["held"]?.int == 4 && first.json["dropped"]?.int == 2)
        #expect(first.json["rows"]?.elements.map { $0["line"]?.int } == [3, 4, 5])
        let next = try #require(first.json["next"]?.string)
        let second = try service.get("/quarantine?limit=3&cursor=\(next)")
        #expect(second.json["rows"]?.elements.map { $0["line"]?.int } == [6])
        #expect(second.json["next"]?.isNull == true)
        let metrics = try service.get("/metrics").text
        for line in [
            "nectar_quarantine_rows 4", "nectar_quarantined_rows_total 6", "nectar_quarantine_dropped_total 2",
        ] {
            #expect(metrics.contains("\n\(line)\n"))
        }
    }

    @Test("more bad lines than fit a transaction are all kept, the longest of them cut")
    func many() throws {
        let service = try TestService { $0.quarantine.textBytes = 20 }
        let count = 2_345
        let exact = String(repeating: "x", count: 20)
        let long = String(repeating: "x", count: 65_537)
        let body = (1...count).map { "\($0)\n" }.joined() + "\(exact)\n\(exact)y\n\(long)\n"
        #expect(try upload(service, body).json["quarantined"]?.int == count + 3)
        let last = try rows(service, "?cursor=\(count)")
        #expect(last.map { $0["text"]?.string } == [exact, exact, exact])
        #expect(last.map { $0["cut"]?.bool } == [false, true, true])
        #expect(try service.store.quarantineCounts.rows == count + 3)
    }

    @Test("where no rows are to be kept, none is, and the answer names no upload")
    func closed() throws {
        let service = try TestService { $0.quarantine.rows = 0 }
        for reply in [
            try upload(service, Self.ndjson),
            try service.post("/interactions", #"{"partial": true, "interactions": [7]}"#),
        ] {
            #expect(reply.status == 200 && reply.json["rejected"] != nil)
            #expect(reply.json["upload"] == nil && reply.json["quarantined"] == nil)
        }
        #expect(try rows(service).isEmpty)
    }

    @Test("an upload's rows are taken away by its name, all without one, and again is no fault")
    func clearing() throws {
        let service = try TestService()
        for key in ["a/b", "c"] { _ = try upload(service, Self.ndjson, key: key) }
        #expect(try service.ask("DELETE", "/quarantine/a%2Fb").json["removed"]?.int == 3)
        #expect(try service.ask("DELETE", "/quarantine/a%2Fb").json["removed"]?.int == 0)
        #expect(try rows(service).count == 3)
        #expect(try service.ask("DELETE", "/quarantine").json["removed"]?.int == 3)
        #expect(try rows(service).isEmpty)
    }

    @Test("an erasure takes a person's rows too, an export shows them, and what is under way keeps out")
    func person() throws {
        let service = try TestService()
        _ = try upload(service, Self.ndjson)
        let export = try service.get("/users/a1/export")
        #expect(export.json["quarantined"]?.elements.map { $0["line"]?.int } == [1])
        let receipt = try service.ask("DELETE", "/users/a1")
        #expect(receipt.json["erased"]?.bool == true && receipt.json["quarantined"]?.int == 1)
        try service.get("/users/a1/export").expectProblem(404)
        let late = try upload(service, Self.ndjson)
        #expect(late.json["rejected"]?.int == 3 && late.json["quarantined"]?.int == 2)
        #expect(try rows(service, "?user_id=a1").isEmpty)
    }

    @Test("a quarantine that cannot be written is a problem, and the good rows are told apart by a retry")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService(store: store)
        // After the receipt of the key, which is an append.
        store.fail(with: .full, afterGroups: 1)
        try upload(service, "7\n", key: "k").expectProblem(503)
        store.fail(with: nil)
        #expect(try upload(service, "7\n", key: "k").json["quarantined"]?.int == 1)
    }
}
