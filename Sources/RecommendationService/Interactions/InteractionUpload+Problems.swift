import HTTP
import InteractionFormats
import InteractionStorage
import JSON
import Locking

// Why an upload ended, and what is stored of it all the same.
extension InteractionUpload {
    /// The upload as a whole is refused for its bad rows, or its header.
    static func problem(_ state: borrowing State) -> Problem {
        var faults = JSONFaults()
        for fault in state.refusals.faults { faults.add("line \(fault.line)", fault.detail) }
        let count = state.refusals.count
        let rows = count == 1 ? "One row is" : "\(count) rows are"
        var problem = Problem(
            .unprocessableContent,
            state.reader.isRefused
                ? "The header cannot be read; nothing was stored."
                : "\(rows) not an interaction; nothing was stored. With ?partial=true the rest would be.")
        problem.faults = faults
        problem.faultCount = count
        return problem
    }

    /// The store has failed.
    func stopped(by error: StoreError, _ state: borrowing State) -> Problem {
        let rows = Self.rows(state)
        guard error == .keyReused, rows > 0 else { return stopped(Problem(error), because: "\(error).", state) }
        return Problem(
            .unprocessableContent,
            "This Idempotency-Key was used before, for another upload that began with the same \(rows) rows; nothing of this one "
                + "was stored.")
    }

    /// `problem` as it is where nothing is stored yet; else what is, and that no more will be.
    ///
    /// - Parameter reason: A sentence.
    func stopped(_ problem: Problem, because reason: String, _ state: borrowing State) -> Problem {
        let rows = Self.rows(state)
        guard rows > 0 || state.refusals.quarantined?.rows ?? 0 > 0 else { return problem }
        var problem = problem
        let advice =
            key == nil
            ? "Sent again as a whole they would be stored twice, unless they have an interaction_id."
            : "Sent again with the same Idempotency-Key, the rest is stored."
        problem.detail = "\(rows) rows were stored, and then no more: \(reason) \(advice)"
        problem.report = report(state)
        return problem
    }

    /// The content has broken off. Called on a loop, while no piece is here.
    func refusal(_ status: HTTPStatus, _ detail: String) -> HTTPResponse? {
        guard isPartial else { return nil }
        return state.withLock { state in
            let problem = stopped(Problem(status, detail), because: detail, state)
            return problem.report == nil ? nil : problem.response()
        }
    }

    /// Rows that are stored, or were before.
    private static func rows(_ state: borrowing State) -> Int { state.stored + state.duplicates + state.erased }

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
