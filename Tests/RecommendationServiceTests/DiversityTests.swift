import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("Diversity of /recommend", .timeLimit(.minutes(1)))
struct DiversityTests {
    private func colours(_ items: [String]) -> [Int] { items.map { (Int($0.dropFirst()) ?? 0) % 2 } }

    @Test("the best comes first, then what is unlike it; without diversity the order is the model's")
    func known() throws {
        let service = try TestService.trained()
        func ask(_ diversity: Double, limit: Int = 6) throws -> Reply {
            try service.post(
                "/recommend",
                "{\"user_id\": \"u3\", \"limit\": \(limit), \"exclude_seen\": false, \"diversity\": \(diversity), \"explain\": true}"
            )
        }
        let plain = try ask(0)
        #expect(colours(plain.items) == [1, 1, 1, 1, 1, 1])
        let varied = try ask(1)
        #expect(varied.items.first == plain.items.first && colours(varied.items).prefix(2) == [1, 0])
        #expect(Set(colours(try ask(0.6).items)) == [0, 1])
        #expect(Set(try ask(1, limit: 12).items) == Checkerboard.everyItem)
        let entries = varied.json["items"].map { Array($0.elements) } ?? []
        #expect(entries.compactMap { $0["rank"]?.double } == [1, 2, 3, 4, 5, 6])
        #expect(entries.allSatisfy { $0["explanation"] != nil })
        // Each keeps the score that it has.
        let scores = Dictionary(
            uniqueKeysWithValues: try ask(0, limit: 12).json["items"]?.elements.map {
                ($0["item_id"]?.string ?? "", $0["score"]?.double ?? .nan)
            } ?? [])
        #expect(entries.allSatisfy { $0["score"]?.double == scores[$0["item_id"]?.string ?? ""] })
    }

    @Test("among strangers the model says what is alike, of new items their features, and without a model nothing does")
    func others() throws {
        let bare = try TestService()
        try bare.loadCheckerboard()
        let popular = try bare.post("/recommend", #"{"user_id": "x", "limit": 5}"#).items
        #expect(try bare.post("/recommend", #"{"user_id": "x", "limit": 5, "diversity": 0.9}"#).items == popular)

        let service = try TestService { $0.features.minimumCount = 2 }
        for item in 0..<12 {
            _ = try service.ask("PUT", "/items/i\(item)", #"{"tags": ["\#(item % 2 == 0 ? "even" : "odd")"]}"#)
        }
        try service.loadCheckerboard()
        try service.train("\"publish\": \"always\"")
        for item in ["i20", "i21"] {
            _ = try service.ask("PUT", "/items/\(item)", #"{"tags": ["\#(item == "i20" ? "even" : "odd")"]}"#)
        }
        let stranger = try service.post("/recommend", #"{"user_id": "x", "limit": 4, "diversity": 1}"#).items
        #expect(Set(colours(Array(stranger.prefix(2)))) == [0, 1])
        // The new item of the other colour, not that of the same.
        let pair = try service.post(
            "/recommend", #"{"user_id": "u3", "limit": 2, "diversity": 1, "candidates": ["i3", "i20", "i21"]}"#)
        #expect(Set(colours(pair.items)) == [0, 1] && pair.sources.contains("features"))
    }
}
