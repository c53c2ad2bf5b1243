import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("Filters of /recommend, /popular, /trending and /latest", .timeLimit(.minutes(1)))
struct FilterTests {
    private let ofA = #"{"attribute": "group", "any_of": ["a"]}"#

    @Test("the model's best of what the filter wants, in the model's order")
    func model() throws {
        let service = try TestService.shop()
        func items(_ filter: String, _ more: String = "") throws -> [String] {
            try service.post(
                "/recommend", #"{"user_id": "u3", "limit": 12, "exclude_seen": false, "filter": \#(filter)\#(more)}"#
            ).items
        }
        let all = try service.post("/recommend", #"{"user_id": "u3", "limit": 12, "exclude_seen": false}"#).items
        #expect(try items(ofA) == all.filter { ["i0", "i3", "i6", "i9"].contains($0) })
        #expect(try items(#"{"all": []}"#) == all)
        #expect(try items(#"{"not": \#(ofA)}"#) == all.filter { !["i0", "i3", "i6", "i9"].contains($0) })
        let middle = #"{"all": [\#(ofA), {"attribute": "number", "at_least": 1, "at_most": 6}]}"#
        #expect(try items(middle) == all.filter { ["i3", "i6"].contains($0) })
        #expect(try items(middle, #", "candidates": ["i6", "i1"]"#) == ["i6"])
        #expect(try items(middle, #", "exclude": ["i6"]"#) == ["i3"])
        #expect(try items(#"{"attribute": "group", "any_of": ["d"]}"#) == [])
        let seen = try service.post("/recommend", #"{"user_id": "u3", "limit": 12, "filter": \#(ofA)}"#)
        #expect(Set(seen.items) == ["i0", "i3", "i6"])
        let batch = try service.post(
            "/recommend", #"{"users": [{"user_id": "u3"}, {"history": ["i1"]}], "filter": \#(middle), "explain": true}"#
        )
        let lists = batch.json["results"]?.elements.map { $0["items"]?.elements.compactMap { $0["item_id"]?.string } }
        #expect(lists.map { $0.map { Set($0 ?? []) } } == [["i3", "i6"], ["i3", "i6"]])
    }

    @Test("what is written to the catalogue counts in the next answer")
    func changes() throws {
        let service = try TestService.shop()
        func items() throws -> Set<String> {
            Set(try service.post("/recommend", #"{"user_id": "u3", "exclude_seen": false, "filter": \#(ofA)}"#).items)
        }
        #expect(try items() == ["i0", "i3", "i6", "i9"])
        _ = try service.ask("PATCH", "/items/i3", #"{"attributes": {"group": "b"}}"#)
        _ = try service.ask("PUT", "/items/i11", #"{"attributes": {"group": "a"}}"#)
        _ = try service.ask("DELETE", "/items/i9")
        _ = try service.ask("PATCH", "/items/i0", #"{"hidden": true}"#)
        #expect(try items() == ["i6", "i11"])
        try service.train("\"publish\": \"always\"")
        #expect(try items() == ["i6", "i11"])
    }

    @Test(
        "who nothing is known of gets what is popular, then what is new, of what the filter wants",
        arguments: [true, false])
    func strangers(isTrained: Bool) throws {
        let service = try TestService.shop(isTrained: isTrained)
        _ = try service.ask("PUT", "/items/new", #"{"attributes": {"group": "a"}}"#)
        _ = try service.ask("PUT", "/items/newer", #"{"attributes": {"group": "b"}}"#)
        let reply = try service.post("/recommend", #"{"user_id": "nobody", "filter": \#(ofA)}"#)
        #expect(Set(reply.items) == ["i0", "i3", "i6", "i9", "new"] && reply.items.last == "new")
        #expect(reply.sources == ["popular", "latest"])
        let some = try service.post("/recommend", #"{"user_id": "nobody", "limit": 2, "filter": \#(ofA)}"#).items
        #expect(some == Array(reply.items.prefix(2)))
        // Each without what it has seen.
        let batch = try service.post(
            "/recommend",
            #"{"users": [{"user_id": "x"}, {"history": ["new"]}, {"history": ["new", "newer"]}], "limit": 4, "filter": \#(ofA)}"#
        )
        let lists = batch.json["results"]?.elements.map { $0["items"]?.elements.compactMap { $0["item_id"]?.string } }
        let popular = Array(reply.items.prefix(4))
        #expect(lists.map { Array($0) } == [popular, popular, popular])
        let candidates = try service.post(
            "/recommend", #"{"user_id": "nobody", "candidates": ["newer", "i1", "i3", "new"], "filter": \#(ofA)}"#)
        #expect(candidates.items == ["i3", "new"])
        let others = try service.post("/recommend", #"{"user_id": "nobody", "limit": 20, "filter": {"not": \#(ofA)}}"#)
        #expect(Set(others.items) == ["i1", "i2", "i4", "i5", "i7", "i8", "i10", "i11", "newer"])
    }

    @Test("items that came after the training are filtered too")
    func features() throws {
        let service = try TestService { $0.features.minimumCount = 2 }
        for item in 0..<12 {
            _ = try service.ask(
                "PUT", "/items/i\(item)",
                #"{"tags": ["\#(item % 2 == 0 ? "even" : "odd")"], "attributes": {"number": 1}}"#)
        }
        try service.loadCheckerboard()
        try service.train("\"publish\": \"always\"")
        for (item, number) in [("fresh", 1), ("other", 2)] {
            _ = try service.ask("PUT", "/items/\(item)", #"{"tags": ["odd"], "attributes": {"number": \#(number)}}"#)
        }
        func items(_ filter: String) throws -> Set<String> {
            Set(try service.post("/recommend", #"{"user_id": "u3", "limit": 20, "filter": \#(filter)}"#).items)
        }
        try #require(try items(#"{"all": []}"#).isSuperset(of: ["fresh", "other"]))
        #expect(try items(#"{"attribute": "number", "at_least": 2}"#) == ["other"])
        let ofOne = try items(#"{"attribute": "number", "at_most": 1}"#)
        #expect(ofOne.contains("fresh") && !ofOne.contains("other"))
    }

    @Test(
        "/popular, /trending and /latest, by the same JSON in the query", arguments: ["popular", "trending", "latest"])
    func anybody(route: String) throws {
        let service = try TestService.shop(isTrained: false)
        let all = try service.get("/\(route)?limit=20\(route == "trending" ? "&window=30d" : "")").items
        func ask(_ filter: String, limit: Int = 20) throws -> Reply {
            let window = route == "trending" ? "&window=30d" : ""
            return try service.get("/\(route)?limit=\(limit)\(window)&filter=\(filter.percentEncoded)")
        }
        try #require(route == "trending" || Set(all) == Checkerboard.everyItem)
        let ofGroup = all.filter { ["i0", "i3", "i6", "i9"].contains($0) }
        #expect(try ask(ofA).items == ofGroup)
        #expect(try ask(ofA, limit: 1).items == Array(ofGroup.prefix(1)))
        #expect(try ask(#"{"not": \#(ofA)}"#).items == all.filter { !ofGroup.contains($0) })
        let refused = try ask(#"{"any": [{"attribut": "x"}]}"#)
        #expect(refused.status == 400 && refused.text.contains("?filter/any/0/attribut"), "\(refused.text)")
        #expect(try ask("{").status == 400)
    }

    @Test("far down a ranking, where nearly nothing is to be shown")
    func deep() throws {
        let service = try TestService()
        var rows = ""
        for item in 0..<3000 {
            for user in 0..<(item < 2990 ? 2 : 1) { rows += "{\"user_id\": \"\(user)\", \"item_id\": \"i\(item)\"}\n" }
        }
        #expect(try service.post("/interactions", rows, type: "application/x-ndjson").status == 200)
        _ = try service.ask("PUT", "/items/i2999", #"{"attributes": {"rare": true}}"#)
        let rare = #"{"attribute": "rare", "any_of": [true]}"#
        #expect(try service.get("/popular?filter=\(rare.percentEncoded)").items == ["i2999"])
        let stranger = try service.post("/recommend", #"{"user_id": "nobody", "filter": \#(rare)}"#)
        #expect(stranger.items == ["i2999"] && stranger.sources == ["popular"])
        // Hidden are as many of the most popular as a ranking has by itself.
        let hidden = (0..<1200).map { "{\"item_id\": \"i\($0)\", \"hidden\": true}" }.joined(separator: ",")
        #expect(try service.post("/items", "{\"items\": [\(hidden)]}").status == 200)
        #expect(try service.get("/popular?limit=2").items == ["i1200", "i1201"])
        #expect(try service.get("/recommend?user_id=nobody&limit=2").items == ["i1200", "i1201"])
    }
}

extension String {
    /// As a query holds it.
    fileprivate var percentEncoded: String {
        utf8.map { "%" + (String($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
    }
}
