import CLinux
import Glibc

/// What a descriptor is watched for, or is ready for.
public struct Readiness: OptionSet, Equatable, Sendable {
    /// The bits, those of `epoll_event.events`.
    public let rawValue: UInt32

    /// The readiness that has exactly these bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Bytes, a connection or the peer's end of sending are waiting.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to send.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The connection is reset or closed in both directions. Reported whether asked for or not.
    public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// The kernel's readiness list, level-triggered.
///
/// Level-triggered, so that a short read needs no second one to see `EAGAIN`, and reading may stop anywhere.
/// Each descriptor is added with a 64-bit token, which its events carry back.
@safe
struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    // Unsafe because of the union inside, of which only the integer is ever used. Memory of its own rather than an
    // array, which would be asked in every turn whether it is shared.
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init(eventCapacity: Int = 512) throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try SystemCall.perform("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        unsafe events = UnsafeMutableBufferPointer.allocate(capacity: eventCapacity)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit { unsafe events.deallocate() }

    func add(_ number: Int32, interest: Readiness, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, number, interest, token)
    }

    func modify(_ number: Int32, interest: Readiness, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, number, interest, token)
    }

    func remove(_ number: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, number, [], 0)
    }

    /// Waits until something is ready or `timeout` milliseconds have passed (-1: without end); how many are ready.
    mutating func wait(timeout: Int32) throws(SystemError) -> Int {
        let count = unsafe epoll_wait(descriptor.number, events.baseAddress, Int32(events.count), timeout)
        if count >= 0 { return Int(count) }
        // A signal is a reason to look around, not to wait the same time again.
        if errno == EINTR { return 0 }
        throw SystemError(code: errno, operation: "epoll_wait")
    }

    /// One of the events of the last wait.
    func event(at index: Int) -> (token: UInt64, readiness: Readiness) {
        unsafe (events[index].data.u64, Readiness(rawValue: events[index].events))
    }

    private func control(
        _ operation: Int32, _ number: Int32, _ interest: Readiness, _ token: UInt64
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = token
        let own = descriptor.number
        try SystemCall.perform("epoll_ctl") { unsafe epoll_ctl(own, operation, number, &event) }
    }
}
