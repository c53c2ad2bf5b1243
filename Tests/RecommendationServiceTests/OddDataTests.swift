import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/train without settings, on data of odd shapes", .timeLimit(.minutes(2)))
struct OddDataTests {
    /// Who did what, as rows of NDJSON, and how many users and items there are.
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var users: Int
        var items: Int
        var rows: [String]

        var testDescription: String { name }

        init(_ name: String, users: Int, items: Int, rating: ((Int, Int) -> Double)? = nil, has: (Int, Int) -> Bool) {
            (self.name, self.users, self.items) = (name, users, items)
            rows = []
            for user in 0..<users {
                for item in 0..<items where has(user, item) {
                    let mark = rating.map { ", \"rating\": \($0(user, item))" } ?? ""
                    rows.append("{\"user_id\": \"u\(user)\", \"item_id\": \"i\(item)\"\(mark)}\n")
                }
            }
        }

        static let all = [
            Shape("one interaction", users: 1, items: 1) { _, _ in true },
            Shape("one user", users: 1, items: 12) { _, _ in true },
            Shape("one item", users: 12, items: 1) { _, _ in true },
            Shape("one user with ratings", users: 1, items: 12, rating: { Double(1 + $1 % 5) }) { _, _ in true },
            Shape("one item with ratings", users: 12, items: 1, rating: { user, _ in Double(1 + user % 5) }) { _, _ in
                true
            },
            Shape("two users with one item each", users: 2, items: 2) { $0 == $1 },
            Shape("everybody has everything", users: 8, items: 6) { _, _ in true },
            Shape("ten users", users: 10, items: 15) { ($0 * 3 + $1 * 5) % 7 < 3 },
            Shape("all ratings equal", users: 30, items: 20, rating: { _, _ in 3 }) { ($0 * 3 + $1 * 5) % 7 < 3 },
            Shape("all ratings 0", users: 30, items: 20, rating: { _, _ in 0 }) { ($0 * 3 + $1 * 5) % 7 < 3 },
            Shape("all ratings negative", users: 30, items: 20, rating: { _, _ in -1 }) { ($0 * 3 + $1 * 5) % 7 < 3 },
            Shape("nearly full of ratings", users: 20, items: 15, rating: { Double(1 + ($0 + $1) % 5) }) {
                ($0 + $1) % 9 > 0
            },
            Shape("a single interaction of each user", users: 80, items: 40) { $1 == ($0 * $0) % 40 },
            Shape("a user with everything, the others with one", users: 30, items: 30) { $0 == 0 || $1 == $0 / 4 },
        ]
    }

    @Test(
        "a model comes of it that ranks no worse than popularity, and all of its answers are sound",
        arguments: Shape.all)
    func trains(shape: Shape) throws {
        let service = try TestService()
        #expect(try service.post("/interactions", shape.rows.joined(), type: "application/x-ndjson").status == 200)
        let job = try service.post("/train", #"{"wait": true, "resamples": 0}"#)
        #expect(job.json["state"]?.string == "succeeded" && job.json["published"]?.bool == true, "\(job.text)")
        try checkRecommendations(service, shape)
        for pair in ["user_id=u0&item_id=i0", "user_id=new&item_id=i0", "user_id=u0&item_id=new"] {
            let score = try #require(service.get("/predict?\(pair)").json["predictions"]?[0]?["score"]?.double)
            #expect((0...1).contains(score), "\(pair): \(score)")
        }
        if let figures = job.json["evaluation"] {
            let model = try #require(figures["model"]?["full_catalogue"]?["hit_rate_at_10"]?.double)
            let popularity = try #require(figures["popularity"]?["full_catalogue"]?["hit_rate_at_10"]?.double)
            // A user or two are chance.
            #expect(model >= popularity - 2 / Double(shape.users), "\(model) \(popularity)")
        }
    }

    /// Known users get what they have not had, and a new one gets everything.
    private func checkRecommendations(_ service: TestService, _ shape: Shape) throws {
        for user in 0..<min(shape.users, 5) {
            let seen = shape.rows.count { $0.contains("\"u\(user)\"") }
            let reply = try service.get("/recommend?user_id=u\(user)&limit=1000")
            #expect(reply.status == 200 && reply.items.count == Set(reply.items).count)
            #expect(reply.items.count == Set(shape.rows.compactMap(Self.item)).count - seen)
        }
        let everything = try service.get("/recommend?user_id=new&limit=1000")
        #expect(Set(everything.items) == Set(shape.rows.compactMap(Self.item)))
    }

    private static func item(_ row: String) -> String? {
        row.split(separator: "\"").first { $0.hasPrefix("i") && $0.dropFirst().allSatisfy(\.isNumber) }.map(String.init)
    }
}
