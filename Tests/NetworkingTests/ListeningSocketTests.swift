import Glibc
import TestSupport
import Testing

@testable import Networking

@Suite("Listening socket and plain transport")
struct ListeningSocketTests {
    private func listen(_ host: String = "127.0.0.1", port: UInt16 = 0) throws -> ListeningSocket {
        let address = try #require(SocketAddress(host: host, port: port))
        return try ListeningSocket(address: address, backlog: 16)
    }

    /// Loopback completes a connection before `connect` returns, so it is there to be accepted.
    private func acceptOne(_ listener: borrowing ListeningSocket) throws -> Transport {
        switch listener.accept() {
        case .connection(let connection): return Transport(connection.takeDescriptor())
        case .wouldBlock: throw SystemError(code: EAGAIN, operation: "accept4")
        case .transientFailure(let error): throw error
        case .exhausted(let error): throw error
        }
    }

    @Test(
        "port 0 yields a port on IPv4 and IPv6, and a client reaches it", arguments: ["127.0.0.1", "::1", "localhost"])
    func acceptsConnections(host: String) throws {
        let listener = try listen(host)
        #expect(listener.port != 0)
        if case .wouldBlock = listener.accept() {} else { Issue.record("nobody has connected yet") }
        let client = try RawClient(host: host == "localhost" ? "127.0.0.1" : host, port: listener.port)
        let transport = try acceptOne(listener)
        let flags = fcntl(transport.descriptorNumber, F_GETFL)
        #expect(flags & O_NONBLOCK != 0)
        #expect(fcntl(transport.descriptorNumber, F_GETFD) & FD_CLOEXEC != 0)
        client.send("hello")
        var buffer = [UInt8](repeating: 0, count: 64)
        #expect(transport.read(into: &buffer, at: 0) == .read(5))
        #expect(transport.read(into: &buffer, at: 0) == .wouldBlock(.wantsRead))
        #expect(transport.write([65, 66].span) == .writtenCompletely)
        transport.shutdownWriting()
        #expect(client.readToEnd() == [65, 66])
        client.shutdownWriting()
        while case .wouldBlock = transport.read(into: &buffer, at: 0) {}
        #expect(transport.read(into: &buffer, at: 0) == .endOfStream)
    }

    @Test(
        "an accepted socket has its listener's options: no delay, probes, and an end to what nobody acknowledges",
        arguments: [
            (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60),
            (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 120_000),
        ] as [(Int32, Int32, Int32)])
    func inheritsOptions(level: Int32, option: Int32, expected: Int32) throws {
        let listener = try listen()
        let client = try RawClient(port: listener.port)
        let transport = try acceptOne(listener)
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(transport.descriptorNumber, level, option, &value, &length)
        #expect(value == expected)
        withExtendedLifetime(client) {}
    }

    @Test("two listeners share a port")
    func sharesPort() throws {
        let first = try listen()
        let second = try listen(port: first.port)
        #expect(second.port == first.port)
    }

    @Test("a write to a peer that does not read is taken partially, then would block")
    func writeBlocks() throws {
        let listener = try listen()
        let client = try RawClient(port: listener.port)
        let transport = try acceptOne(listener)
        let bytes = [UInt8](repeating: 7, count: 16 << 20)
        guard case .writtenPartially(let count) = transport.write(bytes.span) else {
            Issue.record("16 MiB cannot fit in the socket's buffer")
            return
        }
        #expect(count > 0 && count < bytes.count)
        while case .writtenPartially = transport.write(bytes.span) {}
        #expect(transport.write(bytes.span) == .wouldBlock(.wantsWrite))
        client.close()
    }

    @Test("writing to a reset connection is an error, not a signal")
    func writeAfterReset() throws {
        let listener = try listen()
        let client = try RawClient(port: listener.port)
        let transport = try acceptOne(listener)
        client.reset()
        var failure: SystemError?
        while failure == nil {
            if case .failed(let error) = transport.write([1].span) { failure = error }
        }
        #expect(failure?.code == EPIPE || failure?.code == ECONNRESET)
        transport.close()
        transport.close()
        #expect(transport.descriptorNumber == -1)
    }

    @Test("a port that is taken without sharing is refused with the call's name")
    func refusesTakenPort() throws {
        let blocker = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(blocker) }
        let anyPort = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        #expect(unsafe anyPort.withSockaddr { unsafe bind(blocker, $0, $1) } == 0)
        let port = try #require(RawClient.localPort(of: blocker))
        Glibc.listen(blocker, 1)
        let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
        let error = #expect(throws: SystemError.self) { _ = try ListeningSocket(address: address, backlog: 1) }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.description == "bind: Address already in use (98)")
    }

    @Test(
        "what is neither an address nor localhost is refused",
        arguments: ["", "example.org", "1.2.3", "1.2.3.4.5", "::g"])
    func refusesNames(host: String) {
        #expect(SocketAddress(host: host, port: 1) == nil)
    }

    @Test("addresses are written as in a URL")
    func describesAddresses() {
        #expect(SocketAddress(host: "127.0.0.1", port: 80)?.description == "127.0.0.1:80")
        #expect(SocketAddress(host: "::1", port: 80)?.description == "[0:0:0:0:0:0:0:1]:80")
    }
}

@Suite("File descriptor")
struct FileDescriptorTests {
    @Test("it is closed when its owner lets go, unless it was released")
    func closesOnce() throws {
        var pipes: [Int32] = [0, 0]
        unsafe #expect(pipe(&pipes) == 0)
        do {
            let owned = FileDescriptor(owning: pipes[0])
            let released = FileDescriptor(owning: pipes[1])
            #expect(owned.number == pipes[0])
            #expect(released.release() == pipes[1])
        }
        // The read end is closed and nobody else in this process holds the pipe: writing says so.
        signal(SIGPIPE, SIG_IGN)
        let byte: [UInt8] = [1]
        unsafe #expect(write(pipes[1], byte, 1) == -1)
        #expect(errno == EPIPE)
        close(pipes[1])
    }
}
