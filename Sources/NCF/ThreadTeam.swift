internal import CKernels
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Threads that stand by for loops which follow each other closely, awake for a while after each.
///
/// To wake a thread takes as long as a step on a small batch, most of all in a virtual machine. Here a loop begins by a
/// store for each thread, which it alone is looking at, and ends by one of each. What they have for each other is in one cache
/// line, for a line takes as long from core to core as a dozen samples. Nobody is waited for who has not taken a task: a helper that
/// comes late, or never, costs nothing but its work.
@safe
// Unchecked: all that changes is atomic, but the leader's own, and what the body refers to, which who has taken a task of the loop may
// read.
final class ThreadTeam: @unchecked Sendable {
    typealias Body = @Sendable (_ worker: Int, _ task: Int) -> Void

    /// Tasks that a loop may have.
    static let taskLimit = 1 << 23
    /// Looks at what there is to do before a helper goes to sleep: some tenths of a millisecond.
    private static let looks = 4096

    private static let taskBits: UInt64 = 24
    private let workers: Int
    // Each worker's line.
    private let lines: UnsafeMutablePointer<Atomic<UInt64>>
    /// Lines are so many words apart.
    private static let lineStride = 8
    /// The word of a line that holds the worker's part of the tasks: a number of the loop above the part's end above the number of the
    /// next one to be taken, which may be beyond it. A part of nothing tells by the first that loops go on.
    private static let part = 0
    /// The word that says how many tasks of the loop the worker has finished.
    private static let finished = 1
    private let memory: UnsafeMutableRawPointer
    // The leader's.
    private var loopNumber: UInt16 = 0
    /// The word with the address of the loop's body, while it has tasks that are not finished.
    private static let body = 2
    private let isOver = Atomic(false)
    private let present = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let bell = DispatchSemaphore(value: 0)

    /// Asks for `count` helpers, workers 1 to `count`, who stay until ``end()``.
    init(helpers count: Int) {
        workers = count + 1
        let words = (count + 1) * Self.lineStride
        unsafe memory = .allocate(byteCount: words * 8, alignment: 64)
        unsafe lines = unsafe memory.bindMemory(to: Atomic<UInt64>.self, capacity: words)
        for place in 0..<words { unsafe (lines + place).initialize(to: Atomic(0)) }
        for worker in 1..<count + 1 {
            // A queue of its own gets a thread, however many of the shared ones are busy.
            DispatchQueue(label: "nectar.training.\(worker)").async { [self] in help(as: worker) }
        }
    }

    deinit {
        unsafe lines.deinitialize(count: workers * Self.lineStride)
        unsafe memory.deallocate()
    }

    /// A word of a worker's line.
    @inline(__always)
    private func with<Result>(_ word: Int, of worker: Int, _ body: (borrowing Atomic<UInt64>) -> Result) -> Result {
        unsafe body(lines[worker * Self.lineStride + word])
    }

    /// Runs the tasks 0 ..< `tasks` on the calling thread, which is worker 0, and the helpers; not within a task.
    ///
    /// Each begins with a part of its own, the same in loops of as many tasks: what a task of the same number has left in its
    /// core's cache is still there. Then it helps the others.
    func run(tasks: Int, _ body: Body) {
        precondition((0...Self.taskLimit).contains(tasks))
        withoutActuallyEscaping(body) { body in
            unsafe withUnsafePointer(to: body) { pointer in
                precondition(with(Self.body, of: 0) { $0.load(ordering: .relaxed) } == 0, "a loop runs already")
                // All of them before the first part: whoever takes a task of any of these finds what belongs to it.
                for worker in 0..<workers {
                    with(Self.finished, of: worker) { $0.store(0, ordering: .relaxed) }
                    with(Self.body, of: worker) { $0.store(UInt64(UInt(bitPattern: pointer)), ordering: .relaxed) }
                }
                loopNumber &+= 1
                for worker in 0..<workers {
                    let (start, end) = (tasks * worker / workers, tasks * (worker + 1) / workers)
                    let part = (UInt64(loopNumber) << Self.taskBits | UInt64(end)) << Self.taskBits | UInt64(start)
                    with(Self.part, of: worker) { $0.store(part, ordering: .releasing) }
                }
                // Either a sleeper is seen here, or it sees its part.
                atomicMemoryFence(ordering: .sequentiallyConsistent)
                wake()
                let own = work(as: 0)
                wait { own + finishedByHelpers == tasks }
                with(Self.body, of: 0) { $0.store(0, ordering: .relaxed) }
            }
        }
    }

    /// Sends the helpers away.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        wake()
        wait { present.load(ordering: .sequentiallyConsistent) == 0 }
    }

    private var finishedByHelpers: Int {
        (1..<workers).reduce(0) { sum, worker in
            sum + with(Self.finished, of: worker) { Int($0.load(ordering: .acquiring)) }
        }
    }

    private static func next(_ ticket: UInt64) -> Int { Int(ticket & (1 << taskBits - 1)) }

    private static func isTask(_ ticket: UInt64) -> Bool {
        next(ticket) < Int(ticket >> taskBits & (1 << taskBits - 1))
    }

    /// Takes tasks while there are any, and says how many it has finished.
    private func work(as worker: Int) -> Int {
        guard let first = takeTask(as: worker) else { return 0 }
        return execute(worker, from: first)
    }

    /// One that nobody else has taken, of the worker's own part if there are any.
    private func takeTask(as worker: Int) -> Int? {
        for other in 0..<workers {
            let owner = (worker + other) % workers
            guard with(Self.part, of: owner, { Self.isTask($0.load(ordering: .relaxed)) }) else { continue }
            // Another loop may have begun since: a task of it is as good.
            let ticket = with(Self.part, of: owner) { $0.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue }
            if Self.isTask(ticket) { return Self.next(ticket) }
        }
        return nil
    }

    // Not inlined: once it has returned nothing of the body is held, which ends when all tasks are finished. It is held once for all
    // tasks and they are counted together, for workers wait for each other wherever they write to the same place.
    @inline(never)
    private func execute(_ worker: Int, from first: Int) -> Int {
        // Written before the part that a task was taken of.
        let address = UInt(with(Self.body, of: worker) { $0.load(ordering: .relaxed) })
        guard let body = unsafe UnsafePointer<Body>(bitPattern: address)?.pointee else { return 0 }
        var (task, count): (Int?, Int) = (first, 0)
        while let own = task {
            body(worker, own)
            count += 1
            task = takeTask(as: worker)
        }
        return count
    }

    private func part(of worker: Int) -> UInt64 { with(Self.part, of: worker) { $0.load(ordering: .acquiring) } }

    private func help(as worker: Int) {
        present.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { present.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        var looks = 0
        var last: UInt64 = 0
        while !isOver.load(ordering: .sequentiallyConsistent) {
            let part = part(of: worker)
            if Self.isTask(part) {
                let count = work(as: worker)
                // Nobody else writes it but the leader, which waits for this.
                if count > 0 {
                    _ = with(Self.finished, of: worker) { $0.wrappingAdd(UInt64(count), ordering: .releasing) }
                }
                looks = 0
            } else if part != last {
                (last, looks) = (part, 0)
            } else if looks < Self.looks {
                looks += 1
                nectar_pause()
            } else {
                sleep(worker)
                looks = 0
            }
        }
    }

    /// Sleeps until there is something to do.
    private func sleep(_ worker: Int) {
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        // Whoever brings something looks for sleepers afterwards, and takes them off the list before the bell rings.
        let mayMiss = Self.isTask(part(of: worker)) || isOver.load(ordering: .sequentiallyConsistent)
        if mayMiss, leaveSleepers() { return }
        bell.wait()
    }

    /// False where somebody else has taken this helper off the list, for whom the bell rings.
    private func leaveSleepers() -> Bool {
        var count = sleepers.load(ordering: .sequentiallyConsistent)
        while count > 0 {
            let (left, now) = sleepers.compareExchange(
                expected: count, desired: count - 1, ordering: .sequentiallyConsistent)
            if left { return true }
            count = now
        }
        return false
    }

    private func wake() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        for _ in 0..<sleepers.exchange(0, ordering: .sequentiallyConsistent) { bell.signal() }
    }

    private func wait(until isDone: () -> Bool) {
        var looks = 0
        while !isDone() {
            looks += 1
            // Who is waited for may not have a core.
            if looks < Self.looks { nectar_pause() } else { sched_yield() }
        }
    }
}
