import Dispatch
import Locking
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Offload pool", .timeLimit(.minutes(1)))
struct OffloadPoolTests {
    @Test("as many jobs are taken as threads and queue hold, and not one more")
    func bound() throws {
        let pool = OffloadPool(threads: 2, queueLimit: 3)
        try pool.start()
        let gate = Gate()
        for _ in 0..<2 { #expect(pool.submit { gate.pass() }) }
        for _ in 0..<2 { gate.awaitArrival() }
        for _ in 0..<3 { #expect(pool.submit { gate.pass() }) }
        #expect(!pool.hasRoom)
        #expect(!pool.submit {})
        for _ in 0..<5 { gate.open() }
        pool.close()
        #expect(pool.wait(until: .now() + 20))
        #expect(!pool.submit {})
    }

    @Test("a queue of no length still lets every thread work")
    func noQueue() throws {
        let pool = OffloadPool(threads: 1, queueLimit: 0)
        try pool.start()
        let gate = Gate()
        #expect(pool.submit { gate.pass() })
        gate.awaitArrival()
        #expect(!pool.submit {})
        gate.open()
        pool.close()
        #expect(pool.wait(until: .now() + 20))
    }

    @Test("everything taken is done before the threads end, continuations included")
    func finishesWhatItTook() throws {
        let pool = OffloadPool(threads: 3, queueLimit: 100_000)
        let count = Lock(0)
        try pool.start()
        for index in 0..<2_000 {
            if index.isMultiple(of: 2) {
                #expect(pool.submit { count.withLock { $0 += 1 } })
            } else {
                pool.submitContinuation { count.withLock { $0 += 1 } }
            }
        }
        pool.close()
        #expect(pool.wait(until: .now() + 20))
        #expect(count.withLock { $0 } == 2_000)
    }
}
