import Dispatch
import InteractionStorage
import Locking
import Testing

@Suite("Every durable store: several at once")
struct ConcurrencyContractTests {
    @Test(
        "writers and readers together: nothing is lost, and every page and scan is of one moment",
        arguments: StoreKind.durable)
    func writersAndReaders(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let store = try open()
            let faults = Lock<[String]>([])
            @Sendable func note(_ fault: String) { faults.withLock { $0.append(fault) } }
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                do {
                    for round in 0..<25 {
                        if thread < 4 {
                            // Two at a time: whoever sees one must see both.
                            let pair = [0, 1].map { Interaction(userID: "u\(thread)", itemID: "i\(round)/\($0)") }
                            _ = try store.append(pair, idempotencyKey: "\(thread)/\(round)")
                        } else if thread < 6 {
                            let (snapshot, rows) = try store.scanned()
                            if rows.count % 2 != 0 { note("half an append was seen") }
                            if rows.count != snapshot?.interactionCount { note("the count is of another moment") }
                            if rows.last?.rowID ?? 0 != snapshot?.watermark {
                                note("the watermark is of another moment")
                            }
                        } else {
                            let counts = try store.counts
                            if counts.interactions % 2 != 0 { note("half an append was counted") }
                            try store.putItems([Item(id: "\(thread)/\(round)")])
                            try store.updateItem("6/0") { $0.tags.append("\(thread)") }
                        }
                    }
                } catch {
                    note("\(error)")
                }
            }
            #expect(faults.withLock { $0 } == [])
            #expect(
                try store.counts == StoreCounts(interactions: 200, users: 4, items: 50, catalogueItems: 50))
        }
    }

    @Test("pages by cursor neither repeat nor skip a row while rows are added", arguments: StoreKind.durable)
    func paging(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let store = try open()
            let appends = 60
            let collected = Lock<[Int64]>([])
            DispatchQueue.concurrentPerform(iterations: 2) { thread in
                if thread == 0 {
                    for number in 0..<appends {
                        let rows = [
                            Interaction(userID: "u", itemID: "\(number)"), Interaction(userID: "v", itemID: "x"),
                        ]
                        _ = try? store.append(rows, idempotencyKey: nil)
                    }
                } else {
                    var rows: [Int64] = []
                    while rows.count < appends {
                        let page = try? store.interactions(
                            userID: "u", itemID: nil, kind: nil, after: rows.last, limit: 7)
                        guard let page else { return }
                        rows += page.map(\.rowID)
                    }
                    collected.withLock { $0 = rows }
                }
            }
            #expect(collected.withLock { $0 } == (0..<appends).map { Int64($0 * 2 + 1) })
        }
    }

    @Test("two stores on one place, as of two programs, add up", arguments: StoreKind.durable)
    func twoPrograms(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let stores = [try open(), try open()]
            let faults = Lock<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 2) { program in
                for round in 0..<30 {
                    do {
                        let own = Interaction(userID: "u\(round)", itemID: "i", interactionID: "\(round)")
                        _ = try stores[program].append(
                            [own, Interaction(userID: "w", itemID: "j")], idempotencyKey: nil)
                    } catch {
                        faults.withLock { $0.append("\(error)") }
                    }
                }
            }
            #expect(faults.withLock { $0 } == [])
            for store in stores {
                #expect(try store.counts == StoreCounts(interactions: 90, users: 31, items: 2))
                #expect(try store.everything().map(\.rowID) == Array(1...90))
            }
        }
    }

    @Test(
        "whoever reads on from one watermark to the next misses no row, though several programs write",
        arguments: StoreKind.durable)
    func readingOn(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let stores = try (0..<4).map { _ in try open() }
            let appends = 40
            let collected = Lock<[Int64]>([])
            let faults = Lock<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { program in
                do {
                    if program < 3 {
                        for number in 0..<appends {
                            let rows = (0...number % 3).map { Interaction(userID: "u\(program)", itemID: "\($0)") }
                            _ = try stores[program].append(rows, idempotencyKey: nil)
                        }
                    } else {
                        var rows: [Int64] = []
                        var watermark: Int64 = 0
                        while rows.count < 3 * (appends / 3 * 6 + 1) {
                            let (snapshot, later) = try stores[program].scanned(after: watermark)
                            rows += later.map(\.rowID)
                            watermark = snapshot?.watermark ?? 0
                            guard rows.count == Int(watermark) else { break }
                        }
                        collected.withLock { $0 = rows }
                    }
                } catch {
                    faults.withLock { $0.append("\(error)") }
                }
            }
            #expect(faults.withLock { $0 } == [])
            #expect(collected.withLock { $0 } == Array(1...Int64(3 * (appends / 3 * 6 + 1))))
            for store in stores { try store.close() }
        }
    }

    @Test("several programs that start at once on nothing make one store", arguments: StoreKind.durable)
    func simultaneousCreation(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let results = Lock<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { program in
                do {
                    let store = try open()
                    _ = try store.append([Interaction(userID: "u\(program)", itemID: "i")], idempotencyKey: nil)
                    try store.close()
                } catch {
                    results.withLock { $0.append("\(error)") }
                }
            }
            #expect(results.withLock { $0 } == [])
            #expect(try open().counts.interactions == 4)
        }
    }

    @Test("closing waits for calls under way, and later ones are refused", arguments: StoreKind.durable)
    func closing(_ kind: StoreKind) throws {
        try kind.withPlace { open throws in
            let store = try open()
            _ = try store.append([.complete], idempotencyKey: nil)
            let others = Lock<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 6) { thread in
                if thread == 3 {
                    try? store.close()
                    return
                }
                for _ in 0..<50 {
                    do {
                        let count = try store.everything().count
                        if count != 1 { others.withLock { $0.append("\(count) rows") } }
                    } catch {
                        if error as? StoreError != .unavailable("the store is closed") {
                            others.withLock { $0.append("\(error)") }
                        }
                    }
                }
            }
            #expect(others.withLock { $0 } == [])
            #expect(throws: StoreError.unavailable("the store is closed")) { try store.counts }
        }
    }
}
