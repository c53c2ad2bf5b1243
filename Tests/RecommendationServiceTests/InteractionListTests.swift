import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("GET and DELETE /interactions", .timeLimit(.minutes(1)))
struct InteractionListTests {
    private func service() throws -> TestService {
        let service = try TestService()
        let rows = [
            #"{"user_id": "a", "item_id": "x", "kind": "view", "interaction_id": "1", "rating": 4.5}"#,
            #"{"user_id": "a", "item_id": "y", "kind": "buy", "timestamp": 0.5, "weight": 2}"#,
            #"{"user_id": "b", "item_id": "x", "kind": "view", "interaction_id": "ü/7"}"#,
        ]
        #expect(try service.post("/interactions", "{\"interactions\": [\(rows.joined(separator: ","))]}").status == 200)
        return service
    }

    private func itemIDs(_ reply: Reply) -> [String] {
        reply.json["interactions"]?.elements.compactMap { $0["item_id"]?.string } ?? []
    }

    @Test("every member comes back as it was given, times in RFC 3339")
    func members() throws {
        let list = try service().get("/interactions").json["interactions"]
        #expect(list?.count == 3)
        #expect(list?[0]?["rating"]?.double == 4.5)
        #expect(list?[0]?["interaction_id"]?.string == "1")
        #expect(list?[1]?["timestamp"]?.string == "1970-01-01T00:00:00.500Z")
        #expect(list?[1]?["weight"]?.double == 2)
    }

    @Test("an ID that is an integer is its decimal text, however long, and whichever way it came")
    func longIntegers() throws {
        let service = try TestService()
        let (first, second) = ("18446744073709551616", "-123456789012345678901234567890")
        let row = "{\"user_id\": \(first), \"item_id\": \(second), \"interaction_id\": 9007199254740993}"
        #expect(try service.post("/interactions", row).status == 200)
        let line = "{\"user_id\": 9007199254740993, \"item_id\": \(first)}\n"
        #expect(try service.post("/interactions", line, type: "application/x-ndjson").status == 200)
        let stored = try service.store.interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: 9)
        #expect(stored.map(\.interaction.userID) == [first, "9007199254740993"])
        #expect(stored.map(\.interaction.itemID) == [second, first])
        #expect(stored.map(\.interaction.interactionID) == ["9007199254740993", nil])
        let answer = try service.post("/recommend", "{\"user_id\": \(first), \"history\": [\(second)]}")
        #expect(answer.json["user_id"]?.string == first && answer.items == [first])
    }

    @Test(
        "the parameters narrow the list",
        arguments: [
            ("user_id=a", ["x", "y"]), ("item_id=x", ["x", "x"]), ("kind=buy", ["y"]), ("user_id=a&kind=view", ["x"]),
            ("user_id=nobody", []), ("limit=1", ["x"]), ("limit=1000", ["x", "y", "x"]),
        ])
    func filters(query: String, items: [String]) throws {
        #expect(itemIDs(try service().get("/interactions?\(query)")) == items)
    }

    @Test("pages by cursor hold every interaction once, the last has no next")
    func pages() throws {
        let service = try service()
        var items: [String] = []
        var query = "limit=2"
        while true {
            let page = try service.get("/interactions?\(query)")
            items += itemIDs(page)
            guard let next = page.json["next"]?.string else { break }
            query = "limit=2&cursor=\(next)"
        }
        #expect(items == ["x", "y", "x"])
    }

    @Test("a deleted interaction is gone, and a second time it is not there")
    func delete() throws {
        let service = try service()
        let reply = try service.ask("DELETE", "/interactions/%C3%BC%2F7")
        #expect(reply.status == 204 && reply.content.isEmpty)
        #expect(itemIDs(try service.get("/interactions")) == ["x", "y"])
        try service.ask("DELETE", "/interactions/%C3%BC%2F7").expectProblem(404)
    }

    @Test("every row is shown under a name, by which it is deleted")
    func deleteByName() throws {
        let service = try service()
        func names() throws -> [String] {
            try service.get("/interactions").json["interactions"]?.elements.compactMap { $0["interaction_id"]?.string }
                ?? []
        }
        #expect(try names() == ["1", "row:2", "ü/7"])
        try service.ask("DELETE", "/interactions/row:4").expectProblem(404)
        #expect(try service.ask("DELETE", "/interactions/row:2").status == 204)
        #expect(try names() == ["1", "ü/7"])
        try service.ask("DELETE", "/interactions/row:2").expectProblem(404)
        // Never given to another row.
        #expect(try service.post("/interactions", #"{"user_id": "a", "item_id": "z"}"#).status == 200)
        #expect(try names() == ["1", "ü/7", "row:4"])
    }

    @Test("a name as rows without one have it is not taken from a caller", arguments: ["json", "ndjson", "csv"])
    func reservedName(format: String) throws {
        let service = try TestService()
        let object = #"{"user_id": "a", "item_id": "b", "interaction_id": "row:17"}"#
        let reply =
            switch format {
            case "json": try service.post("/interactions", object)
            case "ndjson": try service.post("/interactions", object, type: "application/x-ndjson")
            default:
                try service.post(
                    "/interactions", "user_id,item_id,interaction_id\na,b,row:17\n", type: "text/csv")
            }
        reply.expectProblem(422)
        #expect(
            reply.faults.first?.pointer == (format == "json" ? "/interaction_id" : "line \(format == "csv" ? 2 : 1)"))
        #expect(reply.faults.first?.detail.contains("row:17") == true, "\(reply.text)")
        #expect(try service.store.counts.interactions == 0)
    }

    @Test("an interaction that is deleted after a restart is forgotten, whether it has a name of its own or not")
    func deletedAfterRestart() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("nectar.sqlite")
        do {
            let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
            try service.loadCheckerboard()
            try service.train()
            let rows = #"{"user_id": "u3", "item_id": "i4", "interaction_id": "x"}, {"user_id": "u3", "item_id": "i2"}"#
            #expect(try service.post("/interactions", "{\"interactions\": [\(rows)]}").status == 200)
        }
        let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
        func items() throws -> Set<String> { Set(try service.get("/recommend?user_id=u3&limit=100").items) }
        #expect(try items().isDisjoint(with: ["i2", "i4"]))
        #expect(try service.ask("DELETE", "/interactions/x").status == 204)
        #expect(try items().isSuperset(of: ["i4"]) && items().isDisjoint(with: ["i2"]))
        let last = try service.get("/interactions?user_id=u3&item_id=i2").json["interactions"]?[0]?["interaction_id"]?
            .string
        #expect(try service.ask("DELETE", "/interactions/\(last ?? "")").status == 204)
        #expect(try items().isSuperset(of: ["i2", "i4"]))
    }

    @Test("what was there already is not counted again, and what came with it goes by its own row")
    func duplicatesAreNoNews() throws {
        let service = try TestService()
        let first = #"{"user_id": "a", "item_id": "x", "interaction_id": "1"}"#
        #expect(try service.post("/interactions", first).status == 200)
        let rows = #"{"user_id": "b", "item_id": "y"}, \#(first), {"user_id": "c", "item_id": "z"}"#
        let mixed = try service.post("/interactions", "{\"interactions\": [\(rows)]}")
        #expect(mixed.json["stored"]?.int == 2 && mixed.json["duplicates"]?.int == 1)
        let popular = try service.get("/recommend?user_id=d").json["items"]
        let third = Float(1) / 3
        let scores: [Float] = popular?.elements.compactMap { $0["score"]?.double }.map { Float($0) } ?? []
        #expect(scores == [third, third, third])
        #expect(try service.ask("DELETE", "/interactions/row:2").status == 204)
        #expect(try service.get("/recommend?user_id=d").items == ["x", "z"])
        #expect(try service.ask("DELETE", "/interactions/1").status == 204)
        #expect(try service.get("/recommend?user_id=d").items == ["z"])
    }

    @Test("a deleted interaction no longer counts before there is a model")
    func deletedIsForgotten() throws {
        let service = try service()
        #expect(try service.get("/recommend?user_id=c").items == ["x", "y"])
        #expect(try service.get("/recommend?user_id=b").items == ["y"])
        _ = try service.ask("DELETE", "/interactions/%C3%BC%2F7")
        #expect(Set(try service.get("/recommend?user_id=b").items) == ["x", "y"])
    }

    @Test(
        "a query that is not as the route takes it",
        arguments: [
            ("limit=0", "?limit", "from 1 to 1000"), ("limit=1001", "?limit", "from 1 to 1000"),
            ("limit=ten", "?limit", "ten"), ("limit=", "?limit", "whole number"), ("cursor=-1", "?cursor", "from 0"),
            ("cursor=x", "?cursor", "x"), ("user_id=", "?user_id", "empty"), ("usr_id=a", "?usr_id", "user_id"),
            ("kind=", "?kind", "empty"), ("kind=%C2%85", "?kind", "control"),
            ("user_id=a&user_id=b", "?user_id", "twice"), ("item_id=%01", "?item_id", "control"),
        ])
    func refused(query: String, pointer: String, words: String) throws {
        try Refusal("GET", "/interactions?\(query)", nil, 400, [(pointer, words)]).check(with: service())
    }
}
