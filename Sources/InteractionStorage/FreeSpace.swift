import Glibc

/// How much room a disk has.
public enum FreeSpace {
    /// Bytes that this user may still write to the disk that `path` is on, which has to be there; nil where the system does not say.
    public static func bytes(at path: String) -> Int64? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
}
