import Glibc
import HTTP
import Networking
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Client connection", .timeLimit(.minutes(2)))
struct ClientConnectionTests {
    private func sentence(_ work: () throws(ClientConnection.Failure) -> Void) -> String {
        do throws(ClientConnection.Failure) {
            try work()
            return "none"
        } catch {
            return error.description
        }
    }

    /// What a server echoes of a large body.
    private func echo(of body: [UInt8], through connection: ClientConnection) throws -> [UInt8] {
        let head = "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"
        try connection.send(Array(head.utf8) + body)
        // More than there is: it ends with the connection.
        let answer = try connection.receive(body.count + 4096)
        return Array(answer.suffix(body.count))
    }

    private static let body = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    @Test("megabytes go both ways, and the end of the connection is the end of what is received")
    func plain() throws {
        let server = try TestServer()
        let connection = try ClientConnection(to: "localhost", port: Int(server.port), within: .seconds(20))
        #expect(try echo(of: Self.body, through: connection) == Self.body)
        #expect(try connection.receive(1).isEmpty)
    }

    @Test("where nobody listens, and where no port is, it says so")
    func unreachable() throws {
        let refused = sentence { () throws(ClientConnection.Failure) in
            _ = try ClientConnection(to: "127.0.0.1", port: 1, within: .seconds(20))
        }
        #expect(refused == "connect: Connection refused (\(ECONNREFUSED)).")
        let impossible = sentence { () throws(ClientConnection.Failure) in
            _ = try ClientConnection(to: "127.0.0.1", port: -1, within: .seconds(20))
        }
        #expect(impossible.hasPrefix("127.0.0.1: "))
    }

    @Test("what does not come in time is not waited for")
    func deadline() throws {
        let gate = Gate()
        let clock = ManualClock()
        let server = try TestServer(routes: {
            $0.add(.get, "/gated", .offloaded) { _ in
                gate.pass()
                return TestServer.text("late")
            }
        })
        let connection = try ClientConnection(
            to: "127.0.0.1", port: Int(server.port), within: .seconds(1), clock: clock)
        try connection.send(Array("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        gate.awaitArrival()
        clock.advance(by: .seconds(1))
        #expect(
            sentence { () throws(ClientConnection.Failure) in _ = try connection.receive(1) } == "It took too long.")
        gate.open()
    }

    #if TLS
        private static func server(_ certificate: TestCertificate) throws -> TestServer {
            let identity = TLSConfiguration.Identity(
                certificateFile: certificate.certificate, keyFile: certificate.key)
            return try TestServer { $0.tls = TLSConfiguration(identities: [identity]) }
        }

        private func connect(
            to server: TestServer, trusting file: String
        ) throws(ClientConnection.Failure)
            -> ClientConnection
        {
            _ = signal(SIGPIPE, SIG_IGN)
            return try ClientConnection(
                to: "localhost", port: Int(server.port), tls: TLSClientConfiguration(certificateFile: file),
                within: .seconds(20))
        }

        private func reason(_ server: TestServer, trusting file: String) -> String {
            sentence { () throws(ClientConnection.Failure) in _ = try connect(to: server, trusting: file) }
        }

        @Test("the certificate that is known is trusted whatever its name says, and megabytes go both ways")
        func secure() throws {
            let certificate = try TestCertificate(for: "elsewhere.example")
            let server = try Self.server(certificate)
            let connection = try connect(to: server, trusting: certificate.certificate)
            #expect(try echo(of: Self.body, through: connection) == Self.body)
            #expect(try connection.receive(1).isEmpty)
        }

        @Test("another certificate for the same name is not trusted, and the server is told in the handshake")
        func stranger() throws {
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server(certificate)
            let other = try TestCertificate(for: "localhost")
            let expected = "The server has shown another certificate than the one in \(other.certificate)."
            #expect(reason(server, trusting: other.certificate) == expected)
            #expect(server.observer.wait { $0.handshakesFailed.count == 1 })
            #expect(reason(server, trusting: certificate.certificate) == "none")
        }

        @Test("a certificate of the authority that has signed the server's is not enough")
        func chains() throws {
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server(certificate)
            let other = try TestCertificate(for: "localhost")
            // The trusted file holds another first, then the server's own, as a chain would.
            let chain = try content(of: other.certificate) + content(of: certificate.certificate)
            try write(chain, to: other.certificate)
            #expect(reason(server, trusting: other.certificate).hasPrefix("The server has shown another"))
            try write(content(of: certificate.certificate) + chain, to: other.certificate)
            #expect(reason(server, trusting: other.certificate) == "none")
        }

        @Test("what is wrong with the files is told in a sentence, and so is a server that does not speak TLS")
        func faults() throws {
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server(certificate)
            #expect(reason(server, trusting: "") == "No certificate file is named.")
            let missing = "The certificate file /missing.pem cannot be read: No such file or directory."
            #expect(reason(server, trusting: "/missing.pem") == missing)
            #expect(reason(server, trusting: certificate.key).contains("is of no use: no start line"))
            let plain = try TestServer()
            let wrong = "The TLS handshake failed: wrong version number."
            #expect(reason(plain, trusting: certificate.certificate) == wrong)
        }

        private func content(of file: String) throws -> [UInt8] {
            let stream = try unsafe #require(fopen(file, "r"))
            defer { unsafe _ = fclose(stream) }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe fread(&bytes, 1, bytes.count, stream)
            return Array(bytes.prefix(count))
        }

        private func write(_ bytes: [UInt8], to file: String) throws {
            let stream = try unsafe #require(fopen(file, "w"))
            defer { unsafe _ = fclose(stream) }
            try #require(unsafe fwrite(bytes, 1, bytes.count, stream) == bytes.count)
        }
    #endif
}
