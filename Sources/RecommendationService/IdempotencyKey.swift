import HTTP
import HTTPServer
import InteractionStorage
import JSON

/// The `Idempotency-Key` of a request: the same key with the same content is the same request, sent again.
enum IdempotencyKey {
    /// The one of `request`; nil where it has none.
    static func of(_ request: ServerRequest) throws(Problem) -> String? {
        let keys = request.head.fields.values(of: .idempotencyKey)
        guard let key = keys.first else { return nil }
        // Two cannot both be kept, and whichever was left out would not make its retry harmless.
        guard keys.count == 1 else { throw Problem(.badRequest, "Idempotency-Key: the field is there twice.") }
        // Octets that are no text were repaired, and all of them to the same character.
        guard !key.unicodeScalars.contains("\u{FFFD}") else {
            throw Problem(.badRequest, "Idempotency-Key: the key is not UTF-8.")
        }
        if let problem = JSONIdentifier.problem(in: key) {
            throw Problem(.badRequest, "Idempotency-Key: \(problem).")
        }
        guard key.utf8.count <= UploadKey.maximumLength else {
            throw Problem(.badRequest, "Idempotency-Key: a key must be at most \(UploadKey.maximumLength) bytes long.")
        }
        return key
    }
}
