import Glibc

/// Which file a path leads to, by whatever name.
struct FileIdentity: Equatable {
    private let device: dev_t
    private let number: ino_t

    /// nil where there is none.
    init?(at path: String) {
        var status = Glibc.stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, number) = (status.st_dev, status.st_ino)
    }
}
