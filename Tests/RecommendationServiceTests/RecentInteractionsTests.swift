import InteractionStorage
import Locking
import TestSupport
import Testing

@testable import RecommendationService

extension RecentInteractions {
    /// What is held, by how often each item is.
    func popular() -> [(itemID: String, count: Int)] {
        countsByItem.map { (itemID: $0.key.text, count: $0.value) }
            .sorted { ($0.count, ExactName($1.itemID)) > ($1.count, ExactName($0.itemID)) }
    }
}

@Suite("The memory of recent interactions")
struct RecentInteractionsTests {
    private func interaction(_ user: String, _ item: String) -> Interaction {
        Interaction(userID: user, itemID: item)
    }

    @Test("items of a user come in the order of their arrival, as often as they came")
    func order() {
        let recent = RecentInteractions(capacity: 10)
        recent.append([interaction("a", "x"), interaction("b", "y"), interaction("a", "z")], watermark: 3)
        recent.append([interaction("a", "x")], watermark: 4)
        #expect(recent.items(of: "a") == ["x", "z", "x"])
        #expect(recent.items(of: "nobody").isEmpty)
        #expect(recent.popular().map(\.itemID) == ["x", "y", "z"])
        #expect(recent.popular().map(\.count) == [2, 1, 1])
    }

    @Test("names that only look alike are different users and items")
    func exactNames() {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let recent = RecentInteractions(capacity: 10)
        recent.append([interaction(one, two), interaction(two, one), interaction(two, two)], watermark: 3)
        #expect(recent.items(of: one).map { Array($0.utf8) } == [two].map { Array($0.utf8) })
        #expect(recent.items(of: two).map { Array($0.utf8) } == [one, two].map { Array($0.utf8) })
        #expect(recent.popular().map(\.count) == [2, 1])
        recent.forget(userID: one, upTo: 3)
        #expect(recent.items(of: one).isEmpty && recent.count == 2)
    }

    @Test(
        "past the capacity the oldest go first, and with a capacity of none nothing is held", arguments: [0, 1, 3, 4])
    func capacity(capacity: Int) {
        let recent = RecentInteractions(capacity: capacity)
        for row in 1...10 { recent.append([interaction("u\(row % 2)", "i\(row)")], watermark: Int64(row)) }
        #expect(recent.count == capacity)
        let held = (1...10).suffix(capacity)
        #expect(recent.items(of: "u0") == held.filter { $0 % 2 == 0 }.map { "i\($0)" })
        #expect(recent.items(of: "u1") == held.filter { $0 % 2 == 1 }.map { "i\($0)" })
        #expect(Set(recent.popular().map(\.itemID)) == Set(held.map { "i\($0)" }))
    }

    @Test(
        "of a store with more than fits the last are read, whatever rows are missing", arguments: [0, 1, 3, 6, 7, 20])
    func reloaded(capacity: Int) throws {
        let store = InMemoryInteractionStore()
        _ = try store.append((1...10).map { interaction("u", "i\($0)") }, idempotencyKey: nil)
        for row in [2, 9, 10] { try store.deleteInteraction(id: "row:\(row)") }
        for watermark in [0, 5, 8] {
            let recent = RecentInteractions(capacity: capacity)
            try recent.reload(from: store, after: Int64(watermark))
            let held = [1, 3, 4, 5, 6, 7, 8].filter { $0 > watermark }.suffix(capacity)
            #expect(recent.items(of: "u") == held.map { "i\($0)" })
        }
    }

    @Test("what a model knows is forgotten, at its watermark and not beyond", arguments: 0...4)
    func forgetsUpTo(watermark: Int) {
        let recent = RecentInteractions(capacity: 10)
        for row in 1...3 { recent.append([interaction("a", "i\(row)")], watermark: Int64(row)) }
        recent.forget(upTo: Int64(watermark))
        #expect(recent.items(of: "a") == (1...3).filter { $0 > watermark }.map { "i\($0)" })
    }

    @Test("past its bound the oldest are forgotten and counted, until a model knows some of what is held")
    func forgottenAreCounted() throws {
        let recent = RecentInteractions(capacity: 3)
        recent.append((0..<3).map { Interaction(userID: "u", itemID: "i\($0)") }, watermark: 3)
        #expect(recent.count == 3 && recent.forgottenCount == 0)
        recent.append((3..<5).map { Interaction(userID: "u", itemID: "i\($0)") }, watermark: 5)
        #expect(recent.items(of: "u") == ["i2", "i3", "i4"])
        #expect(recent.count == 3 && recent.forgottenCount == 2)
        // An older model: rows 1 and 2 are known to nobody.
        recent.forget(upTo: 0)
        #expect(recent.forgottenCount == 2)
        recent.forget(upTo: 3)
        #expect(recent.forgottenCount == 0 && recent.items(of: "u") == ["i3", "i4"])
        let store = InMemoryInteractionStore()
        _ = try store.append((0..<7).map { Interaction(userID: "u", itemID: "i\($0)") }, idempotencyKey: nil)
        try recent.reload(from: store, after: 2)
        #expect(recent.forgottenCount == 2 && recent.items(of: "u") == ["i4", "i5", "i6"])
    }

    @Test(
        "no more is read at a start than can be held",
        arguments: [(capacity: 3, after: 7), (10, 2), (0, 10)] as [(Int, Int64)])
    func readingIsBounded(capacity: Int, after first: Int64) throws {
        let store = InterceptedStore()
        _ = try store.append((0..<10).map { Interaction(userID: "u", itemID: "i\($0)") }, idempotencyKey: nil)
        let recent = RecentInteractions(capacity: capacity)
        try recent.reload(from: store, after: 2)
        #expect(store.state.withLock { $0.scans } == [first])
        #expect(recent.count == min(capacity, 8) && recent.forgottenCount == 8 - recent.count)
    }

    @Test(
        "after a restart what is newer than the model is left out, folded in and told of as before",
        arguments: [true, false])
    func restarted(isTrained: Bool) throws {
        let store = InMemoryInteractionStore()
        let folder = try TemporaryDirectory()
        func answers(of service: TestService) throws -> [Reply] {
            try ["new", "u1", "stranger"].map { try service.get("/recommend?user_id=\($0)&limit=12") }
        }
        let before: [Reply]
        let service: TestService
        do {
            let first =
                isTrained
                ? try TestService.trained(store: store, directory: folder)
                : try TestService(store: store, directory: folder)
            for row in [("new", "i1"), ("new", "i3"), ("u1", "i2"), ("u1", "i2")] {
                #expect(
                    try first.post("/interactions", "{\"user_id\": \"\(row.0)\", \"item_id\": \"\(row.1)\"}").status
                        == 200)
            }
            before = try answers(of: first)
            // Beside the first one, which has not been told to close its store.
            service = try TestService(store: store, directory: folder)
            #expect(try answers(of: service).map(\.items) == before.map(\.items))
            #expect(try answers(of: service).map(\.sources) == before.map(\.sources))
        }
        #expect(before[0].sources == [isTrained ? "fold_in" : "popular"])
        #expect(!before[0].items.contains("i1") && !before[1].items.contains("i2") && !before[2].items.isEmpty)
    }

    @Test("an announcement that repeats an earlier watermark is no news")
    func repeated() {
        let recent = RecentInteractions(capacity: 10)
        #expect(recent.append([interaction("a", "x")], watermark: 5))
        #expect(!recent.append([interaction("a", "x")], watermark: 5))
        #expect(!recent.append([interaction("a", "y")], watermark: 4))
        #expect(recent.append([interaction("a", "z")], watermark: 6))
        #expect(recent.items(of: "a") == ["x", "z"])
    }

    @Test(
        "a deleted interaction goes, and of two alike the one that was named",
        arguments: [(1, ["y", "x"]), (4, ["x", "y"])])
    func deletes(row: Int, left: [String]) {
        let recent = RecentInteractions(capacity: 10)
        recent.append(
            [interaction("a", "x"), interaction("b", "x"), interaction("a", "y"), interaction("a", "x")], watermark: 4)
        recent.forget(row: Int64(row))
        recent.forget(row: Int64(row))
        recent.forget(row: 0)
        #expect(recent.items(of: "a") == left)
        #expect(recent.popular().map(\.count) == [2, 1])
        // The oldest still go in their order.
        recent.forget(upTo: 4)
        #expect(recent.count == 0 && recent.items(of: "a").isEmpty && recent.items(of: "b").isEmpty)
    }

    @Test("what is deleted before it was announced is not remembered after all")
    func deletedAhead() {
        let recent = RecentInteractions(capacity: 10)
        recent.append([interaction("a", "w")], watermark: 1)
        recent.forget(row: 3)
        recent.append([interaction("a", "x"), interaction("a", "y"), interaction("a", "z")], watermark: 4)
        #expect(recent.items(of: "a") == ["w", "x", "z"])
    }

    @Test("what is deleted while the store is read is not brought back by what was read before")
    func deletedMeanwhile() throws {
        let store = InMemoryInteractionStore()
        _ = try store.append(
            [interaction("a", "x"), interaction("a", "y"), interaction("a", "z")], idempotencyKey: nil)
        let recent = RecentInteractions(capacity: 10)
        let slow = InterceptedStore(over: store)
        slow.afterScan { recent.forget(row: 2) }
        try recent.reload(from: slow, after: 0)
        #expect(recent.items(of: "a") == ["x", "z"])
        slow.afterScan {}
        try recent.reload(from: slow, after: 1)
        #expect(recent.items(of: "a") == ["y", "z"])
    }

    @Test("of one user who did too much the latest is remembered, and an erasure takes all of it")
    func oneForMany() {
        let recent = RecentInteractions(capacity: 100, touchesPerUser: 3)
        for row in 1...20 {
            recent.append([interaction(row % 4 == 0 ? "u" : "guest", "i\(row)")], watermark: Int64(row))
        }
        #expect(recent.items(of: "guest") == ["i17", "i18", "i19"] && recent.items(of: "u") == ["i12", "i16", "i20"])
        #expect(recent.count == 20 && recent.popular().count == 20)
        // None of the latest is left, but earlier ones are.
        recent.forget(rows: [17, 18, 19])
        #expect(recent.items(of: "guest").isEmpty && recent.count == 17)
        recent.forget(userID: "guest", upTo: 20)
        #expect(recent.count == 5 && Set(recent.popular().map(\.itemID)) == ["i4", "i8", "i12", "i16", "i20"])
        recent.forget(userID: "u", upTo: 20)
        #expect(recent.count == 0 && recent.popular().isEmpty)
    }

    /// The same by lists that are searched.
    private struct Oracle {
        var rows: [(row: Int64, user: String, item: String)] = []

        func items(of user: String) -> [String] { rows.filter { $0.user == user }.suffix(4).map(\.item) }
        var counts: [String: Int] { rows.reduce(into: [:]) { $0[$1.item, default: 0] += 1 } }
    }

    @Test("whatever comes and goes, it holds what a list would", arguments: 0..<20 as Range<UInt64>)
    func oracle(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let recent = RecentInteractions(capacity: 30, touchesPerUser: 4)
        var oracle = Oracle()
        var last: Int64 = 0
        for _ in 0..<300 {
            let user = "u\(random.next() % 4)"
            switch random.next() % 10 {
            case 0:
                let gone = oracle.rows.map(\.row).filter { _ in random.next() % 3 == 0 }
                recent.forget(rows: gone)
                oracle.rows.removeAll { gone.contains($0.row) }
            case 1:
                recent.forget(userID: user, upTo: last)
                oracle.rows.removeAll { $0.user == user }
            case 2:
                let watermark = max(0, last - Int64(random.next() % 40))
                recent.forget(upTo: watermark)
                oracle.rows.removeAll { $0.row <= watermark }
            default:
                last += 1
                let item = "i\(random.next() % 7)"
                recent.append([interaction(user, item)], watermark: last)
                oracle.rows.append((last, user, item))
                oracle.rows = oracle.rows.suffix(30)
                #expect(recent.items(of: user).last == item)
            }
            #expect(recent.count == oracle.rows.count)
            #expect(Dictionary(uniqueKeysWithValues: recent.popular().map { ($0.itemID, $0.count) }) == oracle.counts)
            // Those cut off are not taken up again when later ones go: what is held of a user is the end of the list's.
            for user in 0..<4 {
                let held = recent.items(of: "u\(user)")
                #expect(oracle.items(of: "u\(user)").suffix(held.count) == held[...])
            }
        }
    }

    @Test("an erased person is gone, and the others stay")
    func erases() {
        let recent = RecentInteractions(capacity: 10)
        recent.append([interaction("a", "x"), interaction("b", "x"), interaction("a", "y")], watermark: 3)
        recent.forget(userID: "a", upTo: 3)
        #expect(recent.items(of: "a").isEmpty)
        #expect(recent.items(of: "b") == ["x"])
        #expect(recent.popular().map(\.itemID) == ["x"])
        #expect(recent.count == 1)
    }

    @Test("rows of an erased person that are announced late are not remembered, and later ones are")
    func lateRowsOfTheErased() {
        let recent = RecentInteractions(capacity: 10)
        recent.append([interaction("a", "x")], watermark: 1)
        recent.forget(userID: "a", upTo: 3)
        recent.append([interaction("a", "y"), interaction("b", "y")], watermark: 3)
        #expect(recent.items(of: "a").isEmpty && recent.items(of: "b") == ["y"])
        recent.append([interaction("a", "z")], watermark: 4)
        #expect(recent.items(of: "a") == ["z"])
    }

    @Test("a person who is erased while the store is read is not among what was read")
    func erasedDuringReload() throws {
        let store = InMemoryInteractionStore()
        _ = try store.append([interaction("a", "x"), interaction("b", "x")], idempotencyKey: nil)
        let recent = RecentInteractions(capacity: 10)
        let slow = InterceptedStore(over: store)
        slow.afterScan { recent.forget(userID: "a", upTo: 2) }
        try recent.reload(from: slow, after: 0)
        #expect(recent.items(of: "a").isEmpty && recent.items(of: "b") == ["x"])
    }

    @Test("read again from the store, it holds what came after the watermark, and what came meanwhile, each once")
    func reloads() throws {
        let store = InMemoryInteractionStore()
        let recent = RecentInteractions(capacity: 10)
        let receipt = try store.append(
            [interaction("a", "x"), interaction("a", "y"), interaction("a", "z")], idempotencyKey: nil)
        // Committed before the reading, announced after it.
        try recent.reload(from: store, after: 1)
        #expect(!recent.append([interaction("a", "z")], watermark: receipt.watermark))
        #expect(recent.items(of: "a") == ["y", "z"])
        // Announced already, but not in this store: newer than what is read.
        recent.append([interaction("a", "new")], watermark: 9)
        try recent.reload(from: store, after: 2)
        #expect(recent.items(of: "a") == ["z", "new"])
    }
}
