import Dispatch
import Locking
import Testing

@Suite("Lock")
struct LockTests {
    @Test("increments from many threads are all counted")
    func countsEveryIncrement() {
        let counter = Lock(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<10_000 { counter.withLock { $0 += 1 } }
        }
        #expect(counter.withLock { $0 } == 80_000)
    }

    @Test("an error thrown inside leaves the lock open and the value as it was changed")
    func errorReleasesTheLock() {
        struct Refused: Error {}
        let value = Lock("before")
        #expect(throws: Refused.self) {
            try value.withLock { value throws(Refused) in
                value = "after"
                throw Refused()
            }
        }
        #expect(value.withLock { $0 } == "after")
    }
}
