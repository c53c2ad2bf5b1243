import JSON
import RecommendationService
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Pages of /recommend", .timeLimit(.minutes(1)))
struct PageTests {
    /// The pages of a list, from the first to that which has no next.
    private func pages(_ service: TestService, _ body: String) throws -> [Reply] {
        var pages = [try service.post("/recommend", "{\(body)}")]
        while let next = pages.last?.json["next"]?.string, pages.count < 20 {
            pages.append(try service.post("/recommend", "{\(body), \"cursor\": \"\(next)\"}"))
        }
        return pages
    }

    @Test(
        "all pages together are the list as a whole",
        arguments: [
            #""user_id": "u3""#, #""history": ["i1"]"#, #""user_id": "nobody""#,
            #""user_id": "u3", "boost": [{"filter": {"attribute": "tags", "any_of": ["even"]}, "factor": 1.4}]"#,
        ], [true, false])
    func whole(subject: String, isTrained: Bool) throws {
        let service = try isTrained ? TestService.trained() : TestService()
        if !isTrained { try service.loadCheckerboard() }
        for item in 0..<12 {
            _ = try service.ask("PUT", "/items/i\(item)", #"{"tags": ["\#(item % 2 == 0 ? "even" : "odd")"]}"#)
        }
        let body = subject + #", "exclude_seen": false"#
        let whole = try service.post("/recommend", "{\(body), \"limit\": 100}")
        #expect(whole.items.count == 12 && whole.json["next"]?.isNull == true)
        for limit in [1, 5, 6] {
            let pages = try pages(service, body + ", \"limit\": \(limit)")
            #expect(pages.flatMap(\.items) == whole.items)
            let ranks = pages.flatMap { $0.json["items"]?.elements.compactMap { $0["rank"]?.double } ?? [] }
            #expect(ranks == (1...12).map(Double.init))
        }
    }

    @Test("a page shows nothing again and misses nothing, though another model ranks and the user went on")
    func changes() throws {
        let service = try TestService.trained()
        let body = #""user_id": "u3", "limit": 3"#
        let first = try service.post("/recommend", "{\(body)}")
        let next = try #require(first.json["next"]?.string)
        // What was shown was touched, so that it would be left out anyway; and all is trained anew.
        _ = try service.post("/interactions", #"{"user_id": "u3", "item_id": "\#(first.items[0])"}"#)
        _ = try service.ask("PUT", "/items/\(first.items[1])", #"{"hidden": true}"#)
        try service.train("\"publish\": \"always\"")
        let second = try service.post("/recommend", "{\(body), \"cursor\": \"\(next)\"}")
        let rest = try service.post("/recommend", #"{"user_id": "u3", "limit": 12}"#).items
        #expect(second.items == Array(rest.filter { !first.items.contains($0) }.prefix(3)))
        #expect(second.json["items"].map { Array($0.elements) }?.first?["rank"]?.double == 4)
        let byGet = try service.ask("GET", "/recommend?user_id=u3&limit=3&cursor=\(next)")
        #expect(byGet.items == second.items && byGet.json["next"]?.string == second.json["next"]?.string)
    }

    @Test("varied pages have each item once")
    func varied() throws {
        let service = try TestService.trained()
        let pages = try pages(service, #""user_id": "u3", "exclude_seen": false, "limit": 4, "diversity": 0.8"#)
        #expect(pages.count == 3 && Set(pages.flatMap(\.items)) == Checkerboard.everyItem)
    }

    @Test("a list goes as far as one page may, and a batch has no pages")
    func end() throws {
        let service = try TestService.trained { $0.recommendation.maximumLimit = 7 }
        let pages = try pages(service, #""user_id": "u3", "exclude_seen": false, "limit": 3"#)
        #expect(pages.map(\.items.count) == [3, 3])
        let batch = try service.post("/recommend", #"{"users": [{"user_id": "u3"}], "limit": 2}"#)
        #expect(batch.json["results"].map { Array($0.elements) }?.first?["next"]?.isNull == true)
        #expect(try service.ask("GET", "/recommend?user_id=u3&cursor=x").faults.first?.pointer == "?cursor")
    }

    @Test("what a cursor says is what it was made of", arguments: [0, 1, 500])
    func cursor(count: Int) {
        let items = (0..<count).map { "item \($0) ü" }
        let shown = ShownItems().adding(items)
        #expect(shown.cursor.utf8.count == 6 * count)
        #expect(
            shown.cursor.utf8.allSatisfy {
                $0 == 0x2D || $0 == 0x5F || Character(UnicodeScalar($0)).isLetter
                    || Character(UnicodeScalar($0)).isNumber
            })
        #expect(ShownItems(cursor: shown.cursor) == (count == 0 ? nil : shown))
        let entries = (items + ["another"]).map { Recommendation.Entry(itemID: $0, score: 0, source: .model) }
        #expect(shown.rest(of: entries).map(\.itemID) == ["another"])
    }
}
