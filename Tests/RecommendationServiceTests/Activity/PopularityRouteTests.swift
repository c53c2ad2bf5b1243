import Foundation
import InteractionStorage
import JSON
import TestSupport
import Testing

@testable import RecommendationService

@Suite("/popular, /trending and /latest", .timeLimit(.minutes(1)))
struct PopularityRouteTests {
    private static let hour: Int64 = 3_600_000

    /// `count` interactions with an item by as many people, `hours` ago or at a time that nobody knows.
    private func rows(_ item: String, _ count: Int, hoursAgo hours: Int64?, kind: String? = nil) -> [Interaction] {
        let now = ManualWallClock().milliseconds
        return (0..<count).map { person in
            Interaction(
                userID: "\(item)-\(person)", itemID: item, kind: kind, timestamp: hours.map { now - $0 * Self.hour })
        }
    }

    private func store(_ rows: [[Interaction]]) throws -> InMemoryInteractionStore {
        let store = InMemoryInteractionStore()
        _ = try store.append(rows.flatMap { $0 }, idempotencyKey: nil)
        return store
    }

    private func counts(_ reply: Reply) -> [Int?] {
        reply.json["items"]?.elements.map { $0["interactions"]?.int } ?? []
    }

    @Test(
        "with nothing stored there is nothing, and that is no fault", arguments: ["/popular", "/trending", "/latest"])
    func empty(_ path: String) throws {
        let service = try TestService()
        let reply = try service.get(path)
        #expect(reply.status == 200 && reply.items.isEmpty, "\(reply.text)")
        #expect(reply.json["recommendation_id"]?.string == reply.field("X-Request-ID"))
        #expect(reply.field("Nectar-Model") == nil)
        #expect(try service.ask("HEAD", path).status == 200)
        #expect(try service.ask("POST", path, "{}").status == 405)
    }

    @Test("popular: by all interactions that speak for an item, dislikes apart; items as in /recommend")
    func popular() throws {
        let store = try store([
            rows("b", 3, hoursAgo: 5000), rows("a", 2, hoursAgo: nil), rows("c", 2, hoursAgo: 1),
            rows("d", 9, hoursAgo: 1, kind: "dislike"),
        ])
        let service = try TestService(store: store)
        _ = try service.ask("PUT", "/items/b", #"{"title": "The B", "tags": ["x"]}"#)
        let reply = try service.get("/popular")
        #expect(reply.items == ["b", "a", "c"] && reply.sources == ["popular"])
        #expect(reply.json["interactions"]?.int == 7 && counts(reply) == [3, 2, 2])
        let first = try #require(reply.json["items"]?[0])
        #expect(first["rank"]?.int == 1 && first["score"]?.double.map(Float.init) == 3 / 7)
        #expect(first["item"]?["title"]?.string == "The B" && reply.json["since"] == nil)
        #expect(reply.json["items"]?[1]?["item"] == nil)
        #expect(try service.get("/popular?limit=1&fields=tags").text.contains(#""item":{"tags":["x"]}"#))
        #expect(try service.get("/popular?limit=2").items == ["b", "a"])
        #expect(try service.get("/popular?window=2h").items == ["c"])
    }

    @Test("trending: most above its share of all there is; the window, its beginning and what was expected are told")
    func trending() throws {
        let store = try store([
            rows("old", 20, hoursAgo: 300), rows("old", 2, hoursAgo: 1), rows("new", 12, hoursAgo: 2),
            rows("click", 1, hoursAgo: 3), rows("gone", 40, hoursAgo: 200),
        ])
        let service = try TestService(store: store)
        let reply = try service.get("/trending")
        // 75 in all, 15 of them lately: 12 where 15·12/75 = 2.4 are expected, 1 where .2, 2 where 4.4.
        #expect(reply.items == ["new", "click", "old"] && reply.sources == ["trending"])
        let new = try #require(reply.json["items"]?[0])
        #expect(new["interactions"]?.int == 12 && new["expected"]?.double.map(Float.init) == 2.4)
        // Γ(22) at 2.5 % is 27.575/2, over 12.4.
        let score = try #require(new["score"]?.double)
        #expect(abs(score / (27.575 / 2 / 12.4) - 1) < 0.005)
        #expect(reply.json["interactions"]?.int == 15 && reply.json["window"]?.string == "24h")
        #expect(reply.json["since"]?.string == "2025-12-31T00:00:00Z")
        #expect(try service.get("/trending?window=30d").items.contains("gone"))
        #expect(try service.get("/trending?window=1h").items == ["old"])
        #expect(try service.get("/trending?window=9d").json["window"]?.string == "9d")
    }

    @Test("of a process that is killed in its first hour it is known all the same when things came")
    func killed() throws {
        let directory = try TemporaryDirectory()
        func reopened() throws -> any InteractionStore { try SQLiteInteractionStore(path: directory.file("store")) }
        let left: String
        do {
            let service = try TestService(store: reopened(), directory: directory)
            _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "first"}"#)
            left = try String(contentsOfFile: directory.file("arrivals"), encoding: .utf8)
        }
        // A kill would have left this.
        try left.write(toFile: directory.file("arrivals"), atomically: true, encoding: .utf8)
        let service = try TestService(store: reopened(), directory: directory)
        #expect(try service.get("/trending?window=1h").items == ["first"])
    }

    @Test("what comes without a time counts for the hour in which it came, also after a restart")
    func untimed() throws {
        let directory = try TemporaryDirectory()
        func reopened() throws -> any InteractionStore { try SQLiteInteractionStore(path: directory.file("store")) }
        func trending(_ service: TestService, _ window: String = "2h") throws -> [String] {
            try service.get("/trending?window=\(window)").items
        }
        do {
            let service = try TestService(store: reopened(), directory: directory)
            _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "first"}"#)
            service.time.advance(milliseconds: 5 * Self.hour)
            _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "second"}"#)
            #expect(try trending(service) == ["second"] && trending(service, "6h") == ["first", "second"])
        }
        // While nobody serves: of this nobody knows when.
        let store = try reopened()
        _ = try store.append([Interaction(userID: "u", itemID: "imported")], idempotencyKey: nil)
        let service = try TestService(store: store, directory: directory)
        #expect(try service.get("/popular").items == ["first", "second", "imported"])
        service.time.advance(milliseconds: 5 * Self.hour)
        #expect(try trending(service) == ["second"] && trending(service, "6h") == ["first", "second"])
        // What is taken away is taken from where it was counted.
        #expect(try service.ask("DELETE", "/interactions/row:2").status == 204)
        #expect(try service.ask("DELETE", "/interactions/row:3").status == 204)
        #expect(try trending(service).isEmpty && trending(service, "6h") == ["first"])
        #expect(try service.get("/popular").items == ["first"])
    }

    @Test("a time that is yet to come is taken for now")
    func future() throws {
        let service = try TestService()
        let far = service.time.milliseconds + 1000 * Self.hour
        _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "i", "timestamp": \#(far / 1000)}"#)
        #expect(try service.get("/trending?window=1h").items == ["i"])
        service.time.advance(milliseconds: 3 * Self.hour)
        #expect(try service.get("/trending?window=1h").items.isEmpty)
        service.time.advance(milliseconds: 997 * Self.hour)
        #expect(try service.get("/trending?window=1h").items.isEmpty)
    }

    @Test("an erased user's doings are gone from all three at once")
    func erasure() throws {
        let service = try TestService()
        let one = #"{"user_id": "u", "item_id": "mine"}"#
        _ = try service.post("/interactions", #"{"interactions": [\#(one), {"user_id": "v", "item_id": "ours"}]}"#)
        _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "ours"}"#)
        for path in ["/popular", "/trending"] {
            #expect(try service.get(path).items == ["ours", "mine"])
        }
        #expect(try service.get("/latest").items == ["ours", "mine"])
        #expect(try service.ask("DELETE", "/users/u").status == 200)
        for path in ["/popular", "/trending", "/latest"] {
            let reply = try service.get(path)
            #expect(reply.items == ["ours"] && !reply.text.contains("mine"))
            if path != "/latest" { #expect(reply.json["interactions"]?.int == 1 && counts(reply) == [1]) }
        }
        let metrics = try service.get("/metrics").text
        #expect(metrics.contains("nectar_counted_interactions 1\n") && metrics.contains("nectar_trending_counts 1\n"))
        #expect(metrics.contains("nectar_trending_reach_hours 720\n"))
    }

    @Test("what is too old for the record counts no more")
    func retention() throws {
        let store = try store([rows("old", 3, hoursAgo: 29 * 24), rows("new", 2, hoursAgo: 1)])
        let service = try TestService(store: store) { $0.retentionDays = 30 }
        service.service.retention.drain()
        #expect(try service.get("/popular").items == ["old", "new"])
        service.time.advance(milliseconds: 48 * Self.hour)
        service.service.retention.sweep()
        #expect(try service.get("/popular").items == ["new"])
        #expect(try service.get("/popular").json["interactions"]?.int == 2)
    }

    @Test("items that are hidden, deleted or not available are not shown, whatever they count")
    func withheld() throws {
        let items = ["hidden", "deleted", "later", "shown"]
        let service = try TestService(store: store(items.map { rows($0, 2, hoursAgo: 1) }))
        _ = try service.ask("PUT", "/items/shown", "{}")
        _ = try service.ask("PUT", "/items/hidden", #"{"hidden": true}"#)
        _ = try service.ask("PUT", "/items/later", #"{"available_from": "2026-01-01T01:00:00Z"}"#)
        _ = try service.ask("PUT", "/items/deleted", "{}")
        _ = try service.ask("DELETE", "/items/deleted")
        for path in ["/popular", "/trending", "/latest", "/popular?limit=1"] {
            let reply = try service.get(path)
            #expect(reply.items == ["shown"], "\(reply.text)")
            if path != "/latest" { #expect(reply.json["interactions"]?.int == 8) }
        }
        service.time.advance(milliseconds: Self.hour)
        for path in ["/popular", "/trending"] { #expect(try service.get(path).items == ["later", "shown"]) }
        #expect(try service.get("/latest").items == ["later", "shown"])
    }

    @Test(
        "latest: as they came into the catalogue, the last first, also after a restart; then what only interactions name"
    )
    func latest() throws {
        let directory = try TemporaryDirectory()
        func reopened() throws -> any InteractionStore { try SQLiteInteractionStore(path: directory.file("store")) }
        do {
            let store = try reopened()
            _ = try store.append(["touched", "z", "bare"].flatMap { rows($0, 1, hoursAgo: 1) }, idempotencyKey: nil)
            let service = try TestService(store: store, directory: directory)
            _ = try service.post("/items", #"{"items": [{"item_id": "z", "title": "Z"}, {"item_id": "m"}]}"#)
            _ = try service.ask("PUT", "/items/a", "{}")
            _ = try service.ask("PUT", "/items/z", #"{"title": "Z again"}"#)
        }
        let service = try TestService(store: reopened(), directory: directory)
        let reply = try service.get("/latest")
        #expect(reply.items == ["a", "m", "z", "bare", "touched"] && reply.sources == ["latest"])
        #expect(reply.json["items"]?[2]?["item"]?["title"]?.string == "Z again")
        #expect(reply.json["items"]?[4]?["rank"]?.int == 5 && reply.json["items"]?[0]?["score"] == nil)
        #expect(try service.get("/latest?limit=4").items == ["a", "m", "z", "bare"])
        #expect(try service.get("/latest?limit=2").items == ["a", "m"])
    }

    @Test("with a model or without, the answer is the same")
    func trained() throws {
        let service = try TestService.trained()
        let before = try service.get("/popular?limit=20")
        #expect(!before.items.isEmpty && before.json["interactions"]?.int == Checkerboard.interactions.count)
        let untrained = try TestService(store: service.store)
        #expect(try untrained.get("/popular?limit=20").items == before.items)
    }

    @Test("an item in as many hours as there is room for; the answer says from when on it was counted")
    func bounded() throws {
        let store = try store((0..<5).map { rows("i", 1, hoursAgo: 10 - $0) } + [rows("j", 1, hoursAgo: 6)])
        let service = try TestService(store: store) { $0.trending.counts = 3 }
        let reply = try service.get("/trending?window=24h")
        #expect(reply.json["interactions"]?.int == 3)
        #expect(reply.json["since"]?.string == "2025-12-31T17:00:00Z", "\(reply.text)")
        #expect(try service.get("/popular").json["interactions"]?.int == 6)
    }

    @Test(
        "what is refused",
        arguments: [
            ("/popular?limit=0", "?limit", "1 to 1000"), ("/trending?limit=1001", "?limit", "1 to 1000"),
            ("/latest?limit=x", "?limit", "1 to 1000"), ("/trending?windw=24h", "?windw", "did you mean \"window\""),
            ("/trending?window=24h&window=7d", "?window", "twice"), ("/latest?window=24h", "?window", "unknown"),
            ("/popular?user_id=1", "?user_id", "unknown"), ("/popular?filter=x", "?filter", "is not JSON"),
            ("/trending?window=", "?window", "such as 24h"), ("/trending?window=h", "?window", "such as 24h"),
            ("/trending?window=24", "?window", "1h to 720h"), ("/trending?window=0h", "?window", "1h to 720h"),
            ("/trending?window=721h", "?window", "1h to 720h"), ("/popular?window=31d", "?window", "1h to 720h"),
            ("/trending?window=-1h", "?window", "1h to 720h"), ("/trending?window=%2B1h", "?window", "1h to 720h"),
            ("/trending?window=1.5h", "?window", "1h to 720h"), ("/trending?window=24%20h", "?window", "24 h"),
            ("/trending?window=99999999999999999999h", "?window", "1h to 720h"),
            ("/trending?window=\(String(repeating: "9", count: 4000))d", "?window", "1h to 720h"),
            ("/trending?window=%D9%A7d", "?window", "1h to 720h"), ("/trending?window=24m", "?window", "1h to 720h"),
            ("/trending?window=%C3%A9", "?window", "1h to 720h"),
        ] as [(String, String, String)])
    func refused(path: String, pointer: String, words: String) throws {
        let service = try TestService()
        try Refusal("GET", path, nil, 400, [(pointer, words)]).check(with: service)
    }

    @Test("the longest window and the greatest limit are taken")
    func limits() throws {
        let service = try TestService()
        for path in [
            "/trending?window=720h", "/trending?window=30d&limit=1000", "/popular?window=1h", "/latest?limit=1000",
        ] {
            #expect(try service.get(path).status == 200)
        }
        let other = try TestService {
            $0.trending.windowHours = 48
            $0.trending.longestWindowHours = 24
        }
        #expect(try other.get("/trending").json["window"]?.string == "48h")
        #expect(try other.get("/trending?window=2d").status == 200 && other.get("/trending?window=49h").status == 400)
    }
}
