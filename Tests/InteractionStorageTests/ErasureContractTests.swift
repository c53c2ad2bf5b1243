import InteractionStorage
import TestSupport
import Testing

@Suite("Every store: who was erased stays erased")
struct ErasureContractTests {
    private static let erasedAt: Int64 = 1_767_225_600_000

    private func interaction(_ user: String, at timestamp: Int64? = nil) -> Interaction {
        Interaction(userID: user, itemID: "i", timestamp: timestamp)
    }

    @Test(
        "a request that began before the erasure brings nobody back, and one that began after does",
        arguments: StoreKind.allCases)
    func underWay(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let receipt = try store.eraseUser("u", at: Self.erasedAt)
            #expect(receipt == ErasureReceipt(existed: false, sequence: 1))
            let both = [interaction("u"), interaction("v"), interaction("u", at: .max)]
            func append(begunAfter: Int64?) throws -> AppendReceipt {
                try store.append(group: [AppendRequest(interactions: both, begunAfter: begunAfter)])[0].get()
            }
            #expect(
                try append(begunAfter: 0)
                    == AppendReceipt(stored: 1, duplicates: 0, watermark: 1, erased: 2, leftOutPositions: [0, 2]))
            #expect(try store.everything().map(\.interaction.userID) == ["v"])
            #expect(try append(begunAfter: 1).stored == 3)
            #expect(try append(begunAfter: nil).stored == 3)
        }
    }

    @Test(
        "what happened before the erasure stays out whenever it is told; what happens after is somebody else's",
        arguments: StoreKind.allCases)
    func olderInteractions(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.append([interaction("u", at: 5), interaction("v", at: 5)], idempotencyKey: nil)
            #expect(try store.eraseUser("u", at: Self.erasedAt).watermark == 2)
            let receipt = try store.append(
                [
                    interaction("u", at: 5), interaction("u", at: Self.erasedAt),
                    interaction("u", at: Self.erasedAt + 1),
                    interaction("u"), interaction("v", at: 5),
                ], idempotencyKey: "k")
            #expect(
                receipt == AppendReceipt(stored: 3, duplicates: 0, watermark: 5, erased: 2, leftOutPositions: [0, 1]))
            #expect(try store.everything().map(\.interaction.userID) == ["v", "u", "u", "v"])
            // The receipt of a retry says the same.
            let retry = try store.append(
                [
                    interaction("u", at: 5), interaction("u", at: Self.erasedAt),
                    interaction("u", at: Self.erasedAt + 1),
                    interaction("u"), interaction("v", at: 5),
                ], idempotencyKey: "k")
            #expect(retry == AppendReceipt(stored: 3, duplicates: 0, watermark: 5, erased: 2))
        }
    }

    @Test(
        "a record of a request that began before the erasure is left out, a change too, and one that began after is stored",
        arguments: StoreKind.allCases)
    func recordsUnderWay(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let both = [User(id: "u", tags: ["old"]), User(id: "v"), User(id: "u")]
            #expect(try store.putUsers(both, begunAfter: nil) == UserReceipt(created: 2))
            try store.eraseUser("u", at: Self.erasedAt)
            #expect(try store.putUsers(both, begunAfter: 0) == UserReceipt(erased: 2))
            #expect(try store.user("u") == nil && store.counts.userRecords == 1)
            #expect(try store.putUsers([User(id: "u", tags: ["new"])], begunAfter: 1) == UserReceipt(created: 1))
            #expect(try store.updateUser("u", begunAfter: 0) { $0.tags = ["old"] } == nil)
            #expect(try store.updateUser("v", begunAfter: 0) { $0.tags = ["changed"] } != nil)
            #expect(try store.user("u")?.tags == ["new"] && store.user("v")?.tags == ["changed"])
            #expect(try store.updateUser("u", begunAfter: 1) { $0.tags = [] } != nil)
            #expect(try store.putUsers(both, begunAfter: nil) == UserReceipt())
        }
    }

    @Test(
        "a load leaves out the record of who was erased, unless it shows that the user has come back",
        arguments: StoreKind.allCases, [false, true])
    func loaded(_ kind: StoreKind, atOnce: Bool) throws {
        try kind.withStore { store throws in
            let users = ["a", "b", "c", "d", "e"]
            for user in users.dropLast() { try store.eraseUser(user, at: Self.erasedAt) }
            // Somebody else under the name, whose record an old file must not replace.
            try store.putUsers([User(id: "d", tags: ["new"])])
            func fill(_ load: inout some RecordLoad) throws {
                try load.putUsers(users.map { User(id: $0, tags: ["old"]) })
                _ = try load.append([
                    interaction("a", at: Self.erasedAt), interaction("b", at: Self.erasedAt + 1), interaction("c"),
                ])
                #expect(try load.settleUsers() == 3)
            }
            if atOnce {
                guard let store = store as? SQLiteInteractionStore else { return }
                try store.load(begunAfter: 4) { try fill(&$0) }
            } else {
                var load = try PiecewiseLoad(into: store, begunAfter: 4)
                try fill(&load)
            }
            #expect(try store.users(after: nil, limit: 9).map(\.id) == ["b", "d", "e"])
            #expect(try store.users(after: nil, limit: 9).map(\.tags) == [["old"], ["new"], ["old"]])
            #expect(try store.counts.userRecords == 3)
        }
    }

    @Test("erasures are numbered on from others too that the store does not know", arguments: StoreKind.allCases)
    func numbersBeyond(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            #expect(try store.eraseUser("a", at: 0, beyond: 0).sequence == 1)
            #expect(try store.eraseUser("b", at: 0, beyond: 50).sequence == 51)
            #expect(try store.eraseUser("c", at: 0, beyond: 7).sequence == 52)
            #expect(try store.eraseUser("a", at: 0).sequence == 53)
            let tombstones = try store.tombstones(after: 50)
            #expect(tombstones.last == 53 && tombstones.count == 3)
        }
    }

    @Test(
        "tombstones are told from an erasure on, the pending ones apart, and a second erasure counts anew",
        arguments: StoreKind.allCases)
    func tombstones(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            #expect(try store.tombstones(after: 0).isEmpty && store.tombstones(after: .max).last == 0)
            for (index, user) in ["a", "b", "caf\u{E9}", "a"].enumerated() {
                #expect(try store.eraseUser(user, at: Int64(index)).sequence == Int64(index + 1))
            }
            let all = try store.tombstones(after: 0)
            #expect(all.count == 3 && all.last == 4)
            #expect(all.stone(of: "a")?.sequence == 4 && all.stone(of: "a")?.erasedAt == 3)
            #expect(all.contains("caf\u{E9}") && !all.contains("cafe\u{301}") && !all.contains("c"))
            let later = try store.tombstones(after: 2)
            #expect(later.count == 2 && !later.contains("b") && later.contains("a"))
            #expect(try store.pendingErasures().count == 3)
            try store.completeErasures(upTo: 3)
            let pending = try store.pendingErasures()
            #expect(pending.count == 1 && pending.contains("a"))
            try store.completeErasures(upTo: 4)
            #expect(try store.pendingErasures().isEmpty)
            #expect(try store.tombstones(after: 0).count == 3)
        }
    }
}
