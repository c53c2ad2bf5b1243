import Dispatch
import Foundation
import InteractionStorage
import Logging
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Counting the record while the service goes on", .timeLimit(.minutes(1)))
struct ItemActivityTests {
    private let base = InMemoryInteractionStore()
    private let store: InterceptedStore
    private let time = ManualWallClock()
    private let directory: TemporaryDirectory

    init() throws {
        store = InterceptedStore(over: base)
        directory = try TemporaryDirectory()
        _ = try base.append(["a", "a", "b"].enumerated().map { row("u\($0)", $1) }, idempotencyKey: nil)
    }

    private func row(_ user: String, _ item: String) -> Interaction {
        Interaction(userID: user, itemID: item, timestamp: time.milliseconds)
    }

    private func activity(countedAtStart: Int = 0, fewItems: Int = 1000) -> ItemActivity {
        ItemActivity(
            store: store, kinds: .defaults, settings: ServiceConfiguration.Trending(),
            file: ArrivalFile(directory: directory.path), clock: time.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, countedAtStart: countedAtStart,
            fewItems: fewItems)
    }

    private func append(_ row: Interaction, to activity: ItemActivity) throws {
        let receipt = try base.append([row], idempotencyKey: nil)
        activity.append([row], watermark: receipt.watermark)
    }

    private func counts(_ activity: ItemActivity) -> [String: Int]? {
        activity.ranking(.popular(hours: nil), atLeast: 10).map { ranking in
            Dictionary(uniqueKeysWithValues: ranking.entries.map { ($0.item.text, $0.count) })
        }
    }

    @Test("a small record is counted before the start is over, one larger than that in the background")
    func size() throws {
        let gate = Gate()
        let small = activity(countedAtStart: 3)
        try small.start()
        #expect(counts(small) == ["a": 2, "b": 1])
        store.afterScan { gate.pass() }
        let large = activity(countedAtStart: 2)
        try large.start()
        gate.awaitArrival()
        #expect(counts(large) == nil && !large.forEachNewestFirst { _ in true })
        gate.open()
        large.drain()
        #expect(counts(large) == ["a": 2, "b": 1])
    }

    @Test("what comes, is deleted and is erased while the record is being read is counted once, or not at all")
    func meanwhile() throws {
        let gate = Gate()
        store.afterScan { gate.pass() }
        let activity = activity()
        try activity.start()
        gate.awaitArrival()
        try append(row("new", "c"), to: activity)
        try append(row("new", "b"), to: activity)
        _ = try activity.removing(
            { () throws(StoreError) in try base.eraseUser("u0", at: time.milliseconds) }, \.removed)
        _ = try activity.removing({ () throws(StoreError) in try base.deleteInteraction(id: "row:5") }) {
            [RemovedInteraction($0!)]
        }
        #expect(counts(activity) == nil)
        gate.open()
        activity.drain()
        #expect(counts(activity) == ["a": 1, "b": 1, "c": 1])
    }

    @Test("a removal and the moment of a reading exclude each other: what is gone is taken away once")
    func removalWaits() throws {
        let (scanning, scanned) = (Gate(), Gate())
        store.holdScans(at: scanning)
        store.afterScan { scanned.pass() }
        let activity = activity()
        try activity.start()
        scanning.awaitArrival()
        // The reading is about to take its moment. A removal that did not wait for it would be carried out now, be missing in what is
        // read, and be told as news all the same.
        let removing = DispatchSemaphore(value: 0)
        let told = Gate()
        let removal = Thread {
            _ = try? activity.removing(
                { () throws(StoreError) -> StoredInteraction? in
                    let deleted = try base.deleteInteraction(id: "row:1")
                    removing.signal()
                    scanned.awaitArrival()
                    return deleted
                }, { [RemovedInteraction($0!)] })
            told.pass()
        }
        removal.start()
        // It comes only where it does not wait; to wait longer would find no more faults.
        _ = removing.wait(timeout: .now() + .milliseconds(200))
        scanning.open()
        told.awaitArrival()
        scanned.open()
        told.open()
        activity.drain()
        #expect(counts(activity) == ["a": 1, "b": 1])
    }

    @Test("a reading that failed leaves nothing behind, and the next commit has it tried again")
    func failing() throws {
        let gate = Gate()
        store.holdScans(at: gate)
        let activity = activity()
        try activity.start()
        gate.awaitArrival()
        store.fail(with: .unavailable("the disk is gone"))
        gate.open()
        activity.drain()
        #expect(counts(activity) == nil)
        store.fail(with: nil)
        store.holdScans(at: nil)
        try append(row("u", "c"), to: activity)
        activity.drain()
        #expect(counts(activity) == ["a": 2, "b": 1, "c": 1])
    }

    @Test("where the store cannot say whether it removed anything nothing is told until all is counted anew")
    func unknownOutcome() throws {
        let activity = activity(countedAtStart: 10)
        try activity.start()
        #expect(counts(activity) == ["a": 2, "b": 1])
        let gate = Gate()
        store.holdScans(at: gate)
        #expect(throws: StoreError.outcomeUnknown("the connection broke")) {
            try activity.removing(
                { () throws(StoreError) -> ErasureReceipt in
                    _ = try base.eraseUser("u0", at: time.milliseconds)
                    throw .outcomeUnknown("the connection broke")
                }, \.removed)
        }
        gate.awaitArrival()
        #expect(counts(activity) == nil)
        gate.open()
        activity.drain()
        #expect(counts(activity) == ["a": 1, "b": 1])
    }

    @Test("rows that nobody has told of are found when the next one is told")
    func gap() throws {
        let activity = activity(countedAtStart: 10)
        try activity.start()
        _ = try base.append([row("u", "c")], idempotencyKey: nil)
        try append(row("u", "d"), to: activity)
        activity.drain()
        #expect(counts(activity) == ["a": 2, "b": 1, "c": 1, "d": 1])
    }

    @Test("an end in the middle of a reading waits for no more of it")
    func end() throws {
        let gate = Gate()
        store.holdScans(at: gate)
        let activity = activity()
        try activity.start()
        gate.awaitArrival()
        let ended = Gate()
        let ending = Thread {
            activity.end()
            ended.pass()
        }
        ending.start()
        gate.open()
        #expect(ended.awaitArrival())
        ended.open()
    }

    @Test("one of few items is made again as soon as something came")
    func few() throws {
        let activity = activity(countedAtStart: 10, fewItems: 2)
        try activity.start()
        #expect(counts(activity) == ["a": 2, "b": 1])
        try append(row("u", "b"), to: activity)
        #expect(counts(activity) == ["a": 2, "b": 2])
        // A third one makes them many.
        try append(row("u", "c"), to: activity)
        #expect(counts(activity) == ["a": 2, "b": 2])
    }

    @Test(
        "a ranking is made again when something is removed, when the hour is over, and ten seconds after something came"
    )
    func kept() throws {
        let activity = activity(countedAtStart: 10, fewItems: 1)
        try activity.start()
        #expect(counts(activity) == ["a": 2, "b": 1])
        try append(row("u", "b"), to: activity)
        time.advance(milliseconds: ItemActivity.keptMilliseconds - 1)
        #expect(counts(activity) == ["a": 2, "b": 1])
        time.advance(milliseconds: 1)
        #expect(counts(activity) == ["a": 2, "b": 2])
        try append(row("u", "b"), to: activity)
        #expect(counts(activity) == ["a": 2, "b": 2])
        _ = try activity.removing(
            { () throws(StoreError) in try base.eraseUser("u0", at: time.milliseconds) }, \.removed)
        #expect(counts(activity) == ["a": 1, "b": 3])
        func lately() -> Int? { activity.ranking(.popular(hours: 1), atLeast: 1)?.interactions }
        #expect(lately() == 4)
        time.advance(milliseconds: 2 * ArrivalHours.hourLength)
        #expect(lately() == 0)
    }
}
