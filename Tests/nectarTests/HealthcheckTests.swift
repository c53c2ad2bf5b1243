import Foundation
import TestSupport
import Testing

@Suite("nectar healthcheck", .timeLimit(.minutes(1)))
struct HealthcheckTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func check(_ arguments: String..., environment: [String: String] = [:]) throws -> NectarProcess.Outcome {
        try NectarProcess.run(["healthcheck"] + arguments, environment: environment)
    }

    @Test("a server that serves is ready, by its port and by a URL; another path's status is told")
    func plain() throws {
        let server = try NectarServer(in: folder)
        let port = "\(server.port)"
        let ready = try check("--port", port, "--path", "/livez")
        #expect(ready.status == 0 && ready.output == "http://127.0.0.1:\(port)/livez: 200\n", "\(ready)")
        #expect(try check("--url", "http://localhost:\(port)/livez").status == 0)
        let missing = try check("--url", "http://127.0.0.1:\(port)/nowhere")
        #expect(missing.status == 1 && missing.output == "http://127.0.0.1:\(port)/nowhere: 404\n")
    }

    @Test("a port where nobody listens, a name that nobody has and a server that is silent are told apart")
    func noAnswer() throws {
        // Longer than a name can be, so that no server of names is asked.
        let nobody = String(repeating: "a", count: 64)
        let refused = try check("--port", "1")
        #expect(refused.status == 1 && refused.output.contains("/readyz: no answer: connect: Connection refused"))
        let unknown = try check("--host", nobody)
        #expect(unknown.status == 1 && unknown.output.contains("no answer: \(nobody): "))
        let silent = try SilentListener()
        let late = try check("--port", "\(silent.port)", "--timeout", "1")
        #expect(late.status == 1 && late.output.hasSuffix("no answer: It took too long.\n"), "\(late)")
    }

    @Test(
        "options that do not go together are refused",
        arguments: [
            (["--url", "http://a", "--port", "1"], "--url says all"), (["--url", "a"], "no http or https URL"),
            (["--client-key", "a"], "go together"), (["--timeout", "0"], "from 1 to 3600"),
            (["--url", "https://a"], "--certificate has to name"),
        ])
    func mistyped(options: [String], words: String) throws {
        let outcome = try NectarProcess.run(["healthcheck"] + options)
        #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome.errors)")
    }

    #if TLS
        @Test("by HTTPS the configured certificate is believed, and no other")
        func secure() throws {
            let own = try makeCertificate("own")
            let other = try makeCertificate("other")
            let environment = [
                "NECTAR_SERVER_TLS_CERTIFICATE": own + "/certificate.pem", "NECTAR_SERVER_TLS_KEY": own + "/key.pem",
            ]
            let server = try NectarServer(in: folder, environment: environment)
            let port = "\(server.port)"
            let ready = try check("--port", port, "--path", "/livez", environment: environment)
            #expect(ready.status == 0 && ready.output == "https://127.0.0.1:\(port)/livez: 200\n", "\(ready)")
            let url = "https://localhost:\(port)/livez"
            #expect(try check("--url", url, "--certificate", own + "/certificate.pem").status == 0)
            let stranger = try check("--url", url, "--certificate", other + "/certificate.pem")
            #expect(stranger.status == 1)
            #expect(stranger.output.contains("no answer: The server has shown another certificate than the one in /"))
            let missing = try check("--url", url, "--certificate", folder.file("none.pem"))
            #expect(missing.status == 1 && missing.output.contains("none.pem cannot be read: No such file"))
            let plain = try check("--port", port)
            #expect(plain.status == 1 && plain.output.contains("no answer"))
        }

        @Test("a server that asks for certificates is shown its own, or the one that is named")
        func clientCertificates() throws {
            let own = try makeCertificate("own")
            let other = try makeCertificate("other")
            let environment = [
                "NECTAR_SERVER_TLS_CERTIFICATE": own + "/certificate.pem", "NECTAR_SERVER_TLS_KEY": own + "/key.pem",
                "NECTAR_SERVER_TLS_CLIENT_AUTHORITIES": own + "/certificate.pem",
            ]
            let server = try NectarServer(in: folder, environment: environment)
            let port = "\(server.port)"
            let ready = try check("--port", port, "--path", "/livez", environment: environment)
            #expect(ready.status == 0, "\(ready)")
            let url = "https://localhost:\(port)/livez"
            let none = try check("--url", url, "--certificate", own + "/certificate.pem")
            #expect(none.status == 1 && none.output.contains("no answer: TLS failed: "), "\(none)")
            let stranger = try check(
                "--url", url, "--client-certificate", other + "/certificate.pem", "--client-key", other + "/key.pem",
                environment: environment)
            #expect(stranger.status == 1 && stranger.output.contains("no answer: TLS failed: "), "\(stranger)")
        }

        @Test("HTTPS with a server that speaks only HTTP fails with OpenSSL's reason, and with a silent one in time")
        func handshakes() throws {
            let own = try makeCertificate("own") + "/certificate.pem"
            let server = try NectarServer(in: folder)
            let plain = try check("--url", "https://127.0.0.1:\(server.port)/livez", "--certificate", own)
            #expect(plain.status == 1)
            #expect(plain.output.contains("no answer: The TLS handshake failed: wrong version number."), "\(plain)")
            let silent = try SilentListener()
            let late = try check("--url", "https://127.0.0.1:\(silent.port)/", "--certificate", own, "--timeout", "1")
            #expect(late.status == 1 && late.output.hasSuffix("no answer: It took too long.\n"), "\(late)")
        }

        /// A folder with a certificate and its key, as the script of the repository makes them.
        private func makeCertificate(_ name: String) throws -> String {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            let script = Process()
            script.executableURL = root.appendingPathComponent("scripts/certificate")
            script.arguments = ["--out", folder.file(name)]
            script.standardOutput = FileHandle.nullDevice
            try script.run()
            script.waitUntilExit()
            #expect(script.terminationStatus == 0)
            return folder.file(name)
        }
    #else
        @Test("a program without TLS says so")
        func unavailable() throws {
            let silent = try SilentListener()
            let outcome = try check("--url", "https://127.0.0.1:\(silent.port)/", "--certificate", "any.pem")
            #expect(outcome.status == 1 && outcome.output.contains("no answer: This program was built without TLS."))
        }
    #endif
}

/// A port of the loopback where connections are taken by the kernel, and nobody ever says anything.
private final class SilentListener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0 && listen(descriptor, 8) == 0)
        port = try #require(RawClient.localPort(of: descriptor))
    }

    deinit { close(descriptor) }
}
