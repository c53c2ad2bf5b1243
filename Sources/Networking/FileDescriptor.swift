import Glibc

/// An open file or socket that has exactly one owner and is closed exactly once, when the owner lets go.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid while this value lives.
    public let number: Int32

    /// Takes over `number`, which nobody else may close from now on.
    public init(owning number: Int32) {
        precondition(number >= 0, "no descriptor is negative")
        self.number = number
    }

    deinit {
        // An error here (EIO, EINTR) cannot be acted upon, and the number is gone in any case.
        _ = Glibc.close(number)
    }

    /// Closes it now rather than at the end of its scope.
    public consuming func close() {}

    /// Gives the number away without closing it.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
