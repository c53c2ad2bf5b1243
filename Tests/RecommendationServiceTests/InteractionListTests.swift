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
            ("user_id=a&user_id=b", "?user_id", "twice"), ("item_id=%01", "?item_id", "control"),
        ])
    func refused(query: String, pointer: String, words: String) throws {
        try Refusal("GET", "/interactions?\(query)", nil, 400, [(pointer, words)]).check(with: service())
    }
}
