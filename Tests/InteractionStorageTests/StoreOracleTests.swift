import InteractionStorage
import TestSupport
import Testing

@Suite("Every durable store does what the in-memory store does")
struct StoreOracleTests {
    @Test("over a random course of operations", arguments: StoreKind.durable, [UInt64(1), 2, 3, 4])
    func randomCourse(kind: StoreKind, seed: UInt64) throws {
        try kind.withPlace(receiptsKept: 5) { open throws in try walk(seed, open) }
    }

    private func walk(_ seed: UInt64, _ open: () throws -> any InteractionStore) throws {
        var store = try open()
        let oracle = InMemoryInteractionStore(receiptsKept: 5)
        var random = SeededGenerator(seed: seed)
        for step in 0..<400 {
            let operation = Operation.random(using: &random)
            let expected = operation.perform(on: oracle)
            #expect(operation.perform(on: store) == expected, "seed \(seed), step \(step): \(operation)")
            if step % 100 == 99 {
                try store.close()
                store = try open()
            }
            guard try step % 10 != 9 || agree(store, oracle) else {
                Issue.record("seed \(seed), step \(step): the stores differ after one of the last ten operations")
                return
            }
        }
        try store.close()
    }

    private func agree(_ left: any InteractionStore, _ right: any InteractionStore) throws -> Bool {
        let (leftSnapshot, leftRows) = try left.scanned()
        let (rightSnapshot, rightRows) = try right.scanned()
        return try left.everything() == right.everything() && left.counts == right.counts
            && left.watermark == right.watermark && leftRows == rightRows
            && leftSnapshot?.watermark == rightSnapshot?.watermark
            && left.items(after: nil, limit: 100) == right.items(after: nil, limit: 100)
            && left.itemsByArrival(after: 0, limit: 100).map(\.item)
                == right.itemsByArrival(after: 0, limit: 100).map(\.item)
            && left.withdrawnItems(after: nil, limit: 100) == right.withdrawnItems(after: nil, limit: 100)
            && left.users(after: nil, limit: 100) == right.users(after: nil, limit: 100)
    }
}

/// One call of a store, drawn from few names so that calls meet.
private enum Operation {
    case append([AppendRequest])
    case interactions(String?, String?, String?, Int64?, Int)
    case latest(String, Int)
    case delete(String)
    case changeItems([ItemChange])
    case putUsers([User])
    case updateItem(String, String)
    case deleteItem(String)
    case erase(String)
    case scan(Int64)

    static func random(using random: inout SeededGenerator) -> Operation {
        func name(_ prefix: String, _ count: Int) -> String { "\(prefix)\(Int.random(in: 0..<count, using: &random))" }
        func perhaps(_ prefix: String, _ count: Int) -> String? {
            Bool.random(using: &random) ? name(prefix, count) : nil
        }
        func interaction() -> Interaction {
            let user = Int.random(in: 0..<40, using: &random) == 0 ? "" : name("u", 8)
            return Interaction(
                userID: user, itemID: name("i", 10), kind: perhaps("k", 3),
                rating: Bool.random(using: &random) ? Double.random(in: 0...5, using: &random) : nil,
                timestamp: Bool.random(using: &random) ? Int64.random(in: .min ... .max, using: &random) : nil,
                interactionID: perhaps("n", 60))
        }
        switch Int.random(in: 0..<16, using: &random) {
        case 0...5:
            return .append(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    AppendRequest(
                        interactions: (0..<Int.random(in: 0...4, using: &random)).map { _ in interaction() },
                        idempotencyKey: perhaps("key", 12))
                })
        case 6:
            return .interactions(
                perhaps("u", 9), perhaps("i", 11), perhaps("k", 4), Int64.random(in: 0...50, using: &random),
                Int.random(in: 0...5, using: &random))
        case 7: return .latest(name("u", 9), Int.random(in: 0...5, using: &random))
        case 8: return .delete(Bool.random(using: &random) ? name("n", 60) : name("row:", 60))
        case 9:
            return .changeItems(
                (0..<3).map { _ in
                    if Int.random(in: 0..<5, using: &random) == 0 { return .withdraw(name("i", 10)) }
                    return .put(Item(id: name("i", 10), title: perhaps("t", 3), tags: [name("g", 3)]))
                })
        case 10: return .putUsers([User(id: name("u", 8), attributes: ["a": .string(name("v", 3))])])
        case 11: return .updateItem(name("i", 10), name("t", 3))
        case 12: return .deleteItem(name("i", 10))
        case 13: return .erase(name("u", 8))
        default: return .scan(Int64.random(in: 0...50, using: &random))
        }
    }

    /// What the store answered, as text.
    func perform(on store: any InteractionStore) -> String {
        do {
            switch self {
            case .append(let requests): return "\(try store.append(group: requests))"
            case .interactions(let user, let item, let kind, let cursor, let limit):
                return "\(try store.interactions(userID: user, itemID: item, kind: kind, after: cursor, limit: limit))"
            case .latest(let user, let limit): return "\(try store.latestInteractions(userID: user, limit: limit))"
            case .delete(let id): return "\(String(describing: try store.deleteInteraction(id: id)))"
            case .changeItems(let changes): return "\(try store.changeItems(changes))"
            case .putUsers(let users): return "\(try store.putUsers(users))"
            case .updateItem(let id, let title):
                return "\(String(describing: try store.updateItem(id) { $0.title = title }))"
            case .deleteItem(let id): return "\(try store.deleteItem(id))"
            case .erase(let id): return "\(try store.eraseUser(id, at: 0))"
            case .scan(let watermark): return "\(try store.scanned(after: watermark).rows)"
            }
        } catch {
            return "\(error)"
        }
    }
}
