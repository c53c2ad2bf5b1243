import Dispatch
import Networking

/// The pools of threads for handlers that a loop cannot wait for, by what they hold up: many slow ones hold up each other, and
/// nobody else.
final class OffloadPools: Sendable {
    /// For handlers that take milliseconds.
    let quick: OffloadPool
    /// For those that take their time, for consumers of bodies and for content that is made as it is sent.
    let bulk: OffloadPool
    /// For probes.
    let probes: OffloadPool

    init(_ configuration: ServerConfiguration) {
        let limit = configuration.offloadQueueLimit
        quick = OffloadPool(threads: configuration.offloadThreads, queueLimit: limit)
        bulk = OffloadPool(threads: configuration.bulkThreads, queueLimit: limit)
        probes = OffloadPool(threads: 1, queueLimit: limit)
    }

    private var all: [OffloadPool] { [quick, bulk, probes] }

    /// The pool of handlers of that mode; nil for those that run on the loop.
    func pool(for mode: HandlerMode) -> OffloadPool? {
        switch mode {
        case .inline: nil
        case .offloaded: quick
        case .bulk: bulk
        case .probe: probes
        }
    }

    /// Starts all threads.
    func start() throws(SystemError) {
        for pool in all { try pool.start() }
    }

    /// Takes no new requests; the threads end when the queues are empty, for which they are waited for until `deadline`.
    func close(by deadline: DispatchTime) {
        for pool in all { pool.close() }
        for pool in all { _ = pool.wait(until: deadline) }
    }
}
