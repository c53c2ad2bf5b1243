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

    @Test("who does not wait gets the lock where it is free, and nothing where it is not")
    func ifFree() {
        let value = Lock(1)
        let added = value.withLockIfFree { value in
            value += 1
            return value
        }
        #expect(added == 2)
        let (held, tried) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        DispatchQueue(label: "holder").async {
            value.withLock { _ in
                held.signal()
                tried.wait()
            }
        }
        held.wait()
        #expect(value.withLockIfFree { $0 } == nil)
        tried.signal()
        #expect(value.withLock { $0 } == 2)
        #expect(value.withLockIfFree { $0 } == 2)
    }
}
