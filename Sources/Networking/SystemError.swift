import CLinux
import Glibc

/// A system call that failed: which one, and why.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The value `errno` held.
    public let code: Int32
    /// The call, or what it was for: `"bind"`, `"accept4"`.
    public let operation: String

    /// An error as the caller of `operation` saw it.
    public init(code: Int32, operation: String) {
        self.code = code
        self.operation = operation
    }

    /// A sentence for a log: `bind: Address already in use (98)`.
    public var description: String { "\(operation): \(reason) (\(code))" }

    /// What the system says of the code: `Address already in use`.
    public var reason: String {
        var text = [CChar](repeating: 0, count: 128)
        unsafe _ = text.withUnsafeMutableBufferPointer { unsafe __xpg_strerror_r(code, $0.baseAddress, $0.count) }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The one place that turns `-1` and `errno` into a value, and that repeats a call a signal interrupted.
///
/// `close` is never repeated: Linux has released the number even when it reports `EINTR`.
enum SystemCall {
    /// The call's result, which is not negative, or a thrown error.
    @discardableResult
    static func perform<Result: FixedWidthInteger & SignedInteger>(
        _ operation: String, _ call: () -> Result
    ) throws(SystemError) -> Result {
        let result = attempt(call)
        guard result >= 0 else { throw SystemError(code: Int32(-result), operation: operation) }
        return result
    }

    /// The call's result, or the negated `errno`: for calls whose failure is an everyday answer (`EAGAIN`).
    @inline(__always)
    static func attempt<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { return -Result(code) }
        }
    }
}
