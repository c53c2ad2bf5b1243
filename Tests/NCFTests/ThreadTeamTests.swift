import Foundation
import Locking
import Synchronization
import Testing

@testable import NCF

@Suite("Threads that stand by")
struct ThreadTeamTests {
    /// How often each task of a loop ran, and which workers are busy.
    private final class Ledger: Sendable {
        static let width = 64
        private let runs = Lock([Int](repeating: 0, count: width))
        private let busy = Lock(Set<Int>())

        func run(_ worker: Int, _ task: Int) {
            let isAlone = busy.withLock { $0.insert(worker).inserted }
            #expect(isAlone, "worker \(worker) has two tasks at once")
            runs.withLock { $0[task] += 1 }
            _ = busy.withLock { $0.remove(worker) }
        }

        /// Since the last time.
        func take() -> [Int] {
            runs.withLock { runs in
                defer { runs = Array(repeating: 0, count: Self.width) }
                return runs
            }
        }
    }

    @Test("run every task of every loop once, by workers that have one at a time", arguments: [2, 3, 5])
    func everyTaskOnce(threads: Int) {
        let ledger = Ledger()
        var random = SplitMix64(seed: UInt64(threads))
        ParallelLoop(threads: threads).closeTogether { loop in
            for _ in 0..<3000 {
                let tasks = random.below(Ledger.width)
                loop.run(tasks: tasks) { worker, task in
                    #expect(worker < threads)
                    ledger.run(worker, task)
                }
                let runs = ledger.take()
                #expect(runs == (0..<Ledger.width).map { $0 < tasks ? 1 : 0 })
            }
        }
    }

    @Test("wake up after a pause, for work or to go")
    func pauses() {
        let count = Atomic(0)
        for _ in 0..<5 {
            ParallelLoop(threads: 3).closeTogether { loop in
                for _ in 0..<4 {
                    loop.run(tasks: 20) { _, _ in count.wrappingAdd(1, ordering: .relaxed) }
                    Thread.sleep(forTimeInterval: 0.01)
                }
            }
        }
        #expect(count.load(ordering: .relaxed) == 5 * 4 * 20)
    }

    @Test("take part: a task that waits for another one ends", .timeLimit(.minutes(1)))
    func helpersHelp() {
        let arrived = Atomic(0)
        ParallelLoop(threads: 2).closeTogether { loop in
            for round in 1...20 {
                loop.run(tasks: 2) { _, _ in
                    arrived.wrappingAdd(1, ordering: .relaxed)
                    while arrived.load(ordering: .relaxed) < 2 * round { Thread.sleep(forTimeInterval: 0.0001) }
                }
            }
        }
        #expect(arrived.load(ordering: .relaxed) == 40)
    }

    @Test("go when the body throws")
    func throwing() {
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try ParallelLoop(threads: 4).closeTogether { loop in
                loop.run(tasks: 4) { _, _ in }
                throw Failure()
            }
        }
    }
}

@Suite("The threads of a step")
struct StepThreadsTests {
    /// The threads of the steps up to `count`, where a step on one takes `one` and on all takes `all` nanoseconds.
    private func threads(_ threads: inout StepThreads, steps count: Int, one: UInt64, all: UInt64) -> [Int] {
        (0..<count).map { _ in
            let next = threads.next
            threads.took(next == 1 ? one : all)
            return next
        }
    }

    @Test("are as many as make the steps shortest")
    func shortest() {
        for (one, all, expected) in [(10, 30, 1), (30, 10, 4), (10, 10, 1)] as [(UInt64, UInt64, Int)] {
            var steps = StepThreads(all: 4)
            let tried = threads(&steps, steps: 2 * StepThreads.trial, one: one, all: all)
            #expect(tried.filter { $0 == 1 }.count == StepThreads.trial)
            #expect(threads(&steps, steps: 100, one: one, all: all) == Array(repeating: expected, count: 100))
        }
    }

    @Test("are looked for again, as the machine may have become another")
    func again() {
        var steps = StepThreads(all: 2)
        _ = threads(&steps, steps: StepThreads.period, one: 10, all: 30)
        #expect(steps.next == 2)
        _ = threads(&steps, steps: 2 * StepThreads.trial, one: 30, all: 10)
        #expect(threads(&steps, steps: 100, one: 30, all: 10) == Array(repeating: 2, count: 100))
    }

    @Test("are all where a step is long, without a trial of one")
    func long() {
        var steps = StepThreads(all: 2)
        let used = threads(&steps, steps: 100, one: 1_000_000, all: 600_000)
        #expect(used == Array(repeating: 2, count: 100))
    }

    @Test("are not decided by a step that something else has held up")
    func outliers() {
        for (one, all, expected) in [(10, 30, 1), (30, 10, 4)] as [(UInt64, UInt64, Int)] {
            var steps = StepThreads(all: 4)
            for step in 0..<2 * StepThreads.trial {
                steps.took(step % 5 == 2 ? 4_000_000 : steps.next == 1 ? one : all)
            }
            #expect(threads(&steps, steps: 100, one: one, all: all) == Array(repeating: expected, count: 100))
        }
    }

    @Test("is one where there is one")
    func single() {
        var steps = StepThreads(all: 1)
        #expect(threads(&steps, steps: 100, one: 10, all: 10) == Array(repeating: 1, count: 100))
    }
}
