import Dispatch
internal import Locking
import Synchronization

/// Runs numbered tasks on a number of threads, each task once, in no particular order.
struct ParallelLoop: Sendable {
    let threads: Int
    // Nil where the threads of a loop are woken for it.
    private let team: ThreadTeam?

    /// Loops on `threads` threads. BLAS has none of its own from now on.
    init(threads: Int) {
        Kernels.useOneThread()
        self.threads = threads
        team = nil
    }

    private init(threads: Int, team: ThreadTeam) {
        self.threads = threads
        self.team = team
    }

    /// Calls `body` with loops that begin and end in less than a microsecond, for many short ones: of one thread at a time, that of
    /// the caller, and not within each other.
    func closeTogether<Result, Failure>(
        _ body: (ParallelLoop) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard threads > 1 else { return try body(self) }
        let team = ThreadTeam(helpers: threads - 1)
        defer { team.end() }
        return try body(ParallelLoop(threads: threads, team: team))
    }

    /// Calls `body(worker, task)` for every task in 0 ..< `tasks` and returns when all are done.
    ///
    /// `worker` is below ``threads``, and no two tasks with the same worker run at once, so it may index scratch memory.
    /// Tasks are taken one at a time, so that a thread that was held up takes fewer.
    func run(tasks: Int, _ body: @Sendable (_ worker: Int, _ task: Int) -> Void) {
        guard threads > 1, tasks > 1 else {
            for task in 0..<tasks { body(0, task) }
            return
        }
        if let team, tasks <= ThreadTeam.taskLimit { return team.run(tasks: tasks, body) }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, tasks)) { worker in
            while true {
                let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard task < tasks else { return }
                body(worker, task)
            }
        }
    }

    /// What `body` makes of each block of `length` numbers below `count`, the last of which may have fewer, in their order.
    func blocks<Result: Sendable>(
        of length: Int, below count: Int, _ body: @Sendable (Range<Int>) -> Result
    ) -> [Result] {
        blocks(of: length, below: count) { _, block in body(block) }
    }

    /// The same piece by piece, `isCancelled` being asked before each on the calling thread; nil where it says so.
    func blocks<Result: Sendable>(
        of length: Int, below count: Int, piece blocksAtOnce: Int, isCancelled: () -> Bool,
        _ body: @Sendable (_ worker: Int, Range<Int>) -> Result
    ) -> [Result]? {
        var results: [Result] = []
        let piece = length * blocksAtOnce
        for start in stride(from: 0, to: count, by: piece) {
            if isCancelled() { return nil }
            results += blocks(of: length, below: min(piece, count - start)) { worker, block in
                body(worker, start + block.lowerBound..<start + block.upperBound)
            }
        }
        return results
    }

    /// The same, `body` being told its worker, as ``run(tasks:_:)`` does.
    func blocks<Result: Sendable>(
        of length: Int, below count: Int, _ body: @Sendable (_ worker: Int, Range<Int>) -> Result
    ) -> [Result] {
        let results = Lock<[Result?]>(Array(repeating: nil, count: (count + length - 1) / length))
        run(tasks: (count + length - 1) / length) { worker, task in
            let result = body(worker, task * length..<min(count, (task + 1) * length))
            results.withLock { $0[task] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}
