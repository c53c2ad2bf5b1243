import JSON
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("What users said since the training, as training would have read it", .timeLimit(.minutes(1)))
struct RecentEvidenceTests {
    private static let day: Int64 = 86_400
    private static let start: Int64 = 1_700_000_000

    /// Of a board of 12 × 12 everything but the diagonal, rated 5 where the colours agree and 1 where not; one a day.
    private static var ratedBoard: String {
        var rows = ""
        for user in 0..<12 {
            for item in 0..<12 where item != user {
                let rating = item % 2 == user % 2 ? 5 : 1
                rows += row("u\(user)", item, rating: rating, time: start + Int64(item) * day)
            }
        }
        return rows
    }

    private static func row(
        _ user: String, _ item: Int, rating: Int? = nil, weight: Double? = nil, kind: String? = nil, time: Int64? = nil
    ) -> String {
        let rating = rating.map { ", \"rating\": \($0)" } ?? ""
        let weight = weight.map { ", \"weight\": \($0)" } ?? ""
        let kind = kind.map { ", \"kind\": \"\($0)\"" } ?? ""
        let time = time.map { ", \"timestamp\": \($0)" } ?? ""
        return "{\"user_id\": \"\(user)\", \"item_id\": \"i\(item)\"\(rating)\(weight)\(kind)\(time)}\n"
    }

    private func service(
        _ rows: String, _ settings: String, _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> TestService {
        let service = try TestService(configure)
        try post(rows, to: service)
        let job = try service.train(settings)
        #expect(job.json["model"]?.string == "v1", "\(job.text)")
        return service
    }

    private func post(_ rows: String, to service: TestService) throws {
        let reply = try service.post("/interactions", rows, type: "application/x-ndjson")
        #expect(reply.status == 200, "\(reply.text)")
    }

    private func score(_ user: String, _ item: Int, by service: TestService) throws -> Double {
        let reply = try service.get("/predict?user_id=\(user)&item_id=i\(item)")
        let prediction = reply.json["predictions"]?[0]
        return try #require(prediction?["rating"]?.double ?? prediction?["score"]?.double)
    }

    @Test("a model of ratings tells newcomers apart by what they rated their items")
    func newcomersRatings() throws {
        let service = try service(Self.ratedBoard, #""objective": "rating""#)
        for item in 0..<6 {
            let (even, odd) = item % 2 == 0 ? (5, 1) : (1, 5)
            try post(Self.row("even", item, rating: even), to: service)
            try post(Self.row("odd", item, rating: odd), to: service)
        }
        let even = try (score("even", 8, by: service), score("even", 9, by: service))
        let odd = try (score("odd", 8, by: service), score("odd", 9, by: service))
        #expect(even.0 > odd.0 && even.1 < odd.1)
    }

    @Test(
        "a known user's low ratings lower what is like the items, new to the user or rated anew",
        arguments: [true, false])
    func knownUsersRatings(areNew: Bool) throws {
        let likes = Self.row("half", 0, rating: 5) + Self.row("half", 2, rating: 5)
        let few = likes + Self.row("half", 1, rating: 1)
        let service = try service(Self.ratedBoard + few, #""objective": "rating""#)
        let before = try score("half", 8, by: service)
        for item in areNew ? [4, 6, 10] : [0, 2] { try post(Self.row("half", item, rating: 1), to: service) }
        let after = try score("half", 8, by: service)
        #expect(after < before)
    }

    @Test("where the lower of two ratings was a dislike in training, it is one since")
    func dislikes() throws {
        // A few of the other colour are rated, and low; the rest was never seen.
        let low = (0..<12).map { Self.row("u\($0)", ($0 + 3) % 12, rating: 1) }.joined()
        let service = try service(Self.board(rating: 5) + low, #""objective": "implicit", "history_dimension": 0"#)
        for item in [1, 3, 5] {
            try post(Self.row("foe", item, rating: 1) + Self.row("friend", item, rating: 5), to: service)
        }
        let nobody = try score("nobody", 7, by: service)
        let (friend, foe) = try (score("friend", 7, by: service), score("foe", 7, by: service))
        #expect(friend > nobody && nobody > foe)
        // What was liked is taken back.
        let before = try score("u3", 9, by: service)
        for item in [1, 5, 7] { try post(Self.row("u3", item, rating: 1), to: service) }
        let after = try score("u3", 9, by: service)
        #expect(after < before)
    }

    private static let ordered = #""objective": "implicit", "history_half_life": 1"#

    private static func board(rating: Int? = nil) -> String {
        var rows = ""
        for user in 0..<12 {
            for item in 0..<12 where item != user && item % 2 == user % 2 {
                rows += row("u\(user)", item, rating: rating, time: start + Int64(item) * day)
            }
        }
        return rows
    }

    @Test("what arrives late is folded in where its time puts it, and without a time where it arrived")
    func order() throws {
        let service = try service(Self.board(), Self.ordered)
        let later = Self.start + 100 * Self.day
        for item in [1, 3, 4] { try post(Self.row("ordered", item, time: later + Int64(item)), to: service) }
        for item in [4, 1, 3] { try post(Self.row("late", item, time: later + Int64(item)), to: service) }
        for item in [1, 3, 4] { try post(Self.row("timeless", item), to: service) }
        for item in [1, 4] { try post(Self.row("mixed", item, time: item == 4 ? nil : later), to: service) }
        try post(Self.row("mixed", 3, time: later - 1), to: service)
        let (ordered, late) = try (score("ordered", 6, by: service), score("late", 6, by: service))
        let timeless = try score("timeless", 6, by: service)
        #expect(late == ordered && timeless == ordered)
        // The order is 3, 1, 4: what has no time stays behind what it came after.
        for item in [3, 1, 4] { try post(Self.row("as-mixed", item), to: service) }
        let (mixed, expected) = try (score("mixed", 6, by: service), score("as-mixed", 6, by: service))
        #expect(mixed == expected && mixed != ordered)
    }

    @Test("of a known user, what happened before the training's end does not push the known items away")
    func lateRowOfAKnownUser() throws {
        let late = try service(Self.board(), Self.ordered)
        let prompt = try service(Self.board(), Self.ordered)
        let before = try score("u3", 3, by: late)
        try post(Self.row("u3", 4, time: Self.start - Self.day), to: late)
        try post(Self.row("u3", 4, time: Self.start + 100 * Self.day), to: prompt)
        let (after, pushed) = try (score("u3", 3, by: late), score("u3", 3, by: prompt))
        #expect(abs(after - before) < abs(pushed - before) / 2)
    }

    @Test("who has disliked one thing and thought nothing of others is shown neither, before and after something new")
    func unlikedAlone() throws {
        // Thumbs: 1 says no, and trains as nothing.
        let thumbs = [1, 3, 5].map { Self.row("critic", $0, rating: 1) }.joined()
        let rows = Self.board(rating: 5) + thumbs + Self.row("critic", 7, kind: "dislike")
        let service = try service(rows, #""objective": "implicit""#)
        #expect(service.models.current?.lineage.dislikesUpTo == 1)
        func items() throws -> Set<String> {
            Set(try service.get("/recommend?user_id=critic&limit=12").items)
        }
        #expect(try items().count == 8 && items().isDisjoint(with: ["i1", "i3", "i5", "i7"]))
        try post(Self.row("critic", 0, rating: 5), to: service)
        #expect(try items().count == 7 && items().isDisjoint(with: ["i0", "i1", "i3", "i5", "i7"]))
        // Its taste is that of who likes the one thing, and knows nothing else.
        try post(Self.row("fan", 0, rating: 5) + Self.row("fan", 7, kind: "dislike"), to: service)
        #expect(try abs(score("critic", 8, by: service) - score("fan", 8, by: service)) < 1e-5)
    }

    @Test("of one kind the newest corrects the older ones, of several the strongest counts")
    func corrections() throws {
        let service = try service(Self.board(), #""objective": "implicit", "history_dimension": 0"#)
        func say(_ user: String, _ what: [(kind: String, weight: Double)]) throws -> Double {
            for (kind, weight) in what { try post(Self.row(user, 1, weight: weight, kind: kind), to: service) }
            return try score(user, 7, by: service)
        }
        let (little, much) = try (say("little", [("view", 0.1)]), say("much", [("view", 50)]))
        #expect(abs(little - much) > 1e-3)
        #expect(try say("corrected", [("view", 50), ("view", 0.1)]) == little)
        #expect(try say("corrected-up", [("view", 0.1), ("view", 50)]) == much)
        #expect(try say("another-kind", [("purchase", 10), ("view", 0.1)]) == say("purchase", [("purchase", 10)]))
        #expect(try say("taken-back", [("dislike", 1), ("view", 50), ("view", 0.1)]) == little)
    }

    @Test("what fades by its kind fades since the training too, from the newest time that there is")
    func fading() throws {
        let service = try service(Self.board(), #""objective": "implicit", "history_dimension": 0"#) {
            $0.kinds["view"] = FeedbackKind(halfLifeDays: 1)
        }
        // The board ends 11 days after its start.
        try post(Self.row("old", 1, kind: "view", time: Self.start + Self.day), to: service)
        try post(Self.row("new", 1, kind: "view", time: Self.start + 11 * Self.day), to: service)
        let (old, new) = (try score("old", 7, by: service), try score("new", 7, by: service))
        let nobody = try score("nobody", 7, by: service)
        #expect(nobody < old && old < new)
        try post(Self.row("another", 1, kind: "view", time: Self.start + 21 * Self.day), to: service)
        let (faded, another) = try (score("new", 7, by: service), score("another", 7, by: service))
        #expect(abs(faded - old) < 1e-6 && abs(another - new) < 1e-6)
    }

    @Test("nothing fades by a time that is yet to come, as in a training")
    func future() throws {
        let service = try service(Self.board(), #""objective": "implicit", "history_dimension": 0"#) {
            $0.kinds["view"] = FeedbackKind(halfLifeDays: 1)
        }
        try post(Self.row("new", 1, kind: "view", time: Self.start + 11 * Self.day), to: service)
        let before = try score("new", 7, by: service)
        #expect(try before > score("nobody", 7, by: service))
        try post(Self.row("wrong", 1, kind: "view", time: 4_000_000_000), to: service)
        #expect(try score("new", 7, by: service) == before)
    }
}
