import Glibc
import HTTP

/// What is left free on the disk of the data folder: below a least number of bytes nothing is taken in any more, so that what has
/// been can still be worked with: erased, moved from the log to its place, written anew.
///
/// Asks the system each time, which takes about a microsecond. Any thread may call it.
struct DiskReserve: Sendable {
    /// Bytes that stay free; 0 for none.
    let minimumBytes: Int64
    private let measure: @Sendable () -> Int64?

    init(_ configuration: ServiceConfiguration, measure: (@Sendable () -> Int64?)? = nil) {
        minimumBytes = Int64(configuration.storage.minimumFreeMegabytes) * 1_000_000
        self.measure = measure ?? { [folder = configuration.dataDirectory] in Self.freeBytes(of: folder) }
    }

    /// Bytes that this user may still write there; nil where the system does not say.
    var freeBytes: Int64? { measure() }

    /// Why nothing is taken in, as a sentence; nil where there is room.
    var shortage: String? {
        guard minimumBytes > 0, let free = freeBytes, free < minimumBytes else { return nil }
        return
            "There is no space left: the disk has \(free / 1_000_000) MB free, and \(minimumBytes / 1_000_000) are to stay "
            + "free (storage.minimum_free_megabytes)."
    }

    /// Throws while there is no room.
    func check() throws(Problem) {
        guard let shortage else { return }
        throw Problem(
            .insufficientStorage, "\(shortage) Nothing was stored. It will be when there is space.",
            retryAfterSeconds: 30)
    }

    private static func freeBytes(of folder: String) -> Int64? {
        var status = statvfs()
        guard unsafe statvfs(folder, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
}
