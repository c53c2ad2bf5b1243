import Testing

@testable import InteractionStorage

@Suite("SQLite store: rows of one transaction")
struct InteractionInserterTests {
    /// With every member, or none that may be missing, in turns.
    private func interaction(_ number: Int, id: String? = nil) -> Interaction {
        let isBare = number % 3 == 1
        return Interaction(
            userID: "user \(number % 4)", itemID: "item \(number)", kind: isBare ? nil : "view",
            rating: isBare ? nil : Double(number) / 2, weight: isBare ? nil : Double(number),
            timestamp: isBare ? nil : Int64(number), interactionID: id)
    }

    @Test("are stored in their order, however many there are", arguments: [1, 2, 7, 8, 9, 15, 16, 17, 40])
    func anyNumber(count: Int) throws {
        try StoreKind.sqlite.withStore { store in
            let group = (0..<count).map { AppendRequest(interactions: [interaction($0)]) }
            let receipts = try store.append(group: group).map { try $0.get() }
            #expect(receipts.map(\.watermark) == (1...count).map(Int64.init))
            #expect(try store.everything().map(\.interaction) == (0..<count).map { interaction($0) })
            let again = try store.append((0..<count).map { interaction($0) }, idempotencyKey: nil)
            #expect(again.stored == count)
            #expect(try store.everything().suffix(count).map(\.interaction) == (0..<count).map { interaction($0) })
        }
    }

    @Test("a name that was given once is known, also to the rows right behind it")
    func givenNames() throws {
        try StoreKind.sqlite.withStore { store in
            // Every third one is named, each name twice, some within one statement's rows.
            let rows = (0..<36).map { interaction($0, id: $0 % 3 == 0 ? "name \($0 / 6)" : nil) }
            let receipts = try store.append(group: rows.map { AppendRequest(interactions: [$0]) }).map { try $0.get() }
            let isSecond = rows.indices.map { $0 % 6 == 3 }
            #expect(receipts.map(\.duplicates) == isSecond.map { $0 ? 1 : 0 })
            let expected = zip(rows, isSecond).filter { !$0.1 }.map(\.0)
            #expect(try store.everything().map(\.interaction) == expected)
        }
    }
}
