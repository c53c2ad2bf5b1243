import HTTP
import InteractionStorage
import JSON

extension Problem {
    /// What a failing store means for the caller.
    init(_ error: StoreError) {
        switch error {
        case .full:
            self.init(
                .serviceUnavailable, "Too many writes are waiting; nothing was stored.", retryAfterSeconds: 1)
        case .noSpace(let reason):
            self.init(
                .insufficientStorage,
                "There is no space left (\(reason)); nothing was changed. Try again when there is.",
                retryAfterSeconds: 30)
        case .unavailable(let reason):
            self.init(.serviceUnavailable, "The store is unavailable: \(reason).", retryAfterSeconds: 5)
        case .outcomeUnknown(let reason):
            self.init(
                .serviceUnavailable,
                "It is unknown whether this was stored: \(reason). Repeated with the same Idempotency-Key or interaction_id, it is "
                    + "stored once.",
                retryAfterSeconds: 5)
        case .keyReused:
            self.init(
                .unprocessableContent,
                "This Idempotency-Key was used before, for other interactions; nothing of these was stored.")
        case .corrupt, .newerSchema, .failed:
            self.init(.internalServerError, "The store could not carry this out: \(error).")
        }
    }

    /// A body that is not JSON.
    init(_ error: JSONSyntaxError) {
        let place = error.offset.map { " at byte \($0)" } ?? ""
        self.init(.badRequest, "The body is not valid JSON\(place): \(error.reason).")
    }
}
