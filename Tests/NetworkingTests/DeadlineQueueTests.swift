import TestSupport
import Testing

@testable import Networking

@Suite("Deadline queue")
struct DeadlineQueueTests {
    private func instant(_ value: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: value) }

    @Test("a deadline fires at its time and not one nanosecond before, once")
    func firesAtItsTime() {
        var queue = DeadlineQueue()
        queue.set(instant(10), for: 3)
        #expect(queue.popExpired(now: instant(9)) == nil)
        #expect(queue.popExpired(now: instant(10)) == 3)
        #expect(queue.popExpired(now: instant(11)) == nil)
        #expect(queue.earliestWakeUp == nil)
    }

    @Test("putting a deadline off a thousand times keeps one entry in the heap")
    func puttingOffIsFree() {
        var queue = DeadlineQueue()
        for time in 1...1_000 { queue.set(instant(Int64(time)), for: 0) }
        #expect(queue.entryCount == 1)
        #expect(queue.popExpired(now: instant(999)) == nil)
        #expect(queue.popExpired(now: instant(1_000)) == 0)
    }

    @Test("a removed deadline never fires, and its slot can be given to another")
    func removedNeverFires() {
        var queue = DeadlineQueue()
        queue.set(instant(5), for: 0)
        queue.set(nil, for: 0)
        queue.set(instant(20), for: 0)
        #expect(queue.popExpired(now: instant(19)) == nil)
        #expect(queue.popExpired(now: instant(20)) == 0)
    }

    @Test("a deadline that moves forward fires at the new time only")
    func movesForward() {
        var queue = DeadlineQueue()
        queue.set(instant(50), for: 7)
        queue.set(instant(10), for: 7)
        #expect(queue.popExpired(now: instant(10)) == 7)
        #expect(queue.popExpired(now: instant(60)) == nil)
    }

    @Test("it agrees with a plain list of deadlines over random operations", arguments: [1, 2, 3, 4] as [UInt64])
    func agreesWithPlainList(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = DeadlineQueue()
        var oracle = [Int64?](repeating: nil, count: 40)
        for now in stride(from: Int64(0), to: 4_000, by: 3) {
            for _ in 0..<4 {
                let slot = Int.random(in: 0..<40, using: &generator)
                let deadline: Int64? =
                    Bool.random(using: &generator) ? now + .random(in: 0...60, using: &generator) : nil
                queue.set(deadline.map { instant($0) }, for: slot)
                oracle[slot] = deadline
            }
            var fired: Set<Int> = []
            while let slot = queue.popExpired(now: instant(now)) { fired.insert(slot) }
            let expected = Set(oracle.indices.filter { slot in oracle[slot].map { $0 <= now } ?? false })
            #expect(fired == expected, "seed \(seed), time \(now)")
            for slot in expected { oracle[slot] = nil }
            if let earliest = oracle.compactMap(\.self).min() {
                #expect(queue.earliestWakeUp.map { $0.nanoseconds <= earliest } == true)
            }
        }
        #expect(queue.entryCount < 4_000)
    }
}
