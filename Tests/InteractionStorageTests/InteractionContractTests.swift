import InteractionStorage
import Testing

@Suite("Every store: interactions")
struct InteractionContractTests {
    @Test("what is appended comes back whole and in order", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let bare = Interaction(userID: "ada", itemID: "50")
            let receipt = try store.append([.complete, bare, bare], idempotencyKey: nil)
            #expect(receipt == AppendReceipt(stored: 3, duplicates: 0, watermark: 3))
            #expect(try store.everything().map(\.interaction) == [.complete, bare, bare])
            #expect(try store.everything().map(\.rowID) == [1, 2, 3])
            #expect(try store.counts == StoreCounts(interactions: 3, users: 1, items: 2))
            #expect(try store.watermark == 3)
        }
    }

    @Test("an empty append is a receipt of nothing", arguments: StoreKind.allCases)
    func nothing(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            #expect(try store.append([], idempotencyKey: nil) == AppendReceipt(stored: 0, duplicates: 0, watermark: 0))
        }
    }

    @Test("an interaction_id is stored once, within a call and across calls", arguments: StoreKind.allCases)
    func duplicates(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let receipt = try store.append([.complete, .complete], idempotencyKey: nil)
            #expect(receipt == AppendReceipt(stored: 1, duplicates: 1, watermark: 1, leftOutPositions: [1]))
            let again = try store.append(
                [.complete, Interaction(userID: "new", itemID: "new", interactionID: "complete")], idempotencyKey: nil)
            #expect(again == AppendReceipt(stored: 0, duplicates: 2, watermark: 1, leftOutPositions: [0, 1]))
            let bare = Interaction(userID: "ada", itemID: "50")
            let mixed = try store.append([bare, .complete, bare], idempotencyKey: "k")
            #expect(mixed == AppendReceipt(stored: 2, duplicates: 1, watermark: 3, leftOutPositions: [1]))
            // Kept is how many they were, not which.
            let repeated = try store.append([bare, .complete, bare], idempotencyKey: "k")
            #expect(repeated == AppendReceipt(stored: 2, duplicates: 1, watermark: 3))
            #expect(try store.counts == StoreCounts(interactions: 3, users: 1, items: 2))
        }
    }

    @Test(
        "an idempotency key gives the first receipt again, and is refused with other interactions",
        arguments: StoreKind.allCases)
    func idempotency(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let bare = Interaction(userID: "ada", itemID: "50")
            let first = try store.append([bare, .complete], idempotencyKey: "k")
            try #require(try store.append([bare], idempotencyKey: "other").watermark == 3)
            #expect(try store.append([bare, .complete], idempotencyKey: "k") == first)
            for other in [
                [bare, bare], [.complete, bare], [bare], [], [Interaction(userID: "ada", itemID: "51"), .complete],
            ] {
                #expect(throws: StoreError.keyReused) { try store.append(other, idempotencyKey: "k") }
            }
            #expect(try store.everything().count == 3)
        }
    }

    @Test(
        "an idempotency key may stand for no interactions at all, and stands for what came with them too",
        arguments: StoreKind.allCases)
    func keyOfNothing(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let bare = Interaction(userID: "ada", itemID: "50")
            func append(
                _ interactions: [Interaction], _ companions: UInt64?
            ) throws -> Result<AppendReceipt, StoreError> {
                try store.append(group: [
                    AppendRequest(interactions: interactions, idempotencyKey: "k", companions: companions)
                ])[0]
            }
            let first = try append([], 7)
            #expect(first == .success(AppendReceipt(stored: 0, duplicates: 0, watermark: 0)))
            #expect(try append([], 7) == first)
            for (interactions, companions) in [([], nil), ([], 8), ([bare], 7), ([bare], nil)]
                as [([Interaction], UInt64?)]
            {
                #expect(try append(interactions, companions) == .failure(.keyReused))
            }
            #expect(try store.everything().isEmpty)
        }
    }

    @Test("the latest receipts are kept and older ones forgotten", arguments: StoreKind.allCases)
    func receiptsKept(_ kind: StoreKind) throws {
        try kind.withStore(receiptsKept: 2) { store throws in
            let bare = Interaction(userID: "ada", itemID: "50")
            for key in ["a", "b", "c"] { _ = try store.append([bare], idempotencyKey: key) }
            #expect(try store.append([bare], idempotencyKey: "b").watermark == 2)
            #expect(try store.append([bare], idempotencyKey: "c").watermark == 3)
            #expect(try store.append([bare], idempotencyKey: "a").watermark == 4)
        }
    }

    static let faulty: [(Interaction, String)] = [
        (Interaction(userID: "", itemID: "i"), "interaction 1: user_id is empty"),
        (
            Interaction(userID: "u", itemID: String(repeating: "é", count: 129)),
            "interaction 1: item_id is longer than 256 bytes"
        ),
        (Interaction(userID: "u\0v", itemID: "i"), "interaction 1: user_id contains a control character"),
        (Interaction(userID: "u", itemID: "i\u{7F}"), "interaction 1: item_id contains a control character"),
        (Interaction(userID: "u", itemID: "i\u{85}"), "interaction 1: item_id contains a control character"),
        (Interaction(userID: "u", itemID: "i", kind: ""), "interaction 1: kind is empty"),
        (Interaction(userID: "u", itemID: "i", rating: .nan), "interaction 1: rating is not a finite number"),
        (Interaction(userID: "u", itemID: "i", weight: .infinity), "interaction 1: weight is not a finite number"),
        (
            Interaction(userID: "u", itemID: "i", interactionID: "\n"),
            "interaction 1: interaction_id contains a control character"
        ),
        (
            Interaction(userID: "u", itemID: "i", interactionID: "row:17"),
            "interaction 1: interaction_id says \"row:17\", as only interactions without one are called"
        ),
    ]

    @Test("an interaction with a fault is refused with all its company", arguments: StoreKind.allCases, faulty)
    func faults(_ kind: StoreKind, _ faulty: (Interaction, String)) throws {
        try kind.withStore { store throws in
            #expect(throws: StoreError.failed(operation: "append", reason: faulty.1)) {
                try store.append([.complete, faulty.0], idempotencyKey: "k")
            }
            #expect(try store.counts == StoreCounts())
            #expect(try store.append([.complete], idempotencyKey: "k").stored == 1)
        }
    }

    @Test("names of 256 bytes are taken, and canonically equivalent ones told apart", arguments: StoreKind.allCases)
    func names(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let longest = String(repeating: "é", count: 128)
            let names = [longest, "caf\u{E9}", "cafe\u{301}", "a b", "\u{A0}", "😀"]
            _ = try store.append(names.map { Interaction(userID: $0, itemID: $0) }, idempotencyKey: nil)
            #expect(try store.counts.users == 6)
            for (row, name) in names.enumerated() {
                let found = try store.interactions(userID: name, itemID: nil, kind: nil, after: nil, limit: 9)
                #expect(found.map(\.rowID) == [Int64(row + 1)])
                #expect(found.first.map { Array($0.interaction.userID.utf8) } == Array(name.utf8))
            }
        }
    }

    @Test("a group answers each request for itself", arguments: StoreKind.allCases)
    func group(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let bare = Interaction(userID: "ada", itemID: "50")
            let bad = Interaction(userID: "", itemID: "50")
            let results = try store.append(group: [
                AppendRequest(interactions: [bare], idempotencyKey: "k"), AppendRequest(interactions: [bare, bad]),
                AppendRequest(interactions: [bare, bare]),
                AppendRequest(interactions: [bare], idempotencyKey: "k"),
                AppendRequest(interactions: [.complete], idempotencyKey: "k"),
                AppendRequest(interactions: [bare], idempotencyKey: ""),
            ])
            #expect(
                results == [
                    .success(AppendReceipt(stored: 1, duplicates: 0, watermark: 1)),
                    .failure(.failed(operation: "append", reason: "interaction 1: user_id is empty")),
                    .success(AppendReceipt(stored: 2, duplicates: 0, watermark: 3)),
                    .success(AppendReceipt(stored: 1, duplicates: 0, watermark: 1)),
                    .failure(.keyReused),
                    .failure(.failed(operation: "append", reason: "the idempotency key is empty")),
                ])
            #expect(try store.everything().count == 3)
        }
    }

    @Test("a query gives what matches every name, from the cursor on, up to the limit", arguments: StoreKind.allCases)
    func queries(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            for user in ["u", "v"] {
                for item in ["i", "j"] {
                    for kind in [nil, "view", "buy"] {
                        _ = try store.append(
                            [Interaction(userID: user, itemID: item, kind: kind)], idempotencyKey: nil)
                    }
                }
            }
            func rows(
                _ user: String?, _ item: String?, _ kind: String?, after: Int64? = nil, limit: Int = 100
            ) throws -> [Int64] {
                try store.interactions(userID: user, itemID: item, kind: kind, after: after, limit: limit).map(\.rowID)
            }
            #expect(try rows(nil, nil, nil) == Array(1...12))
            #expect(try rows("v", nil, nil) == Array(7...12))
            #expect(try rows(nil, "j", nil) == [4, 5, 6, 10, 11, 12])
            #expect(try rows(nil, nil, "view") == [2, 5, 8, 11])
            #expect(try rows("u", "j", "buy") == [6])
            #expect(try rows("v", "i", nil, after: 7) == [8, 9])
            #expect(try rows(nil, "j", nil, after: 4, limit: 2) == [5, 6])
            #expect(try rows("w", nil, nil) == [])
            #expect(try rows(nil, nil, "sell") == [])
            #expect(try rows("u\0", nil, nil) == [])
            #expect(try rows(nil, nil, nil, limit: 0) == [])
            #expect(try rows(nil, nil, nil, limit: -1) == [])
            #expect(try rows(nil, nil, nil, after: 12) == [])
            #expect(try store.latestInteractions(userID: "v", limit: 2).map(\.rowID) == [12, 11])
            #expect(try store.latestInteractions(userID: "v", limit: 0) == [])
            #expect(try store.latestInteractions(userID: "w", limit: 2) == [])
        }
    }

    @Test("a deleted row is gone, and its number is not given out again", arguments: StoreKind.allCases)
    func deletion(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.append([Interaction(userID: "u", itemID: "i"), .complete], idempotencyKey: nil)
            let deleted = try store.deleteInteraction(id: "complete")
            #expect(deleted == StoredInteraction(rowID: 2, interaction: .complete))
            for name in ["complete", "", "row:2", "row:9", "row:0", "row:-1"] {
                #expect(try store.deleteInteraction(id: name) == nil, "\(name)")
            }
            #expect(try store.counts.interactions == 1)
            #expect(try store.watermark == 2)
            #expect(try store.append([.complete], idempotencyKey: nil).watermark == 3)
            #expect(try store.everything().map(\.rowID) == [1, 3])
        }
    }

    @Test("whom and what only deleted rows named is not named any more", arguments: StoreKind.allCases)
    func deletedNames(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let rows = [("u", "i"), ("u", "j"), ("v", "i")].map { Interaction(userID: $0, itemID: $1) }
            _ = try store.append(rows, idempotencyKey: "k")
            try store.putUsers([User(id: "v", tags: ["vip"])])
            try store.putItems([Item(id: "j")])
            #expect(try store.deleteInteraction(id: "row:3") != nil)
            #expect(
                try store.counts
                    == StoreCounts(interactions: 2, users: 1, items: 2, userRecords: 1, catalogueItems: 1))
            #expect(try store.deleteInteraction(id: "row:2") != nil)
            #expect(try store.counts.users == 1 && store.counts.items == 1)
            let snapshot = try #require(try store.scanned().snapshot)
            #expect(snapshot.userIDs.count == 1 && snapshot.userIDs[1] == "u")
            #expect(snapshot.itemIDs.count == 1 && snapshot.itemIDs[1] == "i")
            // Records are of their own, and so is the receipt of the key.
            #expect(try store.user("v")?.tags == ["vip"] && store.item("j") != nil)
            #expect(try store.append(rows, idempotencyKey: "k").watermark == 3)
            #expect(try store.append([rows[2]], idempotencyKey: nil).watermark == 4)
            #expect(try store.everything().map(\.interaction) == [rows[0], rows[2]])
            #expect(try store.counts.users == 2 && store.counts.items == 1)
        }
    }

    @Test("every row is deleted by the name it is shown under, its own or its row's", arguments: StoreKind.allCases)
    func deletionByName(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let bare = Interaction(userID: "u", itemID: "i")
            // Not quite a row's name, so anybody's.
            let near = Interaction(userID: "u", itemID: "i", interactionID: "row:01")
            _ = try store.append([bare, .complete, bare, near], idempotencyKey: nil)
            let rows = try store.everything()
            #expect(rows.map(\.name) == ["row:1", "complete", "row:3", "row:01"])
            for (index, row) in rows.enumerated() {
                #expect(try store.deleteInteraction(id: row.name) == row)
                #expect(try store.everything() == Array(rows[(index + 1)...]))
            }
            #expect(try store.counts.interactions == 0)
            // By its row also one that has a name.
            #expect(try store.append([.complete], idempotencyKey: nil).watermark == 5)
            #expect(try store.deleteInteraction(id: "row:5")?.interaction == .complete)
        }
    }

    @Test("a scan tells the watermark, the names and every row after the one asked for", arguments: StoreKind.allCases)
    func scan(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            var unnamed = Interaction.complete
            unnamed.interactionID = nil
            let bare = Interaction(userID: "bo", itemID: "50")
            _ = try store.append([unnamed, bare], idempotencyKey: nil)
            let (snapshot, rows) = try store.scanned()
            #expect(rows.map(\.interaction) == [unnamed, bare])
            #expect(snapshot?.watermark == 2)
            #expect(snapshot?.interactionCount == 2)
            #expect(snapshot?.userIDs.count == 2)
            #expect(snapshot?.kinds.count == 1)
            _ = try store.append([bare], idempotencyKey: nil)
            #expect(try store.scanned(after: 2).rows.map(\.rowID) == [3])
            #expect(try store.scanned(after: 3).rows.isEmpty)
            var seen = 0
            let count = try store.scan(after: 0, begin: { _ in }) { _ in
                seen += 1
                return seen < 2
            }
            #expect(count == 2)
        }
    }

    @Test("a closed store refuses every call, and closing twice is allowed", arguments: StoreKind.allCases)
    func closing(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.flush()
            try store.close()
            try store.close()
            let closed = StoreError.unavailable("the store is closed")
            #expect(throws: closed) { try store.append([.complete], idempotencyKey: nil) }
            #expect(throws: closed) { try store.everything() }
            #expect(throws: closed) { try store.counts }
            #expect(throws: closed) { try store.putItems([Item(id: "i")]) }
            #expect(throws: closed) { try store.flush() }
        }
    }
}
