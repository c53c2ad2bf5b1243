import Dispatch
import HTTP
import HTTPServer
import Locking
import Logging
import Metrics

/// Writes a line about every request to the program's log, behind the back of the loops.
///
/// A loop only puts the record into a bounded buffer. A queue of the log's own makes text of it and writes, and may be
/// held up by whoever reads the log: then the buffer fills, and what finds no room is counted and dropped.
final class BufferedAccessLog: AccessLog {
    private struct State {
        var records: [AccessRecord] = []
        /// Octets that the records may take as lines, roughly.
        var octets = 0
        var isWriting = false
    }

    let notedField = Answer.modelField
    let wantsTargets: Bool
    private let logger: Logger
    private let capacity: Int
    private let dropped: Counter
    private let state = Lock(State())
    private let writer = DispatchQueue(label: "nectar.access-log")
    /// What a line takes apart from the request's target.
    private static let lineOctets = 256

    /// A log to `logger`, whatever its level: who asked for these lines gets them.
    ///
    /// - Parameters:
    ///   - wantsTargets: Whether lines hold the request's target, which may name people.
    ///   - capacity: How many octets of lines may wait, a line being 256 and its target.
    ///   - dropped: Counts the lines that found no room.
    init(to logger: Logger, wantsTargets: Bool, capacity: Int = 4 << 20, dropped: Counter) {
        var logger = logger
        logger.logLevel = min(logger.logLevel, .info)
        self.logger = logger
        self.wantsTargets = wantsTargets
        self.capacity = capacity
        self.dropped = dropped
    }

    func record(_ record: AccessRecord) {
        let octets = Self.octets(of: record)
        let isTaken = state.withLock { state in
            guard octets <= capacity - state.octets else { return false }
            state.octets += octets
            state.records.append(record)
            if !state.isWriting {
                state.isWriting = true
                // Within the lock, so that `finish`, if it comes later, finds this work in front of it.
                writer.async { self.writeUntilEmpty() }
            }
            return true
        }
        if !isTaken { dropped.increment() }
    }

    /// Returns when all that was recorded before is written, or at `deadline`: a log that nobody reads must not keep the
    /// program from ending.
    func finish(until deadline: DispatchTime) {
        let end = DispatchSemaphore(value: 0)
        writer.async { end.signal() }
        _ = end.wait(timeout: deadline)
    }

    private func writeUntilEmpty() {
        var batch: [AccessRecord] = []
        while true {
            let isEmpty = state.withLock { state in
                // The two lists change places, so that neither gives its memory back.
                (state.records, batch) = (batch, state.records)
                state.isWriting = !batch.isEmpty
                return batch.isEmpty
            }
            guard !isEmpty else { return }
            for record in batch {
                let line = AccessLine(record)
                logger.info(line.message, metadata: line.metadata)
                // What is being written counts until it is, or a second buffer's worth would wait.
                state.withLock { $0.octets -= Self.octets(of: record) }
            }
            batch.removeAll(keepingCapacity: true)
        }
    }

    private static func octets(of record: AccessRecord) -> Int {
        lineOctets + (record.target?.utf8.count ?? 0)
    }
}
