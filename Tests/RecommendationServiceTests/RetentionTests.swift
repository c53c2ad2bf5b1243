import InteractionStorage
import JSON
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Retention by age", .timeLimit(.minutes(1)))
struct RetentionTests {
    private static let day: Int64 = 86_400_000

    private func interaction(_ user: String, _ item: String, daysOld: Int64, kind: String? = nil) -> Interaction {
        let now = ManualWallClock().milliseconds
        return Interaction(userID: user, itemID: item, kind: kind, timestamp: now - daysOld * Self.day)
    }

    private func store(_ rows: [Interaction]) throws -> InMemoryInteractionStore {
        let store = InMemoryInteractionStore()
        _ = try store.append(rows, idempotencyKey: nil)
        return store
    }

    private func removed(_ service: TestService) throws -> String? {
        try service.get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix("nectar_interactions_expired_total ")
        }.map(String.init)
    }

    @Test("what is too old is removed when the server starts, and as time goes on; the watermark stays")
    func byClock() throws {
        let store = try store([
            interaction("u", "a", daysOld: 31), interaction("u", "b", daysOld: 30), interaction("v", "c", daysOld: 1),
        ])
        let service = try TestService(store: store) { $0.retentionDays = 30 }
        service.service.retention.drain()
        #expect(try store.counts.interactions == 2 && store.watermark == 3)
        service.time.advance(milliseconds: 1)
        service.service.retention.sweep()
        #expect(try store.counts.interactions == 1)
        #expect(try removed(service) == "nectar_interactions_expired_total 2")
        service.time.advance(milliseconds: 28 * Self.day)
        service.service.retention.sweep()
        #expect(try store.counts.interactions == 1)
        service.time.advance(milliseconds: 2 * Self.day)
        service.service.retention.sweep()
        #expect(try store.counts.interactions == 0 && store.watermark == 3)
    }

    @Test("off by itself")
    func off() throws {
        let store = try store([interaction("u", "a", daysOld: 20_000)])
        let service = try TestService(store: store)
        service.service.retention.drain()
        service.service.retention.sweep()
        #expect(try store.counts.interactions == 1)
    }

    @Test("a kind is kept as long as it says, for ever with 0")
    func kinds() throws {
        let store = try store(
            ["view", "purchase", "other"].map { interaction("u", $0, daysOld: 40, kind: $0) }
                + [interaction("u", "fresh", daysOld: 6, kind: "view")])
        let service = try TestService(store: store) {
            $0.retentionDays = 30
            $0.kinds.retentionDays = ["view": 5, "purchase": 0]
        }
        service.service.retention.drain()
        #expect(try store.latestInteractions(userID: "u", limit: 9).map(\.interaction.itemID) == ["purchase"])
    }

    @Test("what is removed leaves the memory: it counts for no popularity, and is not hidden from its user any more")
    func memory() throws {
        let store = try store(
            (0..<5).map { interaction("u\($0)", "old", daysOld: 9) }
                + [interaction("u0", "new", daysOld: 1), interaction("v", "new", daysOld: 1)])
        let service = try TestService(store: store) { $0.retentionDays = 10 }
        service.service.retention.drain()
        func popular(for user: String) throws -> [String] {
            try service.get("/recommend?user_id=\(user)").json["items"]?.elements.compactMap { $0["item_id"]?.string }
                ?? []
        }
        #expect(try popular(for: "stranger") == ["old", "new"])
        #expect(try popular(for: "u0").isEmpty)
        service.time.advance(milliseconds: 2 * Self.day)
        service.service.retention.sweep()
        #expect(try popular(for: "stranger") == ["new"])
        #expect(try popular(for: "u1") == ["new"])
        // A model knows the item until the next is trained, and what it leaves out is removed from nowhere.
        #expect(try popular(for: "v").isEmpty)
    }

    @Test("a store that fails is told of and asked again; a restored one is swept at the next start")
    func failing() throws {
        let base = try store([interaction("u", "a", daysOld: 40)])
        let store = InterceptedStore(over: base)
        let service = try TestService(store: store) { $0.retentionDays = 30 }
        service.service.retention.drain()
        #expect(try base.counts.interactions == 0)
        store.fail(with: .unavailable("the disk is gone"))
        service.service.retention.sweep()
        store.fail(with: nil)
        _ = try base.append([interaction("u", "b", daysOld: 40)], idempotencyKey: nil)
        service.service.retention.sweep()
        #expect(try base.counts.interactions == 0)
        // As a backup brings it back.
        _ = try base.append([interaction("u", "c", daysOld: 40)], idempotencyKey: nil)
        let next = try TestService(store: base) { $0.retentionDays = 30 }
        next.service.retention.drain()
        #expect(try base.counts.interactions == 0)
    }

    @Test("rows of several steps all go, and what stays between them is remembered in order")
    func manySteps() throws {
        let count = 2 * RetentionKeeper.stepLimit + 250
        let store = try store(
            (0..<count).map { interaction("u", "i\($0 % 50)", daysOld: $0 % 5 == 0 ? 1 : 9) })
        let service = try TestService(store: store) { $0.retentionDays = 10 }
        service.service.retention.drain()
        service.time.advance(milliseconds: 2 * Self.day)
        service.service.retention.sweep()
        #expect(try store.counts.interactions == count / 5)
        #expect(try removed(service) == "nectar_interactions_expired_total \(count - count / 5)")
    }
}

@Suite("The memory of recent interactions forgets single rows")
struct RecentForgettingTests {
    /// What is left, by the definition: all but those removed, of these the latest so many.
    private static func left(_ rows: [Interaction], removed: Set<Int64>, capacity: Int) -> [Interaction] {
        let first = rows.prefix(55).enumerated().suffix(capacity).filter { !removed.contains(Int64($0.offset + 1)) }
        let later = rows.enumerated().dropFirst(55).filter { !removed.contains(Int64($0.offset + 1)) }
        return (first + later).suffix(capacity).map(\.element)
    }

    @Test("those held, those yet to come and those long forgotten alike", arguments: 1...30 as ClosedRange<UInt64>)
    func oracle(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let rows = (0..<60).map { index in
            Interaction(
                userID: "u\(Int.random(in: 0..<6, using: &random))",
                itemID: "i\(Int.random(in: 0..<9, using: &random))", timestamp: Int64(index + 1))
        }
        let share = Int.random(in: 1...5, using: &random)
        let removed = (1...70).filter { _ in Int.random(in: 0...5, using: &random) < share }.map(Int64.init)
        let memory = RecentInteractions(capacity: 50)
        memory.append(Array(rows.prefix(55)), watermark: 55)
        memory.forget(rows: removed)
        memory.forget(rows: removed)
        memory.append(Array(rows.suffix(5)), watermark: 60)
        let left = Self.left(rows, removed: Set(removed), capacity: 50)
        #expect(memory.count == left.count, "seed \(seed)")
        for user in 0..<6 {
            let own = left.filter { $0.userID == "u\(user)" }.map(\.itemID)
            #expect(memory.items(of: "u\(user)") == own, "seed \(seed)")
        }
        let counts = Dictionary(grouping: left, by: \.itemID).mapValues(\.count)
        #expect(Dictionary(uniqueKeysWithValues: memory.popular().map { ($0.itemID, $0.count) }) == counts)
        // And up to a watermark, over what is gone.
        memory.forget(upTo: 58)
        #expect(memory.count == (59...60).count { !removed.contains(Int64($0)) })
    }
}
