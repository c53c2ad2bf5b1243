import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("Boosts of /recommend", .timeLimit(.minutes(1)))
struct BoostTests {
    /// What an answer says of an item.
    private struct Entry: Equatable {
        let item: String
        let score: Double
        let boost: Double
        var rank: Double { score * boost }
    }

    private func entries(_ list: JSONValue?) -> [Entry] {
        list?["items"]?.elements.map {
            Entry(
                item: $0["item_id"]?.string ?? "", score: $0["score"]?.double ?? .nan, boost: $0["boost"]?.double ?? 1)
        } ?? []
    }

    /// A boost, as it is sent.
    struct Sent: Sendable {
        let filter: String
        let factor: Double

        init(_ filter: String, _ factor: Double) { (self.filter, self.factor) = (filter, factor) }

        var json: String { "{\"filter\": \(filter), \"factor\": \(factor)}" }
    }

    private static let ofA = #"{"attribute": "group", "any_of": ["a"]}"#
    private static let high = #"{"attribute": "number", "at_least": 5}"#
    private static let everything = #"{"all": []}"#

    @Test(
        "the best by score times factor, as if all had been ranked",
        arguments: [
            [Sent(ofA, 3)], [Sent(ofA, 0.01)], [Sent(ofA, 1.5), Sent(high, 1.2)], [Sent(high, 2), Sent(ofA, 2)],
            [Sent(ofA, 0.5), Sent(ofA, 4)], [Sent(everything, 2)],
            [Sent("{\"not\": \(high)}", 1.3), Sent(high, 0.3), Sent(ofA, 1.1), Sent("{\"any\": [\(ofA)]}", 0.9)],
        ], [#""user_id": "u3""#, #""history": ["i1", "i2"]"#])
    func order(boosts: [Sent], subject: String) throws {
        let service = try TestService.shop()
        func applies(_ filter: String, to item: String) -> Bool {
            let number = Int(item.dropFirst()) ?? 0
            let isHigh = number >= 5 && number < 10
            return switch filter {
            case Self.everything: true
            case Self.high: isHigh
            case "{\"not\": \(Self.high)}": !isHigh
            default: number % 3 == 0 && number < 10
            }
        }
        let all = entries(
            try service.post("/recommend", "{\(subject), \"limit\": 12, \"exclude_seen\": false}").json)
        try #require(all.count == 12)
        let expected = all.map { entry in
            Entry(
                item: entry.item, score: entry.score,
                boost: boosts.reduce(1) { applies($1.filter, to: entry.item) ? $0 * $1.factor : $0 })
        }.sorted { $0.rank > $1.rank }
        for limit in [1, 4, 12] {
            let list = boosts.map(\.json).joined(separator: ",")
            let found = entries(
                try service.post(
                    "/recommend", "{\(subject), \"limit\": \(limit), \"exclude_seen\": false, \"boost\": [\(list)]}"
                ).json)
            #expect(found.map(\.item) == expected.prefix(limit).map(\.item))
            for (found, expected) in zip(found, expected) {
                #expect(found.score == expected.score && abs(found.boost / expected.boost - 1) < 1e-6)
            }
        }
    }

    @Test("with a filter, exclusions, explanations and several users")
    func together() throws {
        let service = try TestService.shop()
        let more = #""limit": 3, "exclude_seen": false, "exclude": ["i9"], "filter": \#(Self.high), "explain": true"#
        let boost = Sent(Self.ofA, 100).json
        let reply = try service.post(
            "/recommend", #"{"users": [{"user_id": "u4"}, {"user_id": "nobody"}], \#(more), "boost": [\#(boost)]}"#)
        let results = reply.json["results"].map { Array($0.elements) } ?? []
        try #require(results.count == 2)
        for result in results {
            let list = entries(result)
            #expect(list.first?.item == "i6" && list.first?.boost == 100)
            #expect(Set(list.map(\.item)).isSubset(of: ["i5", "i6", "i7", "i8"]) && list.count == 3)
        }
        let explained = results[0]["items"]?.elements.compactMap { $0["explanation"]?["parts"]?["gmf"]?.double }
        #expect(explained?.count == 3)
    }

    @Test(
        "who nothing is known of gets what is popular by share times factor, then what is new",
        arguments: [true, false])
    func strangers(isTrained: Bool) throws {
        let service = try TestService.shop(isTrained: isTrained)
        for item in ["new", "newer"] {
            let group = item == "new" ? "a" : "b"
            _ = try service.ask("PUT", "/items/\(item)", #"{"attributes": {"group": "\#(group)"}}"#)
        }
        let plain = try service.post("/recommend", #"{"user_id": "nobody", "limit": 20}"#)
        #expect(plain.items.suffix(2) == ["newer", "new"])
        let reply = try service.post(
            "/recommend", #"{"user_id": "nobody", "limit": 20, "boost": [\#(Sent(Self.ofA, 50).json)]}"#)
        #expect(Set(reply.items) == Set(plain.items))
        #expect(Set(reply.items.prefix(4)) == ["i0", "i3", "i6", "i9"])
        // What is new has no score.
        #expect(reply.items.suffix(2) == ["newer", "new"])
        #expect(reply.json["fallback"]?.bool == true)
    }

    @Test("of what is popular too the best by share times factor, however far down it stands", arguments: [1, 3, 30])
    func popular(limit: Int) throws {
        let service = try TestService()
        let rows = (0..<30).flatMap { item in
            (0..<(30 - item)).map { #"{"user_id":"u\#($0)","item_id":"i\#(item)"}"# + "\n" }
        }
        _ = try service.post("/interactions", rows.joined(), type: "application/x-ndjson")
        for item in [20, 29] {
            _ = try service.ask("PUT", "/items/i\(item)", #"{"tags": ["deep"], "attributes": {"number": \#(item)}}"#)
        }
        let deep = #"{"attribute": "tags", "any_of": ["deep"]}"#
        let last = #"{"attribute": "number", "at_least": 25}"#
        for (factors, first) in [((2.95, 1.0), 0), ((3.1, 1.0), 20), ((31.0, 0.5), 20), ((31.0, 11.0), 29)] {
            let boosts = [Sent(deep, factors.0), Sent(last, factors.1)].map(\.json).joined(separator: ",")
            let reply = try service.post(
                "/recommend", #"{"user_id": "nobody", "limit": \#(limit), "boost": [\#(boosts)]}"#)
            let ranked = (0..<30).map { item -> (item: Int, rank: Double) in
                let lift = (item == 20 || item == 29 ? factors.0 : 1) * (item == 29 ? factors.1 : 1)
                return (item, Double(30 - item) * lift)
            }.sorted { ($0.rank, $1.item) > ($1.rank, $0.item) }
            #expect(reply.items == ranked.prefix(limit).map { "i\($0.item)" })
            #expect(reply.items.first == "i\(first)")
        }
    }

    @Test("items that came after the training are boosted too")
    func features() throws {
        let service = try TestService { $0.features.minimumCount = 2 }
        for item in 0..<12 {
            _ = try service.ask("PUT", "/items/i\(item)", #"{"tags": ["\#(item % 2 == 0 ? "even" : "odd")"]}"#)
        }
        try service.loadCheckerboard()
        try service.train("\"publish\": \"always\"")
        _ = try service.ask("PUT", "/items/fresh", #"{"tags": ["even"], "attributes": {"new": true}}"#)
        let fresh = #"{"attribute": "new", "any_of": [true]}"#
        func first(_ factor: Double) throws -> Entry? {
            entries(
                try service.post("/recommend", #"{"user_id": "u3", "boost": [\#(Sent(fresh, factor).json)]}"#).json
            ).first
        }
        #expect(try first(1)?.item != "fresh")
        #expect(try first(1000)?.item == "fresh")
    }
}
