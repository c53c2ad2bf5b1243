import Dispatch
import Locking
import Testing

@Suite("What is lent")
struct LendingPoolTests {
    private final class Tool: Sendable {
        let number: Int
        let uses = Lock(0)

        init(_ number: Int) { self.number = number }
    }

    private struct Refused: Error {}

    private let made = Lock(0)

    private func pool(limit: Int) -> LendingPool<Tool> {
        LendingPool(limit: limit) { [made] in
            Tool(
                made.withLock { made in
                    made += 1
                    return made
                })
        }
    }

    @Test("is lent again when it has come back, also from who has failed")
    func again() {
        let pool = pool(limit: 2)
        #expect(pool.lend { $0.number } == 1)
        #expect(throws: Refused.self) { try pool.lend { (_: Tool) throws(Refused) in throw Refused() } }
        #expect(pool.lend { $0.number } == 1)
    }

    @Test("is lent to one at a time, and as many are kept as may wait")
    func atOnce() {
        let pool = pool(limit: 2)
        let numbers = pool.lend { one in pool.lend { two in pool.lend { [one.number, two.number, $0.number] } } }
        #expect(numbers == [1, 2, 3])
        let later = pool.lend { one in pool.lend { two in pool.lend { [one.number, two.number, $0.number] } } }
        #expect(Set(later) == [2, 3, 4])
    }

    @Test("is left tidy")
    func tidied() {
        let pool = pool(limit: 1)
        for _ in 0..<3 { pool.lend(tidy: { tool in tool.uses.withLock { $0 = 0 } }) { $0.uses.withLock { $0 += 1 } } }
        #expect(pool.lend { $0.uses.withLock { $0 } } == 0)
    }

    @Test("is in no two threads' hands")
    func threads() {
        let pool = pool(limit: 4)
        let clashes = Lock(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<2000 {
                pool.lend { tool in
                    let isAlone = tool.uses.withLock { uses in
                        uses += 1
                        return uses == 1
                    }
                    if !isAlone { clashes.withLock { $0 += 1 } }
                    tool.uses.withLock { $0 -= 1 }
                }
            }
        }
        #expect(clashes.withLock { $0 } == 0)
    }
}
