internal import CKernels
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Threads that stand by for loops which follow each other closely, awake for a while after each.
///
/// To wake a thread takes as long as a step on a small batch, most of all in a virtual machine. Here a loop begins by a
/// store for each thread, which they are looking at, and ends by one addition of each. Nobody is waited for who has not taken
/// a task: a helper that comes late, or never, costs nothing but its work.
@safe
// Unchecked: what is not atomic is written by the leader, between two loops, and read by who has taken a task of the loop.
final class ThreadTeam: @unchecked Sendable {
    typealias Body = @Sendable (_ worker: Int, _ task: Int) -> Void

    /// Tasks that a loop may have.
    static let taskLimit = 1 << 23
    /// Looks at what there is to do before a helper goes to sleep: some tenths of a millisecond.
    private static let looks = 4096

    private static let taskBits: UInt64 = 24
    private let workers: Int
    // Each worker's part of the tasks: its end above the number of the next one to be taken, which may be beyond it.
    private let parts: UnsafeMutablePointer<Atomic<UInt64>>
    // Parts are so many apart that each has a cache line of its own.
    private static let partStride = 8
    private let finished = Atomic<Int>(0)
    private let isOver = Atomic(false)
    private let present = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let bell = DispatchSemaphore(value: 0)
    // The loop's, while it has tasks that are not finished.
    private var body: UnsafePointer<Body>?

    /// Asks for `count` helpers, workers 1 to `count`, who stay until ``end()``.
    init(helpers count: Int) {
        workers = count + 1
        unsafe parts = .allocate(capacity: (count + 1) * Self.partStride)
        for place in 0..<(count + 1) * Self.partStride { unsafe (parts + place).initialize(to: Atomic(0)) }
        for worker in 1..<count + 1 {
            // A queue of its own gets a thread, however many of the shared ones are busy.
            DispatchQueue(label: "nectar.training.\(worker)").async { [self] in help(as: worker) }
        }
    }

    deinit {
        unsafe parts.deinitialize(count: workers * Self.partStride)
        unsafe parts.deallocate()
    }

    /// The tickets of a worker's part.
    private func withPart<Result>(of worker: Int, _ body: (borrowing Atomic<UInt64>) -> Result) -> Result {
        unsafe body(parts[worker * Self.partStride])
    }

    /// Runs the tasks 0 ..< `tasks` on the calling thread, which is worker 0, and the helpers; not within a task.
    ///
    /// Each begins with a part of its own, the same in loops of as many tasks: what a task of the same number has left in its
    /// core's cache is still there. Then it helps the others.
    func run(tasks: Int, _ body: Body) {
        precondition((0...Self.taskLimit).contains(tasks))
        withoutActuallyEscaping(body) { body in
            unsafe withUnsafePointer(to: body) { pointer in
                unsafe precondition(self.body == nil, "a loop runs already")
                unsafe self.body = pointer
                finished.store(0, ordering: .relaxed)
                for worker in 0..<workers {
                    let (start, end) = (tasks * worker / workers, tasks * (worker + 1) / workers)
                    withPart(of: worker) {
                        $0.store(UInt64(end) << Self.taskBits | UInt64(start), ordering: .sequentiallyConsistent)
                    }
                }
                wake()
                let own = work(as: 0)
                wait { own + finished.load(ordering: .acquiring) == tasks }
                unsafe self.body = nil
            }
        }
    }

    /// Sends the helpers away.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        wake()
        wait { present.load(ordering: .sequentiallyConsistent) == 0 }
    }

    private static func next(_ ticket: UInt64) -> Int { Int(ticket & (1 << taskBits - 1)) }

    private static func isTask(_ ticket: UInt64) -> Bool { next(ticket) < Int(ticket >> taskBits) }

    /// Takes tasks while there are any, and says how many it has finished.
    private func work(as worker: Int) -> Int {
        guard let first = takeTask(as: worker) else { return 0 }
        return execute(worker, from: first)
    }

    /// One that nobody else has taken, of the worker's own part if there are any.
    private func takeTask(as worker: Int) -> Int? {
        for other in 0..<workers {
            let owner = (worker + other) % workers
            guard withPart(of: owner, { Self.isTask($0.load(ordering: .relaxed)) }) else { continue }
            // Another loop may have begun since: a task of it is as good.
            let ticket = withPart(of: owner) { $0.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue }
            if Self.isTask(ticket) { return Self.next(ticket) }
        }
        return nil
    }

    // Not inlined: once it has returned nothing of the body is held, which ends when all tasks are finished. It is held once for all
    // tasks and they are counted together, for workers wait for each other wherever they write to the same place.
    @inline(never)
    private func execute(_ worker: Int, from first: Int) -> Int {
        guard let body = unsafe body?.pointee else { return 0 }
        var (task, count): (Int?, Int) = (first, 0)
        while let own = task {
            body(worker, own)
            count += 1
            task = takeTask(as: worker)
        }
        return count
    }

    private var hasTasks: Bool {
        (0..<workers).contains { withPart(of: $0) { Self.isTask($0.load(ordering: .sequentiallyConsistent)) } }
    }

    private func help(as worker: Int) {
        present.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { present.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        var looks = 0
        while !isOver.load(ordering: .sequentiallyConsistent) {
            if hasTasks {
                let count = work(as: worker)
                if count > 0 { finished.wrappingAdd(count, ordering: .releasing) }
                looks = 0
            } else if looks < Self.looks {
                looks += 1
                nectar_pause()
            } else {
                sleep()
                looks = 0
            }
        }
    }

    /// Sleeps until there is something to do.
    private func sleep() {
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        // Whoever brings something looks for sleepers afterwards, and takes them off the list before the bell rings.
        let mayMiss = hasTasks || isOver.load(ordering: .sequentiallyConsistent)
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
