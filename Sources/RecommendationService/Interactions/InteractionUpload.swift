import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import Locking

/// The body of `POST /interactions` in NDJSON or CSV: any length, constant memory.
///
/// Unless `partial`, rows are checked as they arrive and spooled, and stored once the last one was good. With `partial` the
/// good rows are stored as they arrive, the bad ones go into quarantine, and the answer lists them. Either way they are
/// stored in batches, each a transaction of its own.
final class InteractionUpload: RequestBodyConsumer {
    /// Interactions per transaction. A key stands for the batches that an upload was stored in, so that this is no setting, does not
    /// go by one, and must never change: else the retry of an upload from before would be taken for another upload.
    static let usualBatchSize = 20_000
    /// Octets on the disk that a row takes, about: in the record, its indices and the log.
    private static let rowLength: Int64 = 128

    struct State: ~Copyable {
        var reader: any InteractionReader
        var spool: UploadSpool
        /// Good rows, where all are spooled first.
        var rows = 0
        var batch: [Interaction] = []
        /// Octets of the upload since `batch` was empty.
        var batchLength = 0
        var batches = 0
        var refusals: UploadRefusals
        var stored = 0
        var duplicates = 0
        var erased = 0
    }

    let key: UploadKey?
    let isPartial: Bool
    let state: Lock<State>
    private let recorder: InteractionRecorder
    private let batchSize: Int
    private let makeReader: @Sendable () -> any InteractionReader
    private let begun: Int64
    /// Its share of the memory for content: what is gathered and not yet stored.
    private let reservation: ContentBudget.Reservation

    init(
        recorder: InteractionRecorder,
        isPartial: Bool,
        key: UploadKey?,
        begunAfter begun: Int64,
        quarantine: Quarantine,
        format: QuarantinedRow.Format,
        spoolDirectory: String,
        contentBudget: ContentBudget,
        batchSize: Int,
        makeReader: @escaping @Sendable () -> any InteractionReader
    ) {
        self.recorder = recorder
        self.batchSize = batchSize
        self.isPartial = isPartial
        self.key = key
        self.makeReader = makeReader
        self.begun = begun
        reservation = contentBudget.reserve()
        let intake = QuarantineIntake(quarantine, format: format, name: key?.text, begunAfter: begun)
        state = Lock(
            State(
                reader: makeReader(), spool: UploadSpool(directory: spoolDirectory, budget: contentBudget),
                refusals: UploadRefusals(keepingIn: isPartial && quarantine.isOpen ? intake : nil)))
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
                var report = report(state)
                report.faults = state.refusals.faults.map { JSONFault(pointer: "line \($0.line)", detail: $0.detail) }
                return report.response()
            }
        }
        respond(answer)
    }

    func cancel() {}

    private func end(_ state: inout State) throws(Problem) {
        var last: [Interaction] = []
        state.reader.finish(into: { last.append($0) }, faults: { state.refusals.note($0) })
        if state.reader.isRefused { throw Self.problem(state) }
        if isPartial {
            state.batch += last
            try storeBatches(&state, isLast: true)
            return try keepBadRows(&state, isLast: true)
        }
        guard state.refusals.count == 0 else { throw Self.problem(state) }
        state.rows += last.count
        try recorder.reserve.check(beside: Int64(state.rows) * Self.rowLength)
        try storeSpooled(&state)
    }

    // MARK: All or nothing

    /// Notes the bad rows and keeps the bytes for the time when all rows are known to be good.
    private func check(_ chunk: [UInt8], _ state: inout State) throws(Problem) {
        var rows = 0
        state.reader.consume(chunk, into: { _ in rows += 1 }, faults: { state.refusals.note($0) })
        state.rows += rows
        if state.reader.isRefused { throw Self.problem(state) }
        // With a bad row nothing will be stored, so nothing more need be kept.
        guard state.refusals.count == 0 else { return }
        try recorder.reserve.check()
        try Self.spooling { () throws(UploadSpool.Failure) in try state.spool.append(chunk) }
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

    // MARK: Partial

    /// Gathers the good rows, and stores them whenever they are a batch.
    private func storeGoodRows(of chunk: [UInt8], _ state: inout State) throws(Problem) {
        if let shortage = recorder.reserve.shortage {
            throw stopped(recorder.reserve.problem(shortage), because: shortage, state)
        }
        state.reader.consume(chunk, into: { state.batch.append($0) }, faults: { state.refusals.note($0) })
        state.batchLength += chunk.count
        if state.reader.isRefused { throw Self.problem(state) }
        try storeBatches(&state, isLast: false)
        try keepBadRows(&state, isLast: false)
        try holdGathered(&state)
    }

    /// Makes sure that there is room in memory for what was gathered; without room it is stored at once, where a retry need
    /// not have the same batches.
    private func holdGathered(_ state: inout State) throws(Problem) {
        let rows = state.batch.isEmpty ? 0 : state.batch.capacity * MemoryLayout<Interaction>.stride + state.batchLength
        let length = rows + state.refusals.heldLength
        reservation.clear()
        guard length > 0, !reservation.grow(to: length, leaving: 0.5) else { return }
        try keepBadRows(&state, isLast: true)
        guard rows > 0 else { return }
        guard key != nil else { return try storeBatches(&state, isLast: true) }
        let reason = "As much is held in memory as may be just now."
        throw stopped(Problem(.serviceUnavailable, reason, retryAfterSeconds: 1), because: reason, state)
    }

    private func keepBadRows(_ state: inout State, isLast: Bool) throws(Problem) {
        do throws(StoreError) {
            try state.refusals.keep(isLast: isLast)
        } catch {
            throw stopped(by: error, state)
        }
    }

    // MARK: Batches

    /// Stores what was gathered in batches that are the same however the upload was cut on its way: each is a transaction of
    /// its own with a key of its own, and a retry must repeat them.
    ///
    /// Under a key the last batch is not full, and may be empty: so it says where the upload ends, and what was refused of it.
    private func storeBatches(_ state: inout State, isLast: Bool) throws(Problem) {
        var begin = 0
        defer {
            state.batch.removeFirst(begin)
            if state.batch.isEmpty { state.batchLength = 0 }
        }
        while state.batch.count - begin >= batchSize {
            try store(Array(state.batch[begin..<(begin + batchSize)]), companions: nil, &state)
            begin += batchSize
        }
        guard isLast, begin < state.batch.count || key != nil else { return }
        try store(Array(state.batch[begin...]), companions: key.flatMap { _ in state.refusals.fingerprint }, &state)
        begin = state.batch.count
    }

    private func store(_ interactions: [Interaction], companions: UInt64?, _ state: inout State) throws(Problem) {
        let batch = state.batches
        state.batches += 1
        let receipt: AppendReceipt
        do {
            receipt = try recorder.append(
                interactions, idempotencyKey: key?.key(ofBatch: batch), companions: companions, begunAfter: begun)
        } catch {
            throw stopped(by: error, state)
        }
        state.stored += receipt.stored
        state.duplicates += receipt.duplicates
        state.erased += receipt.erased
    }

    /// What became of the upload so far, without what was wrong with its bad rows.
    func report(_ state: borrowing State) -> InteractionReport {
        InteractionReport(
            stored: state.stored, duplicates: state.duplicates, erased: state.erased, rejected: state.refusals.count,
            quarantined: state.refusals.quarantined)
    }
}
