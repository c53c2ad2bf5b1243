import HTTP
import InteractionStorage
import Locking

/// What is left free on the disk of the data folder: below a least number of bytes nothing is taken in any more, so that what has
/// been can still be worked with: erased, moved from the log to its place, written anew.
///
/// While there is enough the system is asked twenty times a second at most, rather than for every interaction; what comes meanwhile is
/// far less than what stays free. Any thread may call it.
public struct DiskReserve: Sendable {
    /// Bytes that stay free; 0 for none.
    let minimumBytes: Int64
    private let measure: @Sendable () -> Int64?
    /// Whether the record is there too, and not in a database elsewhere.
    private let holdsRecord: Bool

    /// What the settings say of the disk that the data folder is on.
    public init(_ configuration: ServiceConfiguration) { self.init(configuration, measure: nil) }

    init(_ configuration: ServiceConfiguration, measure: (@Sendable () -> Int64?)?) {
        holdsRecord = configuration.storage.url.isEmpty
        minimumBytes = Int64(configuration.storage.minimumFreeMegabytes) * 1_000_000
        self.measure =
            measure
            ?? Self.remembering(atLeast: minimumBytes, for: .milliseconds(50)) {
                [folder = configuration.dataDirectory] in FreeSpace.bytes(at: folder)
            }
    }

    /// Bytes that this user may still write there; nil where the system does not say.
    var freeBytes: Int64? { measure() }

    /// Why nothing is taken in, as a sentence; nil where there is room.
    public var shortage: String? { shortage(beside: 0) }

    private func shortage(beside more: Int64) -> String? {
        guard minimumBytes > 0, let free = freeBytes, free < minimumBytes + more else { return nil }
        return
            "There is no space left: the disk has \(free / 1_000_000) MB free, and \(minimumBytes / 1_000_000) are to stay "
            + "free (storage.minimum_free_megabytes)."
    }

    /// Throws while there is no room.
    ///
    /// - Parameter more: Bytes that the record will take, about.
    func check(beside more: Int64 = 0) throws(Problem) {
        if let shortage = shortage(beside: holdsRecord ? more : 0) { throw problem(shortage) }
    }

    /// The answer to what is not taken in for that reason.
    func problem(_ shortage: String) -> Problem {
        Problem(
            .insufficientStorage, "\(shortage) Nothing was changed. Try again when there is space.",
            retryAfterSeconds: 30)
    }

    /// What `measure` says, or said not longer ago than `duration` if it was enough: when there is space again that is known at once.
    private static func remembering(
        atLeast enough: Int64, for duration: Duration, _ measure: @escaping @Sendable () -> Int64?
    ) -> @Sendable () -> Int64? {
        let last = Lock<(bytes: Int64?, until: ContinuousClock.Instant)?>(nil)
        return {
            let now = ContinuousClock.now
            if let known = last.withLock({ $0 }), now < known.until { return known.bytes }
            let bytes = measure()
            last.withLock { $0 = (bytes ?? 0) < enough ? nil : (bytes, now + duration) }
            return bytes
        }
    }
}
