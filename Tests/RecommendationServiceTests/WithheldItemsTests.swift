import Dispatch
import Glibc
import InteractionStorage
import Locking
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Items that may not be recommended just now")
struct WithheldItemsTests {
    /// Some of everything that can become of items, from a fixed seed.
    private struct Events {
        private var random: SeededGenerator
        private(set) var now: Int64 = 1_000
        private(set) var records: [String: Item] = [:]
        private(set) var withdrawn: Set<String> = []

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        private mutating func time() -> Int64? { below(3) == 0 ? nil : now + Int64(below(400)) - 200 }

        enum Event {
            case put(Item)
            case remove(String)
            case time(Int64)
        }

        mutating func next() -> Event {
            let id = "item \(below(40))"
            switch below(10) {
            case 0:
                guard records.removeValue(forKey: id) != nil else { return .time(now) }
                withdrawn.insert(id)
                return .remove(id)
            case 1...3:
                // Now and then the clock is put back.
                now += Int64(below(20) == 0 ? -below(500) : below(60))
                return .time(now)
            default:
                let item = Item(id: id, hidden: below(4) == 0, availableFrom: time(), availableUntil: time())
                records[id] = item
                withdrawn.remove(id)
                return .put(item)
            }
        }

        /// Those withheld, by looking at each.
        var withheld: Set<String> {
            Set(
                records.values.filter { item in
                    item.hidden || item.availableFrom.map { now < $0 } ?? false
                        || item.availableUntil.map { now >= $0 } ?? false
                }.map(\.id)
            ).union(withdrawn)
        }
    }

    private func texts(_ names: NameSet) -> Set<String> {
        var texts: Set<String> = []
        names.forEach { texts.insert($0.text) }
        #expect(texts.count == names.count)
        return texts
    }

    @Test("are those that a look at each would find, whatever happens and whenever", arguments: UInt64(1)...20)
    func oracle(seed: UInt64) {
        var (events, items) = (Events(seed: seed), WithheldItems())
        items.advance(to: events.now)
        var (followed, count) = (Set<String>(), 0)
        for step in 0..<2000 {
            switch events.next() {
            case .put(let item): items.put(item)
            case .remove(let id): items.withdraw(ExactName(id))
            case .time(let now): items.advance(to: now)
            }
            #expect(texts(items.names) == events.withheld, "step \(step)")
            // Whoever follows the changes, now and then, knows the same.
            guard step % 7 == 0, let changes = items.changes(after: count) else { continue }
            for change in changes {
                if change.isWithheld { followed.insert(change.name.text) } else { followed.remove(change.name.text) }
            }
            count = items.changeCount
            #expect(followed == events.withheld)
        }
        #expect(count > 0)
    }

    @Test("a window opens and closes to the millisecond, though nobody stores anything")
    func window() {
        var items = WithheldItems()
        items.advance(to: 5)
        items.put(Item(id: "a", availableFrom: 10, availableUntil: 20))
        let shown = [9, 10, 19, 20, 12, 25].map { (time: Int64) in
            items.advance(to: time)
            return !items.names.contains("a")
        }
        #expect(shown == [false, true, true, false, true, false])
    }

    @Test("changes of long ago are not remembered, and whoever knows them all is told of none")
    func memory() {
        var items = WithheldItems()
        for number in 0..<50_000 { items.put(Item(id: "\(number)", hidden: true)) }
        #expect(items.changes(after: 0) == nil)
        #expect(items.changes(after: 50_000)?.isEmpty == true)
        #expect(items.changes(after: 49_990)?.map(\.name.text) == (49_990..<50_000).map { "\($0)" })
        #expect(items.changes(after: 50_001) == nil)
    }

    @Test("an item that is stored again and again takes no more room")
    func storedAgain() {
        var items = WithheldItems()
        items.advance(to: 0)
        for number in 0..<20_000 { items.put(Item(id: "a", availableUntil: 1_000_000 + Int64(number))) }
        #expect(items.expectedTurns < 2000)
        items.advance(to: 1_019_998)
        #expect(!items.names.contains("a"))
        items.advance(to: 1_019_999)
        #expect(items.names.contains("a"))
    }

    @Test("of a model are those of its items, through changes, times and other models")
    func indices() throws {
        let service = try TestService.trained(store: InMemoryInteractionStore())
        let first = try #require(service.models.current)
        try service.train(#""publish": "always""#)
        let second = try #require(service.models.current)
        let catalog = Catalog()
        let ids = (0..<first.itemCount).map { first.items[$0] }
        var random = SeededGenerator(seed: 9)
        for step in 0..<400 {
            let id = ids[Int(random.next() % UInt64(ids.count))]
            let until = Int64(step) + Int64(random.next() % 50)
            switch random.next() % 4 {
            case 0: catalog.put([Item(id: id, hidden: true)])
            case 1: catalog.put([Item(id: id, availableUntil: until), Item(id: "unknown \(step)", hidden: true)])
            case 2: catalog.put([Item(id: id)])
            default: catalog.remove(id)
            }
            let snapshot = step % 50 < 40 ? first : second
            let clock = WallClock { Int64(step) }
            let expected = catalog.withheld(by: clock)
            let found = catalog.withheld(by: clock, in: snapshot)
            #expect(found.itemCount == snapshot.itemCount)
            #expect(
                found.items.map { snapshot.items[Int($0)] }
                    == (0..<snapshot.itemCount).map { snapshot.items[$0] }.filter { expected.contains(ExactName($0)) })
        }
    }

    @Test("the clock is read by one at a time, so that it goes forward for all who ask at once")
    func order() throws {
        let service = try TestService.trained(store: InMemoryInteractionStore())
        let (snapshot, catalog) = (try #require(service.models.current), Catalog())
        let (readers, overlaps) = (Lock(0), Lock(0))
        let clock = WallClock {
            if readers.withLock({ readers in
                readers += 1
                return readers > 1
            }) {
                overlaps.withLock { $0 += 1 }
            }
            // Long enough for another thread to begin, and to get in between if it can.
            usleep(3000)
            readers.withLock { $0 -= 1 }
            return 0
        }
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<4 {
                _ = catalog.withheld(by: clock)
                _ = catalog.withheld(by: clock, in: snapshot)
            }
        }
        #expect(overlaps.withLock { $0 } == 0)
    }
}
