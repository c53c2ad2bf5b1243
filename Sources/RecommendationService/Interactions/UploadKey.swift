/// The keys under which the batches of an upload with an `Idempotency-Key` are stored, each a request of its own to the store.
///
/// The first has the upload's key. The others have keys that no client can have, for they are longer than one may be; no two
/// uploads share one, for each holds the upload's key and how long that is.
struct UploadKey: Sendable {
    /// The longest key of a client, in bytes: the store's IDs are 16 longer.
    static let maximumLength = 240

    let text: String

    /// The key of the batch of that number, from 0.
    func key(ofBatch batch: Int) -> String {
        guard batch > 0 else { return text }
        let end = "/\(text.utf8.count)/\(batch)"
        let gap = max(0, Self.maximumLength + 1 - text.utf8.count - end.utf8.count)
        return text + String(repeating: "/", count: gap) + end
    }
}
