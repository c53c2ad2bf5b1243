import Dispatch
import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/items: what can be recommended", .timeLimit(.minutes(1)))
struct CatalogTests {
    private static let film = """
        {"title": "Casablanca (1942)", "tags": ["classic", "classic"], "attributes": {"genres": ["Drama", "Romance"], \
        "year": 1942, "colour": false, "studio": "Warner"}, "hidden": false, "domain": "films", \
        "available_from": "2026-01-01T00:00:00Z", "available_until": 4102444800}
        """

    @Test("vectors of one name have one length, however often a request names an item")
    func vectorLengths() throws {
        let service = try TestService()
        for item in 0..<3 {
            #expect(try service.ask("PUT", "/items/i\(item)", #"{"vectors": {"v": [1, 2, 3]}}"#).status == 201)
        }
        let plain = Array(repeating: #"{"item_id": "i0"}"#, count: 4)
        let longer = #"{"item_id": "i9", "vectors": {"v": [1, 2, 3, 4]}}"#
        let refused = try service.post("/items", "{\"items\": [\((plain + [longer]).joined(separator: ","))]}")
        refused.expectProblem(422)
        #expect(try service.get("/items/i9").status == 404)
        // The only ones of a name may change their length together.
        for item in 1..<3 { _ = try service.ask("DELETE", "/items/i\(item)") }
        let twice =
            #"{"items": [{"item_id": "i0", "vectors": {"v": [1]}}, {"item_id": "i0", "vectors": {"v": [1, 2]}}]}"#
        #expect(try service.post("/items", twice).status == 200)
        #expect(try service.ask("PUT", "/items/i1", #"{"vectors": {"v": [3, 4]}}"#).status == 201)
    }

    @Test(
        "a record that an import would not read is not stored, whole or by a patch; one at the limit is",
        arguments: ["items", "users"])
    func longRecords(kind: String) throws {
        let service = try TestService()
        let most = 1_048_576
        func attributes(_ length: Int) -> String {
            let texts = stride(from: 0, to: length, by: 65_000).enumerated().map { index, begin in
                "\"a\(index)\":\"\(String(repeating: "x", count: min(65_000, length - begin)))\""
            }
            return "{\"attributes\":{\(texts.joined(separator: ","))}}"
        }
        let path = "/\(kind)/r"
        let longest = most - (try service.ask("PUT", path, attributes(1_041_000)).text.utf8.count - 1_041_000)
        #expect(try service.ask("PUT", path, attributes(longest)).text.utf8.count == most)
        let refused = try service.ask("PUT", path, attributes(longest + 1))
        refused.expectProblem(422)
        #expect(refused.text.contains("is \(most + 1) bytes long as a line of an export; at most \(most) are stored"))
        try service.ask("PATCH", path, #"{"attributes":{"b":true}}"#).expectProblem(422)
        #expect(try service.get(path).text.utf8.count == most)
    }

    @Test("an item is created, read, replaced, changed and deleted")
    func life() throws {
        let service = try TestService()
        let created = try service.ask("PUT", "/items/483", Self.film)
        #expect(created.status == 201)
        #expect(created.json["item_id"]?.string == "483")
        #expect(created.json["title"]?.string == "Casablanca (1942)")
        #expect(created.json["tags"]?.elements.map(\.string) == ["classic"])
        #expect(created.json["attributes"]?["genres"]?.elements.map(\.string) == ["Drama", "Romance"])
        #expect(created.json["attributes"]?["year"]?.double == 1942)
        #expect(created.text.contains(#""year":1942,"#) || created.text.contains(#""year":1942}"#))
        #expect(created.json["attributes"]?["colour"]?.bool == false)
        #expect(created.json["available_until"]?.string == "2100-01-01T00:00:00Z")
        #expect(try service.get("/items/483").text == created.text)
        let replaced = try service.ask("PUT", "/items/483", #"{"title": "Other", "item_id": 483}"#)
        #expect(replaced.status == 200)
        #expect(replaced.json["attributes"] == nil)
        let mergePatch = "Content-Type: application/merge-patch+json\r\n"
        #expect(try service.ask("PATCH", "/items/483", "{}", fields: mergePatch).status == 200)
        #expect(try service.ask("PUT", "/items/483", "{}", fields: mergePatch).status == 415)
        let patched = try service.ask("PATCH", "/items/483", #"{"attributes": {"year": 1942}}"#)
        #expect(patched.status == 200)
        #expect(patched.json["title"]?.string == "Other")
        #expect(patched.json["attributes"]?["year"]?.double == 1942)
        #expect(try service.ask("DELETE", "/items/483").status == 204)
        try service.get("/items/483").expectProblem(404)
        try service.ask("DELETE", "/items/483").expectProblem(404)
        try service.ask("PATCH", "/items/483", "{}").expectProblem(404)
    }

    @Test("an attribute that is an integer keeps its digits")
    func integers() throws {
        let service = try TestService()
        let body = #"{"attributes": {"a": 9007199254740992, "b": -9007199254740992, "c": 0, "d": 1999}}"#
        #expect(try service.ask("PUT", "/items/1", body).status == 201)
        #expect(
            try service.get("/items/1").text
                == #"{"item_id":"1","attributes":{"a":9007199254740992,"b":-9007199254740992,"c":0,"d":1999}}"#)
    }

    @Test("a patch replaces members, merges attributes, and takes away what is null")
    func mergesPatches() throws {
        let service = try TestService()
        _ = try service.ask("PUT", "/items/483", Self.film)
        let patched = try service.ask(
            "PATCH", "/items/483",
            #"{"title": null, "tags": ["new"], "hidden": true, "attributes": {"year": null, "studio": "MGM", "length": 102}}"#
        )
        #expect(patched.status == 200, "\(patched.text)")
        #expect(patched.json["title"] == nil)
        #expect(patched.json["hidden"]?.bool == true)
        #expect(patched.json["tags"]?.elements.map(\.string) == ["new"])
        #expect(patched.json["domain"]?.string == "films")
        let attributes = patched.json["attributes"]
        #expect(attributes?["year"] == nil && attributes?["studio"]?.string == "MGM")
        #expect(attributes?["length"]?.double == 102 && attributes?["genres"]?.count == 2)
        #expect(try service.get("/items/483").text == patched.text)
    }

    @Test("many items at once, new and known, all or nothing")
    func storesMany() throws {
        let service = try TestService()
        let first = try service.post("/items", #"{"item_id": "a", "title": "A"}"#)
        #expect(first.status == 200)
        #expect(first.json["stored"]?.int == 1 && first.json["created"]?.int == 1)
        let second = try service.post("/items", #"{"items": [{"item_id": "a"}, {"item_id": 2}, {"item_id": "c"}]}"#)
        #expect(second.json["stored"]?.int == 3 && second.json["created"]?.int == 2)
        #expect(try service.store.counts.catalogueItems == 3)
        let none = try service.post("/items", #"{"items": []}"#)
        #expect(none.status == 200 && none.json["stored"]?.int == 0)
    }

    @Test("items may be withdrawn among those that are stored, all or nothing, and are not shown")
    func withdrawsMany() throws {
        let service = try TestService.trained()
        func isShown(_ id: String) throws -> Bool {
            try service.get("/recommend?user_id=u3&limit=100").items.contains(id)
        }
        _ = try service.ask("PUT", "/items/i2", "{}")
        #expect(try isShown("i0") && isShown("i2"))
        func post(_ items: String...) throws -> Reply {
            try service.post("/items", "{\"items\": [\(items.joined(separator: ","))]}")
        }
        let withdrawn = ["i0", "i2"].map { "{\"item_id\": \"\($0)\", \"withdrawn\": true}" }
        let refused = try post(withdrawn[0], #"{"item_id": "i2", "withdrawn": true, "tags": []}"#)
        refused.expectProblem(422)
        #expect(refused.faults.map(\.pointer) == ["/items/1/tags"])
        #expect(try isShown("i0"))
        let reply = try post(withdrawn[0], #"{"item_id": "i9"}"#, withdrawn[1])
        #expect(reply.text == #"{"stored":1,"created":1,"withdrawn":2}"#)
        #expect(try service.get("/items/i2").status == 404)
        #expect(try !isShown("i0") && !isShown("i2"))
        #expect(try service.post("/items", #"{"item_id": "i0", "withdrawn": false}"#).status == 200)
        #expect(try isShown("i0"))
    }

    @Test("a vector may have another length once those of its name are withdrawn, in the same request too")
    func withdrawnVectors() throws {
        let service = try TestService()
        func post(_ items: String...) throws -> Int {
            try service.post("/items", "{\"items\": [\(items.joined(separator: ","))]}").status
        }
        func item(_ id: String, _ vector: String) -> String {
            "{\"item_id\": \"\(id)\", \"vectors\": {\"v\": \(vector)}}"
        }
        func withdrawn(_ id: String) -> String { "{\"item_id\": \"\(id)\", \"withdrawn\": true}" }
        #expect(try post(item("a", "[1]"), withdrawn("a"), item("b", "[1, 2]")) == 200)
        #expect(try post(item("a", "[1]")) == 422)
        #expect(try post(withdrawn("b"), item("a", "[1]"), withdrawn("a"), item("a", "[1, 2, 3]")) == 200)
    }

    @Test("pages by cursor hold every item once, the last has no next")
    func pages() throws {
        let service = try TestService()
        let ids = ["a", "b c", "d/e", "ü", "&=?"]
        for id in ids {
            let path = id.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(try service.ask("PUT", "/items/\(path)", "{}").status == 201)
        }
        var seen: [String] = []
        var query = "limit=2"
        while true {
            let page = try service.get("/items?\(query)").json
            seen += page["items"]?.elements.compactMap { $0["item_id"]?.string } ?? []
            guard let next = page["next"]?.string else { break }
            query = "limit=2&cursor=" + next.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(seen.sorted() == ids.sorted())
    }

    private static func put(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("PUT", "/items/known", body, 422, faults)
    }

    private static func patch(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("PATCH", "/items/known", body, 422, faults)
    }

    private static func post(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("POST", "/items", body, 422, faults)
    }

    @Test(
        "what is not an item is refused, and the item stays as it was",
        arguments: [
            Refusal("PUT", "/items/known", "", 400, says: "empty"),
            Refusal("PUT", "/items/known", "{", 400, says: "JSON"),
            Refusal("PUT", "/items/known", "{}", 415, type: "text/csv"),
            Refusal("PUT", "/items/known?hidden=true", "{}", 400, [("?hidden", "unknown")]),
            Refusal("PUT", "/items/%01", "{}", 400, says: "control"),
            Refusal("PUT", "/items/\(String(repeating: "i", count: 257))", "{}", 400, says: "257"),
            Refusal("GET", "/items/missing", nil, 404, says: "missing"),
            Refusal("GET", "/items?limit=0", nil, 400, [("?limit", "from 1")]),
            Refusal("GET", "/items?limit=1001", nil, 400, [("?limit", "from 1")]),
            Refusal("GET", "/items?cursr=a", nil, 400, [("?cursr", "cursor")]),
            Refusal("PATCH", "/items/missing", "{}", 404),
            put("[]", ("", "object")),
            put(#"{"item_id": "other"}"#, ("/item_id", "other")),
            put(#"{"titel": "x"}"#, ("/titel", "did you mean \"title\"?")),
            put(#"{"title": 5}"#, ("/title", "string")),
            put(#"{"title": "\#(String(repeating: "t", count: 4097))"}"#, ("/title", "4096")),
            put(#"{"tags": "drama"}"#, ("/tags", "array")),
            put(#"{"tags": ["", 5]}"#, ("/tags/0", "empty")),
            put(#"{"attributes": []}"#, ("/attributes", "object")),
            put(
                #"{"attributes": {"a": {}, "b": [1], "": 1}}"#,
                ("/attributes/a", "object"), ("/attributes/b/0", "string"), ("/attributes/", "empty")),
            put(#"{"attributes": {"a": 1, "a": 2}}"#, ("/attributes/a", "more than once")),
            put(
                #"{"attributes": {"a": 9007199254740993, "b": -9007199254740993, "c": 18446744073709551616}}"#,
                ("/attributes/a", "2^53"), ("/attributes/b", "as text"), ("/attributes/c", "2^53")),
            put(
                #"{"title": "a\u0000", "attributes": {"a": "\u0000", "b": ["x", "\u0000"]}}"#, ("/title", "U+0000"),
                ("/attributes/a", "U+0000"), ("/attributes/b/1", "U+0000")),
            patch(#"{"title": "\u0000"}"#, ("/title", "U+0000")),
            post(#"{"items": [{"item_id": "a", "attributes": {"b": "\u0000"}}]}"#, ("/items/0/attributes/b", "U+0000")),
            put(#"{"hidden": "no"}"#, ("/hidden", "true or false")),
            put(#"{"available_from": "soon"}"#, ("/available_from", "RFC 3339")),
            put(#"{"available_from": 2, "available_until": 2}"#, ("/available_until", "later")),
            put(#"{"vectors": [1]}"#, ("/vectors", "object")),
            put(#"{"vectors": {"image": []}}"#, ("/vectors/image", "from 1 to 4096")),
            put(
                #"{"vectors": {"image": [1, "2", null, 1e39], "text": 5}}"#, ("/vectors/image/1", "number"),
                ("/vectors/image/2", "number"), ("/vectors/image/3", "3.4e38"), ("/vectors/text", "array")),
            post(
                #"{"items": [{"item_id": "a", "vectors": {"v": [1]}}, {"item_id": "b", "vectors": {"v": [1, 2]}}]}"#,
                ("/items/1/vectors/v", "2 elements")),
            put(#"{"domain": ""}"#, ("/domain", "empty")),
            patch("5", ("", "object")),
            patch(#"{"titel": null}"#, ("/titel", "did you mean \"title\"?")),
            patch(#"{"title": 5}"#, ("/title", "string")),
            patch(#"{"title": "a", "title": null}"#, ("/title", "more than once")),
            patch(#"{"attributes": {"a": {"b": 1}}}"#, ("/attributes/a", "object")),
            patch(#"{"item_id": "other"}"#, ("/item_id", "other")),
            post("{}", ("/item_id", "required")),
            post("[]", ("", "object")),
            post(#"{"items": null}"#, ("/items", "required")),
            post(#"{"items": {}}"#, ("/items", "array")),
            post(#"{"items": [], "item": 1}"#, ("/item", "did you mean")),
            post(
                #"{"items": [{"item_id": "a"}, {"item_id": "b", "hidden": 1}, 5]}"#,
                ("/items/1/hidden", "true or false"),
                ("/items/2", "object")),
        ])
    func refused(refusal: Refusal) throws {
        let service = try TestService()
        _ = try service.ask("PUT", "/items/known", Self.film)
        try refusal.check(with: service)
    }

    // MARK: What answers show

    @Test("an answer holds the members that were asked for, of items that have a record")
    func fields() throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/items/i0", Self.film)
        func record(_ query: String) throws -> JSONValue? {
            let reply = try service.post("/recommend", "{\"user_id\": \"u3\", \"candidates\": [\"i0\"]\(query)}")
            return reply.json["items"]?[0]?["item"]
        }
        #expect(try record("")?["title"]?.string == "Casablanca (1942)")
        #expect(try record("")?.count == 1)
        let all = try record(#", "fields": ["year", "title", "genres", "tags", "domain", "unheard of"]"#)
        #expect(all?["year"]?.double == 1942)
        #expect(all?["genres"]?.elements.map(\.string) == ["Drama", "Romance"])
        #expect(all?["tags"]?.elements.map(\.string) == ["classic"])
        #expect(all?["domain"]?.string == "films")
        #expect(all?.count == 5)
        #expect(try record(#", "fields": []"#) == nil)
        let query = try service.get("/recommend?user_id=u3&limit=100&fields=year,studio").json["items"]
        let item = query?.elements.first { $0["item_id"]?.string == "i0" }?["item"]
        #expect(item?.count == 2 && item?["studio"]?.string == "Warner")
        // Each once, however often it is asked for.
        let twice = try record(#", "fields": ["year", "title", "year", "title"]"#)
        #expect(twice?.members.map(\.name) == ["year", "title"])
    }

    @Test(
        "what is hidden or not available now is never shown, before and after there is a model",
        arguments: [#""hidden": true"#, #""available_from": 4102444800"#, #""available_until": 1000000000"#],
        [false, true])
    func withheld(member: String, hasModel: Bool) throws {
        let service = try TestService()
        try service.loadCheckerboard()
        if hasModel { try service.train() }
        func shown(_ body: String) throws -> [String] { try service.post("/recommend", body).items }
        let questions = [
            #"{"user_id": "u3", "limit": 100}"#, #"{"user_id": "stranger", "limit": 100}"#,
            #"{"history": ["i1"], "limit": 100}"#, #"{"user_id": "u3", "candidates": ["i0"], "exclude_seen": false}"#,
        ]
        for question in questions { #expect(try shown(question).contains("i0"), "\(question)") }
        _ = try service.ask("PUT", "/items/i0", "{\(member)}")
        for question in questions { #expect(try !shown(question).contains("i0"), "\(question)") }
        _ = try service.ask("PUT", "/items/i0", "{}")
        for question in questions { #expect(try shown(question).contains("i0"), "\(question)") }
    }

    @Test("an item is shown from the moment it becomes available until it no longer is")
    func availability() throws {
        let service = try TestService.trained()
        let now = service.time.milliseconds
        let window =
            "\"available_from\": \(Double(now + 1000) / 1000), \"available_until\": \(Double(now + 2000) / 1000)"
        _ = try service.ask("PUT", "/items/i0", "{\(window)}")
        func isShown() throws -> Bool { try service.get("/recommend?user_id=u3&limit=100").items.contains("i0") }
        for (step, isVisible) in [(0, false), (999, false), (1, true), (999, true), (1, false)] {
            service.time.advance(milliseconds: Int64(step))
            #expect(try isShown() == isVisible)
        }
    }

    @Test("a deleted item is never shown again, not after a restart either, until it is stored anew")
    func deleted() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("nectar.sqlite")
        do {
            let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
            try service.loadCheckerboard()
            try service.train()
            _ = try service.ask("PUT", "/items/i0", Self.film)
            #expect(try service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
            #expect(try service.ask("DELETE", "/items/i0").status == 204)
            #expect(try !service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
            try service.train()
            #expect(try !service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
        }
        let service = try TestService(store: SQLiteInteractionStore(path: path), directory: directory)
        #expect(try !service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
        #expect(try service.ask("PUT", "/items/i0", Self.film).status == 201)
        #expect(try service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
    }

    @Test("however many write an item at once, what is shown follows what is stored")
    func concurrentWrites() throws {
        let service = try TestService.trained()
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            guard let client = try? service.client() else { return }
            for turn in 0..<25 {
                _ = client.ask("PUT", "/items/i0", Array("{\"hidden\": \((turn + thread) % 2 == 0)}".utf8))
            }
        }
        let isHidden = try service.get("/items/i0").json["hidden"]?.bool ?? false
        #expect(try service.get("/recommend?user_id=u3&limit=100").items.contains("i0") == !isHidden)
    }

    @Test("a store that cannot write is a problem document, and the item is not shown as if it had")
    func storeFails() throws {
        let store = InterceptedStore()
        let service = try TestService.trained(store: store)
        store.fail(with: .full)
        for (method, body) in [("PUT", "{\"hidden\": true}"), ("PATCH", "{\"hidden\": true}"), ("DELETE", nil)] {
            try service.ask(method, "/items/i0", body).expectProblem(503)
        }
        try service.post("/items", #"{"item_id": "i0", "hidden": true}"#).expectProblem(503)
        store.fail(with: nil)
        #expect(try service.get("/recommend?user_id=u3&limit=100").items.contains("i0"))
    }
}
