import InteractionStorage
import TestSupport
import Testing

@Suite("Every store: rows in quarantine")
struct QuarantineContractTests {
    private static let wide = QuarantineBounds(rows: 1_000, bytes: 1 << 20)

    private func row(
        _ line: Int, _ text: String = "{}", of user: String? = nil, upload: String = "a", isCut: Bool = false,
        detail: String = "is wrong"
    ) -> QuarantinedRow {
        QuarantinedRow(
            upload: upload, format: .ndjson, line: line, text: Array(text.utf8), isCut: isCut, detail: detail,
            userID: user, time: 1_000)
    }

    private func lines(
        _ store: any InteractionStore, upload: String? = nil, user: String? = nil, after cursor: Int64? = nil,
        limit: Int = .max
    ) throws -> [Int] {
        try store.quarantinedRows(upload: upload, userID: user, after: cursor, limit: limit).map(\.line)
    }

    private func sizes(_ store: any InteractionStore) throws -> Int {
        try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: .max).reduce(0) { $0 + $1.size }
    }

    @Test("a row comes back whole, whatever its text, and is counted", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            var odd = row(7, of: "caf\u{E9}", upload: "caf\u{E9}", isCut: true, detail: "\"x\" é 漢")
            odd.text = [0xFF, 0, 0x5C, 0x0A] + Array("é".utf8)
            odd.format = .csv
            #expect(try store.quarantine([row(1), odd], begunAfter: nil, within: Self.wide).kept == 2)
            var expected = [row(1), odd]
            expected[0].id = 1
            expected[1].id = 2
            let held = try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9)
            #expect(held == expected)
            let counts = try store.quarantineCounts
            #expect(counts == QuarantineCounts(rows: 2, bytes: row(1).size + odd.size, dropped: 0))
            #expect(try store.counts == StoreCounts() && store.watermark == 0)
        }
    }

    @Test("rows are found by upload and by user, a page at a time", arguments: StoreKind.allCases)
    func pages(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let rows = (1...6).map { row($0, of: $0 % 2 == 0 ? "u" : nil, upload: $0 < 4 ? "a" : "b") }
            try store.quarantine(rows, begunAfter: nil, within: Self.wide)
            #expect(try lines(store) == [1, 2, 3, 4, 5, 6])
            #expect(try lines(store, upload: "b") == [4, 5, 6])
            #expect(try lines(store, user: "u") == [2, 4, 6])
            #expect(try lines(store, upload: "b", user: "u", limit: 1) == [4])
            let first = try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 4)
            #expect(try lines(store, after: first.last?.id) == [5, 6])
            #expect(try lines(store, upload: "b\0c").isEmpty && lines(store, limit: 0).isEmpty)
        }
    }

    @Test("the same line of the same upload is kept once: a retry repeats nothing", arguments: StoreKind.allCases)
    func retry(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.quarantine([row(1)], begunAfter: nil, within: Self.wide)
            let again = try store.quarantine(
                [row(1, "changed"), row(2), row(1, upload: "b"), row(2)], begunAfter: nil, within: Self.wide)
            #expect(again == QuarantineReceipt(kept: 2, duplicates: 2))
            #expect(try lines(store) == [1, 2, 1])
        }
    }

    @Test("beyond its bound of rows or of bytes the oldest go, and are counted", arguments: StoreKind.allCases)
    func bounds(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let atBound = QuarantineBounds(rows: 3, bytes: .max)
            #expect(try store.quarantine((1...3).map { row($0) }, begunAfter: nil, within: atBound).dropped == 0)
            #expect(try store.quarantine([row(4)], begunAfter: nil, within: atBound).dropped == 1)
            #expect(try lines(store) == [2, 3, 4])
            let bytes = try store.quarantineCounts.bytes
            let long = row(5, String(repeating: "x", count: 100))
            let exact = QuarantineBounds(rows: 9, bytes: bytes + long.size)
            #expect(try store.quarantine([long], begunAfter: nil, within: exact).dropped == 0)
            let less = QuarantineBounds(rows: 9, bytes: bytes + long.size + row(6).size - 1)
            #expect(try store.quarantine([row(6)], begunAfter: nil, within: less).dropped == 1)
            #expect(try lines(store) == [3, 4, 5, 6])
            // A row that is larger than the bound leaves nothing.
            let none = try store.quarantine([row(7)], begunAfter: nil, within: QuarantineBounds(rows: 9, bytes: 1))
            #expect(none == QuarantineReceipt(kept: 1, dropped: 5))
            #expect(try store.quarantineCounts == QuarantineCounts(rows: 0, bytes: 0, dropped: 7))
        }
    }

    @Test("an upload's rows are cleared by its name, all without one", arguments: StoreKind.allCases)
    func clearing(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.quarantine([row(1), row(1, upload: "b"), row(2)], begunAfter: nil, within: Self.wide)
            #expect(try store.clearQuarantine(upload: "a") == 2 && store.clearQuarantine(upload: "a") == 0)
            #expect(try store.clearQuarantine(upload: "a\0") == 0)
            #expect(try lines(store) == [1])
            #expect(try store.quarantineCounts.bytes == sizes(store))
            try store.quarantine([row(3)], begunAfter: nil, within: Self.wide)
            #expect(try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: 9).map(\.id) == [2, 4])
            #expect(try store.clearQuarantine(upload: nil) == 2)
            #expect(try store.quarantineCounts == QuarantineCounts())
        }
    }

    @Test("a row that no store takes is refused, and the others with it", arguments: StoreKind.allCases)
    func unfit(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            for unfit in [row(2, upload: ""), row(2, of: "u\0"), row(2, detail: "a\0b")] {
                #expect(throws: StoreError.self) {
                    try store.quarantine([row(1), unfit], begunAfter: nil, within: Self.wide)
                }
            }
            #expect(try lines(store).isEmpty)
        }
    }

    @Test("an erasure takes the rows about the user and those that may name the user", arguments: StoreKind.allCases)
    func erasure(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let rows = [
                row(1, #"{"user_id": "42", "rating": "x"}"#, of: "42"),
                row(2, #"{"user_id": "7", "friend": "42"}"#, of: "7"),
                row(3, #"{"user_id": "7", "timestamp": 1142991}"#, of: "7"),
                row(4, #"{"user_id": "7x42"#), row(5, #"{"user_id": "\u0034\u0032"#), row(6, "7,i", isCut: true),
                row(7, "7,i"), row(8, "7,i", detail: "42 is wrong"), row(9, "i", of: "420"),
            ]
            try store.quarantine(rows, begunAfter: nil, within: Self.wide)
            let receipt = try store.eraseUser("42", at: 5)
            #expect(receipt == ErasureReceipt(existed: true, quarantined: 6, sequence: 1))
            #expect(try lines(store) == [3, 7, 9])
            #expect(try store.quarantineCounts == QuarantineCounts(rows: 3, bytes: sizes(store), dropped: 0))
            let unknown = try store.eraseUser("i", at: 5)
            #expect(!unknown.existed && unknown.quarantined == 2)
        }
    }

    @Test("a name is recognised as CSV and JSON write it", arguments: StoreKind.allCases)
    func spellings(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.quarantine(
                [
                    row(1, #""say ""hi""",i"#, of: "b"), row(2, #"{"x": "say \"hi\""}"#, of: "b"),
                    row(3, "say hi", of: "b"),
                ], begunAfter: nil, within: Self.wide)
            #expect(try store.eraseUser(#"say "hi""#, at: 5).quarantined == 2)
            #expect(try lines(store) == [3])
        }
    }

    @Test("who was erased is kept out, and whatever may be theirs", arguments: StoreKind.allCases)
    func tombstones(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.eraseUser("u", at: 5)
            func receipt(begunAfter: Int64?) throws -> QuarantineReceipt {
                defer { _ = try? store.clearQuarantine(upload: nil) }
                return try store.quarantine(
                    [row(1, of: "u"), row(2, of: "v"), row(3)], begunAfter: begunAfter, within: Self.wide)
            }
            // A row without a user may be of whoever was erased since.
            #expect(try receipt(begunAfter: 0) == QuarantineReceipt(kept: 1, erased: 2))
            #expect(try receipt(begunAfter: 1) == QuarantineReceipt(kept: 2, erased: 1))
            #expect(try receipt(begunAfter: nil) == QuarantineReceipt(kept: 2, erased: 1))
        }
    }
}
