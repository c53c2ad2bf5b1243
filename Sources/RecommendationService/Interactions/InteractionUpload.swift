import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import Locking

/// The body of `POST /interactions` in NDJSON or CSV: any length, constant memory.
///
/// All or nothing unless `partial`: rows are checked as they arrive and spooled, and stored once the last one was good.
/// With `partial` the good rows are stored as they arrive, the bad ones go into quarantine, and the answer lists them.
final class InteractionUpload: RequestBodyConsumer {
    /// Interactions per transaction, unless fewer can be stored at once.
    static let maximumBatchSize = 20_000

    private struct State: ~Copyable {
        var reader: any InteractionReader
        var spool: UploadSpool
        var batch: [Interaction] = []
        var batches = 0
        var faults: [RowFault] = []
        var faultCount = 0
        /// Nil where the bad rows are not kept.
        var intake: QuarantineIntake?
        var stored = 0
        var duplicates = 0
        var erased = 0
    }

    private let recorder: InteractionRecorder
    private let batchSize: Int
    private let isPartial: Bool
    private let idempotencyKey: String?
    private let makeReader: @Sendable () -> any InteractionReader
    private let begun: Int64
    private let state: Lock<State>

    init(
        recorder: InteractionRecorder,
        isPartial: Bool,
        idempotencyKey: String?,
        quarantine: Quarantine,
        format: QuarantinedRow.Format,
        spoolDirectory: String,
        makeReader: @escaping @Sendable () -> any InteractionReader
    ) {
        self.recorder = recorder
        batchSize = min(Self.maximumBatchSize, recorder.maximumCount)
        self.isPartial = isPartial
        self.idempotencyKey = idempotencyKey
        self.makeReader = makeReader
        begun = recorder.erasures.last
        let intake = QuarantineIntake(quarantine, format: format, name: idempotencyKey, begunAfter: begun)
        state = Lock(
            State(
                reader: makeReader(), spool: UploadSpool(directory: spoolDirectory),
                intake: isPartial && quarantine.isOpen ? intake : nil))
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        state.withLock { state in
            do throws(Problem) {
                try isPartial ? storeGoodRows(of: chunk, &state) : check(chunk, &state)
                return nil
            } catch {
                return error.response()
            }
        }
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        let answer = state.withLock { state in
            Answer.or { () throws(Problem) in
                try end(&state)
                return report(state)
            }
        }
        respond(answer)
    }

    func cancel() {}

    private func end(_ state: inout State) throws(Problem) {
        var last: [Interaction] = []
        state.reader.finish(
            into: { last.append($0) },
            faults: { Self.note($0, &state.faults, &state.faultCount, &state.intake) })
        if state.reader.isRefused { throw Self.problem(state) }
        if isPartial {
            state.batch += last
            try storeBatches(&state, isLast: true)
            return try keepBadRows(&state, isLast: true)
        }
        guard state.faultCount == 0 else { throw Self.problem(state) }
        try storeSpooled(&state)
    }

    /// Reads the whole spool again, now known to be good, and stores it batch by batch.
    private func storeSpooled(_ state: inout State) throws(Problem) {
        var reader = makeReader()
        while let piece = try Self.spooling({ () throws(UploadSpool.Failure) in try state.spool.next() }) {
            reader.consume(piece, into: { state.batch.append($0) }, faults: { _ in })
            try storeBatches(&state, isLast: false)
        }
        reader.finish(into: { state.batch.append($0) }, faults: { _ in })
        try storeBatches(&state, isLast: true)
    }

    /// Partial: keeps the good rows, and stores them whenever they are a batch.
    private func storeGoodRows(of chunk: [UInt8], _ state: inout State) throws(Problem) {
        state.reader.consume(
            chunk, into: { state.batch.append($0) },
            faults: { Self.note($0, &state.faults, &state.faultCount, &state.intake) })
        if state.reader.isRefused { throw Self.problem(state) }
        try storeBatches(&state, isLast: false)
        try keepBadRows(&state, isLast: false)
    }

    private func keepBadRows(_ state: inout State, isLast: Bool) throws(Problem) {
        try Answer.storing { () throws(StoreError) in try state.intake?.keep(isLast: isLast) }
    }

    /// All or nothing: notes the bad rows and keeps the bytes for the time when all rows are known to be good.
    private func check(_ chunk: [UInt8], _ state: inout State) throws(Problem) {
        state.reader.consume(
            chunk, into: { _ in }, faults: { Self.note($0, &state.faults, &state.faultCount, &state.intake) })
        if state.reader.isRefused { throw Self.problem(state) }
        // With a bad row nothing will be stored, so nothing more need be kept.
        guard state.faultCount == 0 else { return }
        try recorder.reserve.check()
        try Self.spooling { () throws(UploadSpool.Failure) in try state.spool.append(chunk) }
    }

    /// Stores what was gathered in batches that are the same however the upload was cut on its way: each is a transaction of
    /// its own with a key of its own, and a retry must repeat them.
    private func storeBatches(_ state: inout State, isLast: Bool) throws(Problem) {
        var begin = 0
        defer { state.batch.removeFirst(begin) }
        while state.batch.count - begin >= batchSize || isLast && begin < state.batch.count {
            let end = min(begin + batchSize, state.batch.count)
            try store(Array(state.batch[begin..<end]), &state)
            begin = end
        }
    }

    private func store(_ interactions: [Interaction], _ state: inout State) throws(Problem) {
        let batch = state.batches
        let key = idempotencyKey.map { batch == 0 ? $0 : "\($0)/\(batch)" }
        state.batches += 1
        let receipt: AppendReceipt
        do {
            receipt = try recorder.append(interactions, idempotencyKey: key, begunAfter: begun)
        } catch {
            throw Self.problem(error, after: state.stored + state.duplicates + state.erased)
        }
        state.stored += receipt.stored
        state.duplicates += receipt.duplicates
        state.erased += receipt.erased
    }

    private func report(_ state: borrowing State) -> HTTPResponse {
        InteractionReport(
            stored: state.stored, duplicates: state.duplicates, erased: state.erased, rejected: state.faultCount,
            quarantined: state.intake.map { .init(upload: $0.upload, rows: $0.kept) },
            faults: state.faults.map { JSONFault(pointer: "line \($0.line)", detail: $0.detail) }
        ).response()
    }

    private static func note(
        _ fault: RowFault, _ faults: inout [RowFault], _ count: inout Int, _ intake: inout QuarantineIntake?
    ) {
        count += 1
        if faults.count < JSONFaults.defaultLimit { faults.append(fault) }
        intake?.add(fault)
    }

    private static func problem(_ state: borrowing State) -> Problem {
        var faults = JSONFaults()
        for fault in state.faults { faults.add("line \(fault.line)", fault.detail) }
        let more = state.faultCount == 1 ? "One row is" : "\(state.faultCount) rows are"
        var problem = Problem(
            .unprocessableContent,
            state.reader.isRefused
                ? "The header cannot be read; nothing was stored."
                : "\(more) not an interaction; nothing was stored. With ?partial=true the rest would be.")
        problem.faults = faults
        problem.faultCount = state.faultCount
        return problem
    }

    /// The store failed when so many rows had been stored, in transactions before.
    private static func problem(_ error: StoreError, after rows: Int) -> Problem {
        var problem = Problem(error)
        guard rows > 0 else { return problem }
        problem.detail =
            "\(rows) rows were stored, and then no more: \(error). Sent again with the same Idempotency-Key, the rest is stored."
        return problem
    }

    private static func problem(_ failure: UploadSpool.Failure) -> Problem {
        let reason = "The upload could not be kept until its end (\(failure.operation), errno \(failure.errno))"
        guard failure.isForWantOfSpace else {
            return Problem(.serviceUnavailable, "\(reason); nothing was stored.", retryAfterSeconds: 30)
        }
        return Problem(
            .insufficientStorage, "\(reason): there is no space left; nothing was stored.", retryAfterSeconds: 30)
    }

    /// Runs `work` on a spool and turns its failure into a problem.
    static func spooling<Result>(
        _ work: () throws(UploadSpool.Failure) -> Result
    ) throws(Problem) -> Result {
        do { return try work() } catch { throw problem(error) }
    }
}
