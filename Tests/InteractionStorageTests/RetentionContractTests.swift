import InteractionStorage
import TestSupport
import Testing

@Suite("Every store: what is too old goes")
struct RetentionContractTests {
    private func interaction(_ user: String, _ timestamp: Int64?, kind: String? = nil) -> Interaction {
        Interaction(userID: user, itemID: "i", kind: kind, timestamp: timestamp)
    }

    /// Steps until the end; all rows removed, and the number of steps.
    private func sweep(
        _ store: any InteractionStore, _ rule: RetentionRule, limit: Int
    ) throws -> (removed: [Int64], steps: Int) {
        var (removed, steps, cursor) = ([Int64](), 0, Int64(0))
        while true {
            let step = try store.removeExpired(rule, after: cursor, limit: limit)
            removed += step.removed.map(\.rowID)
            steps += 1
            guard let next = step.cursor else { return (removed, steps) }
            #expect(next > cursor)
            cursor = next
        }
    }

    @Test(
        "by age alone: what is older goes, what is as old as allowed or of unknown age stays",
        arguments: StoreKind.allCases)
    func byAge(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.append(
                [99, 100, nil, 101, 5, -7].map { interaction("u", $0) }, idempotencyKey: nil)
            let (removed, _) = try sweep(store, RetentionRule(before: 100), limit: 100)
            #expect(removed == [1, 5, 6])
            #expect(try store.everything().map(\.rowID) == [2, 3, 4])
            #expect(try store.counts.interactions == 3 && store.watermark == 6)
            // There is nothing left to remove, and new rows go on where the old ones ended.
            #expect(try sweep(store, RetentionRule(before: 100), limit: 100).removed.isEmpty)
            #expect(try store.append([interaction("u", 200)], idempotencyKey: nil).watermark == 7)
        }
    }

    @Test("step by step, whatever the size of a step", arguments: StoreKind.allCases, [1, 2, 3, 7, 20])
    func steps(_ kind: StoreKind, limit: Int) throws {
        try kind.withStore { store throws in
            _ = try store.append((1...20).map { interaction("u\($0 % 3)", $0) }, idempotencyKey: nil)
            let (removed, steps) = try sweep(store, RetentionRule(before: 15), limit: limit)
            #expect(removed == Array(1...14) && steps == 14 / limit + 1)
            #expect(try store.everything().map(\.rowID) == Array(15...20))
            #expect(try store.removeExpired(RetentionRule(before: 100), after: 0, limit: 0).removed.isEmpty)
        }
    }

    @Test("by kind: a kind has its own age, or none, whatever that of the others", arguments: StoreKind.allCases)
    func byKind(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let kinds = [nil, "view", "purchase", "caf\u{E9}", "cafe\u{301}", "other"]
            _ = try store.append(kinds.map { interaction("u", 50, kind: $0) }, idempotencyKey: nil)
            var rule = RetentionRule(before: nil, beforeByKind: ["view": 51, "caf\u{E9}": 100, "never": 100])
            #expect(!rule.keepsEverything)
            #expect(try sweep(store, rule, limit: 4).removed == [2, 4])
            rule = RetentionRule(before: 60, beforeByKind: ["purchase": nil, "other": 50])
            #expect(try sweep(store, rule, limit: 4).removed == [1, 5])
            #expect(try store.everything().map(\.interaction.kind) == ["purchase", "other"])
            #expect(RetentionRule(before: nil, beforeByKind: ["view": nil]).keepsEverything)
        }
    }

    @Test("an item of which nothing is left is not named any more", arguments: StoreKind.allCases)
    func itemNames(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let rows = [("i", 1), ("j", 100), ("i", 2), ("j", 3)].map {
                Interaction(userID: "u", itemID: $0, timestamp: $1)
            }
            _ = try store.append(rows, idempotencyKey: nil)
            #expect(try sweep(store, RetentionRule(before: 50), limit: 1).removed == [1, 3, 4])
            #expect(try store.counts == StoreCounts(interactions: 1, users: 1, items: 1))
            let names = try #require(try store.scanned().snapshot?.itemIDs)
            #expect(names.count == 1 && names[2] == "j")
        }
    }

    @Test("who has nothing left is not named any more, and comes back as somebody new", arguments: StoreKind.allCases)
    func names(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.append(
                [
                    interaction("old", 1, kind: "view"), interaction("both", 1), interaction("both", 100),
                    interaction("old", 2),
                ],
                idempotencyKey: "key")
            try store.putUsers([User(id: "old")])
            // One step at a time: the name stays as long as a row of it does.
            #expect(
                try store.removeExpired(RetentionRule(before: 50), after: 0, limit: 1).removed
                    == [RemovedInteraction(rowID: 1, itemID: "i", kind: "view", timestamp: 1)])
            #expect(try store.counts.users == 2)
            #expect(try sweep(store, RetentionRule(before: 50), limit: 10).removed == [2, 4])
            #expect(try store.counts.users == 1 && store.counts.userRecords == 1)
            #expect(try store.counts.items == 1)
            let names = try #require(try store.scanned().snapshot?.userIDs)
            #expect(names.count == 1 && names[2] == "both")
            // No tombstone, and the receipt of the key is as it was.
            #expect(try store.tombstones(after: 0).isEmpty && store.user("old") != nil)
            let retry = try store.append(
                [
                    interaction("old", 1, kind: "view"), interaction("both", 1), interaction("both", 100),
                    interaction("old", 2),
                ],
                idempotencyKey: "key")
            #expect(retry.stored == 4 && retry.watermark == 4)
            #expect(try store.counts.interactions == 1)
            #expect(try store.append([interaction("old", 200)], idempotencyKey: nil).stored == 1)
            #expect(try store.counts.users == 2 && store.latestInteractions(userID: "old", limit: 5).count == 1)
        }
    }
}
