import Dispatch
import InteractionStorage
import Locking
import Testing

@Suite("Write batcher")
struct WriteBatcherTests {
    static let one = [Interaction(userID: "u", itemID: "i")]

    @Test("what arrives during a commit makes up the next one, each request with its own receipt, in order")
    func groupCommit() throws {
        let store = GatedStore()
        let batcher = WriteBatcher(store: store, maximumDelay: .zero)
        let answers = Answers()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("first"))
        store.waitUntilEntered()
        for number in 0..<500 {
            let interactions = number == 250 ? [Interaction(userID: "", itemID: "i")] : Self.one
            batcher.append(interactions, idempotencyKey: nil, completion: answers.note("\(number)"))
        }
        store.openForGood()
        batcher.drain()
        #expect(store.groups == [1, 500])
        #expect(answers.names == ["first"] + (0..<500).map(String.init))
        let failures = answers.all.filter { $0.result.isFailure }
        #expect(failures.map(\.name) == ["250"])
        let watermarks = answers.all.compactMap { try? $0.result.get().watermark }
        #expect(watermarks == Array(1...500))
        #expect(batcher.queuedInteractions == 0)
    }

    @Test("a lone writer is not made to wait for anyone, however long the window")
    func loneWriter() throws {
        let store = GatedStore(isOpen: true)
        let batcher = WriteBatcher(store: store, maximumDelay: .seconds(3600))
        for _ in 0..<3 { _ = try batcher.append(Self.one, idempotencyKey: nil) }
        #expect(store.groups == [1, 1, 1])
    }

    @Test("a group that is smaller than the last waits for its companions, and no longer once they are there")
    func companions() {
        let store = GatedStore()
        let batcher = WriteBatcher(store: store, maximumDelay: .seconds(3600))
        let answers = Answers()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("a"))
        store.waitUntilEntered()
        for _ in 0..<3 { batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("b")) }
        store.letOneThrough()
        store.waitUntilEntered()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("c"))
        store.letOneThrough()
        // Two more make three, as many as the last group.
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("c"))
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("c"))
        store.waitUntilEntered()
        store.openForGood()
        batcher.drain()
        #expect(store.groups == [1, 3, 3])
    }

    @Test("draining ends the wait for companions, answers all that came before and refuses what comes later")
    func draining() {
        let store = GatedStore()
        let batcher = WriteBatcher(store: store, maximumDelay: .seconds(3600))
        let answers = Answers()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("a"))
        store.waitUntilEntered()
        for _ in 0..<3 { batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("b")) }
        store.letOneThrough()
        store.waitUntilEntered()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("c"))
        store.openForGood()
        batcher.drain()
        #expect(answers.names == ["a", "b", "b", "b", "c"])
        #expect(!answers.all.contains { $0.result.isFailure })
        #expect(throws: StoreError.unavailable("the store is closing")) {
            try batcher.append(Self.one, idempotencyKey: nil)
        }
        batcher.drain()
    }

    @Test("a queue takes as many interactions as its limit, and refuses one more at once")
    func overflow() throws {
        let store = GatedStore()
        let batcher = WriteBatcher(store: store, queueLimit: 4)
        let answers = Answers()
        batcher.append(Self.one + Self.one, idempotencyKey: nil, completion: answers.note("under way"))
        store.waitUntilEntered()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("queued"))
        batcher.append([], idempotencyKey: nil, completion: answers.note("empty"))
        #expect(batcher.queuedInteractions == 4)
        #expect(throws: StoreError.full) { try batcher.append(Self.one, idempotencyKey: nil) }
        #expect(throws: StoreError.full) { try batcher.append([], idempotencyKey: nil) }
        let many = Array(repeating: Self.one[0], count: 5)
        #expect(throws: StoreError.full) { try batcher.append(many, idempotencyKey: nil) }
        store.openForGood()
        batcher.drain()
        #expect(answers.names == ["under way", "queued", "empty"])
    }

    @Test("a request of more than the queue holds takes all of it, where nothing waits")
    func largerThanTheQueue() throws {
        let store = GatedStore()
        let batcher = WriteBatcher(store: store, queueLimit: 4)
        let isStored = DispatchSemaphore(value: 0)
        batcher.append(Array(repeating: Self.one[0], count: 9), idempotencyKey: nil) { _ in isStored.signal() }
        store.waitUntilEntered()
        #expect(batcher.queuedInteractions == 4)
        #expect(throws: StoreError.full) { try batcher.append(Self.one, idempotencyKey: nil) }
        store.openForGood()
        isStored.wait()
        #expect(batcher.queuedInteractions == 0)
        #expect(try batcher.append(Self.one, idempotencyKey: nil).watermark == 10)
    }

    @Test("when a commit comes to nothing, each request in it is told why, and the next group goes on")
    func failedCommit() throws {
        let store = GatedStore(isOpen: true)
        let batcher = WriteBatcher(store: store)
        store.failNext(with: .full)
        #expect(throws: StoreError.full) { try batcher.append(Self.one, idempotencyKey: nil) }
        #expect(try batcher.append(Self.one, idempotencyKey: nil).watermark == 1)
    }

    @Test("many threads over SQLite: all is stored once, in far fewer commits than calls")
    func threads() throws {
        let directory = try TemporaryDirectory()
        let sqlite = try SQLiteInteractionStore(path: directory.file("store.sqlite"))
        let store = GatedStore(over: sqlite)
        let batcher = WriteBatcher(store: store)
        let answers = Answers()
        batcher.append(Self.one, idempotencyKey: nil, completion: answers.note("first"))
        store.waitUntilEntered()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<50 {
                let own = Interaction(userID: "u\(thread)", itemID: "i", interactionID: "\(thread)/\(number)")
                batcher.append([own], idempotencyKey: "\(thread)/\(number)", completion: answers.note("\(thread)"))
            }
        }
        store.openForGood()
        batcher.drain()
        #expect(store.groups == [1, 400])
        #expect(Set(answers.all.compactMap { try? $0.result.get().watermark }).count == 401)
        #expect(try sqlite.counts == StoreCounts(interactions: 401, users: 9, items: 1))
    }
}

/// Keeps the answers in the order in which they came.
private final class Answers: Sendable {
    private let answers = Lock<[(name: String, result: Result<AppendReceipt, StoreError>)]>([])

    var all: [(name: String, result: Result<AppendReceipt, StoreError>)] { answers.withLock { $0 } }
    var names: [String] { all.map(\.name) }

    func note(_ name: String) -> WriteBatcher.Completion {
        { result in self.answers.withLock { $0.append((name, result)) } }
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
