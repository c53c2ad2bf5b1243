import Dispatch
import Locking
import Networking

/// A fixed number of threads for handlers that may take longer than a loop can wait, with a bounded queue.
final class OffloadPool: Sendable {
    private struct State {
        var queue: [@Sendable () -> Void] = []
        var head = 0
        var idleThreads: Int
        var isClosed = false

        var waiting: Int { queue.count - head }
    }

    private let state: Lock<State>
    private let limit: Int
    private let threadCount: Int
    private let available = DispatchSemaphore(value: 0)
    private let threads = DispatchGroup()

    /// A pool whose threads begin with ``start()``.
    init(threads: Int, queueLimit: Int) {
        threadCount = threads
        limit = queueLimit
        state = Lock(State(idleThreads: threads))
    }

    /// Starts the threads. They hold the pool until ``close()``.
    func start() throws(SystemError) {
        for _ in 0..<threadCount {
            threads.enter()
            do throws(SystemError) {
                try SystemThread.start { [self] in
                    work()
                    threads.leave()
                }
            } catch {
                threads.leave()
                throw error
            }
        }
    }

    /// Whether ``submit(_:)`` would take another job now.
    var hasRoom: Bool { state.withLock { $0.waiting < limit + $0.idleThreads } }

    /// Queues a new request's work; false when no thread is free and the queue is full.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.waiting < limit + state.idleThreads else { return false }
            state.queue.append(job)
            return true
        }
        if isTaken { available.signal() }
        return isTaken
    }

    /// Queues a further step of a request that was admitted before. Not bounded by the queue: there is at most one for
    /// each connection, and the number of connections is bounded.
    func submitContinuation(_ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.queue.append(job) }
        available.signal()
    }

    /// Takes no new requests; the threads end when the queue is empty.
    func close() {
        state.withLock { $0.isClosed = true }
        for _ in 0..<threadCount { available.signal() }
    }

    /// Waits for the threads to end; false if they have not by then.
    func wait(until deadline: DispatchTime) -> Bool { threads.wait(timeout: deadline) == .success }

    private func work() {
        while true {
            available.wait()
            // Either a job is there for this signal, or the pool is closed and the queue empty.
            let (job, isClosed) = state.withLock { state in (Self.take(&state), state.isClosed) }
            if let job {
                job()
                state.withLock { $0.idleThreads += 1 }
            } else if isClosed {
                return
            }
        }
    }

    private static func take(_ state: inout State) -> (@Sendable () -> Void)? {
        guard state.waiting > 0 else { return nil }
        let job = state.queue[state.head]
        state.head += 1
        state.idleThreads -= 1
        // The front is dropped when it has become the larger half, which costs O(1) per job on average.
        if state.head * 2 > state.queue.count {
            state.queue.removeFirst(state.head)
            state.head = 0
        }
        return job
    }
}
