import CLinux
import Glibc

/// A connection to a server that waits for what it wants until a deadline: for a command with one question, never for
/// an event loop.
///
/// With TLS the process has to ignore SIGPIPE, because OpenSSL cannot be told to write without it.
public final class ClientConnection {
    /// Why there is no answer, in a sentence.
    public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The sentence.
        public let description: String

        init(_ description: String) { self.description = description }

        init(_ error: SystemError) { self.init("\(error).") }
    }

    /// What a step that does not wait has come to.
    enum Step<Value> {
        case done(Value)
        case wants(TransportWant)
    }

    private let descriptor: FileDescriptor
    private let deadline: MonotonicInstant
    private let clock: any MonotonicClock
    #if TLS
        private var session: TLSClientSession?
    #endif

    /// Connects to the first address of `host` that takes a connection, and comes to terms on TLS if `tls` is given.
    /// Looking up a name takes the time it takes; all else has to be done, this and what follows, `within` so long.
    public init(
        to host: String, port: Int, tls: TLSClientConfiguration? = nil, within timeout: Duration,
        clock: any MonotonicClock = SystemMonotonicClock()
    ) throws(Failure) {
        self.clock = clock
        deadline = clock.now.advanced(by: timeout)
        descriptor = try Self.connect(to: host, port: port, until: deadline, clock)
        guard let tls else { return }
        #if TLS
            do throws(TLSError) {
                session = try TLSClientSession(tls, host: host, descriptor: descriptor.number)
            } catch {
                throw Failure(error.description)
            }
            try repeatedly { () throws(TLSError) in try session?.handshake() ?? .done(()) }
        #else
            throw Failure("This program was built without TLS.")
        #endif
    }

    /// Sends all of `bytes`.
    public func send(_ bytes: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent...])
            #if TLS
                if let session {
                    sent += try repeatedly { () throws(TLSError) in try session.write(rest) }
                    continue
                }
            #endif
            sent += try repeatedly { () throws(TLSError) in
                let count = SystemCall.attempt {
                    unsafe Glibc.send(descriptor.number, rest, rest.count, Int32(MSG_NOSIGNAL))
                }
                return try Self.step(count, .wantsWrite, "send")
            }
        }
    }

    /// The next `count` bytes, or fewer where the server ends the connection before.
    public func receive(_ count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let more = try receive(into: &bytes, at: received)
            guard more > 0 else { break }
            received += more
        }
        return Array(bytes.prefix(received))
    }

    private func receive(into bytes: inout [UInt8], at offset: Int) throws(Failure) -> Int {
        try repeatedly { () throws(TLSError) in
            #if TLS
                if let session { return try session.read(into: &bytes, at: offset) }
            #endif
            let count = unsafe bytes.withUnsafeMutableBytes { bytes in
                SystemCall.attempt {
                    unsafe recv(descriptor.number, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, 0)
                }
            }
            return try Self.step(count, .wantsRead, "recv")
        }
    }

    // MARK: Waiting

    private func repeatedly<Value>(_ attempt: () throws(TLSError) -> Step<Value>) throws(Failure) -> Value {
        while true {
            let step: Step<Value>
            do throws(TLSError) {
                step = try attempt()
            } catch {
                throw Failure(error.description)
            }
            switch step {
            case .done(let value): return value
            case .wants(let want): try Self.wait(for: want, descriptor.number, until: deadline, clock)
            }
        }
    }

    private static func step(
        _ count: Int, _ want: TransportWant, _ operation: String
    ) throws(TLSError) -> Step<Int> {
        if count >= 0 { return .done(count) }
        guard count == -Int(EAGAIN) else {
            throw TLSError(Failure(SystemError(code: Int32(-count), operation: operation)).description)
        }
        return .wants(want)
    }

    private static func wait(
        for want: TransportWant, _ number: Int32, until deadline: MonotonicInstant, _ clock: any MonotonicClock
    ) throws(Failure) {
        var interest = pollfd(fd: number, events: Int16(want == .wantsRead ? POLLIN : POLLOUT), revents: 0)
        while true {
            let left = deadline.nanoseconds - clock.now.nanoseconds
            guard left > 0 else { throw Failure("It took too long.") }
            // Rounded up, so that the last wait is not cut into many of none at all.
            let count = unsafe poll(&interest, 1, Int32(clamping: (left + 999_999) / 1_000_000))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw Failure(SystemError(code: errno, operation: "poll")) }
        }
    }

    // MARK: Connecting

    private static func connect(
        to host: String, port: Int, until deadline: MonotonicInstant, _ clock: any MonotonicClock
    ) throws(Failure) -> FileDescriptor {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var addresses: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, "\(port)", &hints, &addresses)
        guard status == 0 else { throw Failure("\(host): \(unsafe String(cString: gai_strerror(status))).") }
        defer { unsafe freeaddrinfo(addresses) }
        var failure = Failure("\(host) has no address.")
        var next = unsafe addresses
        while let address = unsafe next {
            do throws(Failure) {
                return unsafe try connect(to: address.pointee, until: deadline, clock)
            } catch {
                failure = error
            }
            unsafe next = address.pointee.ai_next
        }
        throw failure
    }

    private static func connect(
        to address: addrinfo, until deadline: MonotonicInstant, _ clock: any MonotonicClock
    ) throws(Failure) -> FileDescriptor {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = unsafe socket(address.ai_family, address.ai_socktype | flags, 0)
        guard number >= 0 else { throw Failure(SystemError(code: errno, operation: "socket")) }
        let descriptor = FileDescriptor(owning: number)
        let status = SystemCall.attempt { unsafe Glibc.connect(number, address.ai_addr, address.ai_addrlen) }
        if status == 0 { return descriptor }
        guard status == -EINPROGRESS else { throw Failure(SystemError(code: -status, operation: "connect")) }
        try wait(for: .wantsWrite, number, until: deadline, clock)
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &length)
        guard error == 0 else { throw Failure(SystemError(code: error, operation: "connect")) }
        return descriptor
    }
}
