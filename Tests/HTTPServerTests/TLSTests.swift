#if TLS
    import COpenSSL
    import Glibc
    import HTTP
    import Locking
    import Networking
    import TestSupport
    import Testing

    @testable import HTTPServer

    @Suite("Server: TLS", .timeLimit(.minutes(2)))
    struct TLSTests {
        private static func server(
            _ certificates: [TestCertificate], clock: any MonotonicClock = SystemMonotonicClock(),
            configure: (inout ServerConfiguration) -> Void = { _ in }, routes: (inout Router) -> Void = { _ in }
        ) throws -> TestServer {
            let identities = certificates.map { certificate in
                TLSConfiguration.Identity(certificateFile: certificate.certificate, keyFile: certificate.key)
            }
            return try TestServer(
                clock: clock,
                {
                    $0.tls = TLSConfiguration(identities: identities)
                    configure(&$0)
                }, routes: routes)
        }

        @Test("requests are answered over both versions of the protocol", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
        func versions(version: Int32) throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            var settings = TLSClient.Settings()
            settings.version = version
            let client = try TLSClient(port: server.port, settings)
            for word in ["one", "two"] { #expect(client.get("/echo/\(word)").content == word) }
            #expect(client.get("/slow-echo/three").content == "three")
        }

        @Test("older versions are refused, 1.2 too if the configuration says so")
        func oldVersions() throws {
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server([certificate]) { $0.tls?.minimumVersion = .tls13 }
            var settings = TLSClient.Settings()
            settings.version = TLS1_2_VERSION
            #expect(throws: TLSClient.HandshakeFailed.self) { try TLSClient(port: server.port, settings) }
            #expect(server.observer.wait { $0.handshakesFailed.count == 1 })
            #expect(try TLSClient(port: server.port).get("/hello").content == "hello")
        }

        @Test(
            "of the protocols a client offers http/1.1 is chosen, and without it the handshake ends",
            arguments: [
                (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], ""), (["h2"], nil),
                (["http/1.10", "ttp/1.1"], nil),
            ] as [([String], String?)])
        func protocols(offered: [String], chosen: String?) throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            var settings = TLSClient.Settings()
            settings.protocols = offered
            if let chosen {
                let client = try TLSClient(port: server.port, settings)
                #expect(client.chosenProtocol == chosen)
                #expect(client.get("/hello").content == "hello")
            } else {
                #expect(throws: TLSClient.HandshakeFailed.self) { try TLSClient(port: server.port, settings) }
            }
        }

        @Test(
            "the suite with SHA-256 comes first, unless the client has no fast AES and says so, or has only another",
            arguments: [
                (["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"], "TLS_AES_128_GCM_SHA256"),
                (["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"], "TLS_CHACHA20_POLY1305_SHA256"),
                (["TLS_AES_256_GCM_SHA384"], "TLS_AES_256_GCM_SHA384"),
            ] as [([String], String)])
        func cipherSuites(offered: [String], chosen: String) throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            var settings = TLSClient.Settings()
            settings.cipherSuites = offered
            let client = try TLSClient(port: server.port, settings)
            #expect(client.chosenCipherSuite == chosen)
            #expect(client.get("/hello").content == "hello")
        }

        @Test(
            "the named host decides the certificate, and the first one is for everybody else",
            arguments: [
                ("a.example", "a.example"), ("b.example", "b.example"), ("c.example", "a.example"), (nil, "a.example"),
            ] as [(String?, String)])
        func names(asked: String?, shown: String) throws {
            let server = try Self.server([TestCertificate(for: "a.example"), TestCertificate(for: "b.example")])
            var settings = TLSClient.Settings()
            settings.hostName = asked
            let client = try TLSClient(port: server.port, settings)
            #expect(client.isFor(shown))
            #expect(client.get("/hello").content == "hello")
        }

        @Test("a session is resumed, even after the certificates were loaded again", arguments: [false, true])
        func resumption(reloads: Bool) throws {
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server([certificate])
            let first = try TLSClient(port: server.port)
            #expect(!first.isResumed)
            #expect(first.get("/hello").content == "hello")
            if reloads { try server.server.reloadCertificates() }
            var settings = TLSClient.Settings()
            settings.resuming = first.resumable
            let second = try TLSClient(port: server.port, settings)
            #expect(second.isResumed)
            #expect(second.get("/hello").content == "hello")
            withExtendedLifetime(certificate) {}
        }

        @Test("new connections see the new certificate, and the old ones go on")
        func reload() throws {
            let certificate = try TestCertificate(for: "old.example")
            let server = try Self.server([certificate])
            let old = try TLSClient(port: server.port)
            #expect(old.isFor("old.example"))
            try certificate.make(for: ["new.example"])
            try server.server.reloadCertificates()
            #expect(try TLSClient(port: server.port).isFor("new.example"))
            #expect(old.get("/hello").content == "hello")
        }

        @Test("changed files are noticed, but looked at once a second at most; a bad one is told and changes nothing")
        func fileChange() throws {
            let certificate = try TestCertificate(for: "old.example")
            var configuration = TLSConfiguration(identities: [
                .init(certificateFile: certificate.certificate, keyFile: certificate.key)
            ])
            configuration.minimumVersion = .tls13
            func at(_ milliseconds: Int64) -> MonotonicInstant {
                MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
            }
            let certificates = try TLSCertificates(configuration, now: at(0))
            let first = certificates.context
            #expect(try !certificates.reloadIfChanged(now: at(1000)))
            try certificate.make(for: ["new.example"])
            #expect(try !certificates.reloadIfChanged(now: at(1999)))
            #expect(try certificates.reloadIfChanged(now: at(2000)))
            let second = certificates.context
            #expect(first !== second)
            unsafe truncate(certificate.key, 0)
            let error = #expect(throws: TLSError.self) { try certificates.reloadIfChanged(now: at(3000)) }
            #expect(error?.description.contains("private key") == true)
            #expect(certificates.context === second)
            #expect(try !certificates.reloadIfChanged(now: at(4000)))
        }

        @Test("what is wrong with the files is told in a sentence")
        func badFiles() throws {
            let one = try TestCertificate(for: "one.example")
            let other = try TestCertificate(for: "other.example")
            func reason(_ certificate: String, _ key: String) -> String {
                do {
                    _ = try TLSContext(
                        TLSConfiguration(identities: [.init(certificateFile: certificate, keyFile: key)]))
                    return "none"
                } catch {
                    return error.description
                }
            }
            #expect(reason(one.certificate, one.key) == "none")
            #expect(reason("/missing.pem", one.key).contains("/missing.pem cannot be read"))
            #expect(reason(one.certificate, "") == "No private key file is named.")
            #expect(reason(one.key, one.key).contains("of no use: no start line"))
            #expect(reason(one.certificate, other.key).contains("of no use: key values mismatch"))
        }

        @Test("a required client certificate is required, and must come from the authority", arguments: [true, false])
        func clientCertificates(isRequired: Bool) throws {
            let trusted = try TestCertificate(for: "client.example")
            let stranger = try TestCertificate(for: "stranger.example")
            let server = try Self.server([TestCertificate(for: "localhost")]) {
                let file = trusted.certificate
                $0.tls?.clientCertificates =
                    isRequired ? .required(authorityFile: file) : .optional(authorityFile: file)
            }
            // With TLS 1.3 the client learns of a refusal only when it reads.
            func content(_ identity: TestCertificate?) -> String? {
                var settings = TLSClient.Settings()
                settings.identity = identity
                return try? TLSClient(port: server.port, settings).get("/hello").content
            }
            #expect(content(trusted) == "hello")
            #expect(content(stranger) != "hello")
            #expect((content(nil) == "hello") == !isRequired)
        }

        @Test("megabytes go both ways, through records and a window that fills up")
        func largeBodies() throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            let client = try TLSClient(port: server.port)
            #expect(client.get("/large").content.utf8.count == 1 << 20)
            let body = String(repeating: "0123456789abcdef", count: 1 << 16)
            client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            client.send(body)
            #expect(client.readResponse().content == Array(body.utf8))
        }

        @Test(
            "a handshake that is not finished in time is cut, also one that never begins", arguments: [[], [22, 3, 1]])
        func slowHandshake(sent: [UInt8]) throws {
            let clock = ManualClock()
            let certificate = try TestCertificate(for: "localhost")
            let server = try Self.server([certificate], clock: clock) { $0.handshakeTimeout = .seconds(10) }
            let client = try server.client()
            client.send(sent)
            #expect(server.observer.wait { $0.accepted == 1 })
            server.advance(clock, by: .seconds(10))
            #expect(client.readToEnd().isEmpty)
            #expect(server.observer.wait { $0.closed == 1 })
        }

        @Test("a record that trickles in, and is no request yet, does not put the idle deadline off")
        func tricklingRecord() throws {
            let clock = ManualClock()
            let server = try Self.server([TestCertificate(for: "localhost")], clock: clock) {
                $0.idleTimeout = .seconds(60)
            }
            let client = try TLSClient(port: server.port)
            #expect(client.get("/hello").content == "hello")
            // The beginning of a record of 64 octets.
            for octet: UInt8 in [23, 3, 3, 0, 64] {
                server.advance(clock, by: .milliseconds(11_999))
                client.sendRaw([octet])
                // A later connection on the same loop is answered after the octet was read.
                #expect(try TLSClient(port: server.port).get("/hello").content == "hello")
            }
            server.advance(clock, by: .milliseconds(5))
            #expect(client.endsInGoodOrder())
        }

        @Test(
            "octets that are no handshake end the connection, and the reason is told",
            arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}xxxxx"])
        func noHandshake(sent: String) throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            let client = try server.client()
            client.send(sent)
            _ = client.readToEnd()
            #expect(server.observer.wait { $0.handshakesFailed.count == 1 && $0.closed == 1 })
            #expect(server.observer.current.handshakesFailed.first?.hasPrefix("The TLS handshake failed: ") == true)
        }

        @Test("the end of a connection is announced, and a drain lets what is in flight finish")
        func closeNotify() throws {
            let gate = Gate()
            let server = try Self.server(
                [TestCertificate(for: "localhost")],
                routes: {
                    $0.add(.get, "/gated", .offloaded) { _ in
                        gate.pass()
                        return TestServer.text("finished")
                    }
                })
            let client = try TLSClient(port: server.port)
            client.send("GET /gated HTTP/1.1\r\nHost: test\r\n\r\n")
            gate.awaitArrival()
            let resting = try TLSClient(port: server.port)
            #expect(resting.get("/hello").content == "hello")
            server.server.drain()
            #expect(resting.endsInGoodOrder())
            gate.open()
            #expect(client.readResponse().head.field("Connection") == "close")
            #expect(client.endsInGoodOrder())
            server.server.wait()
        }

        @Test("a client that says it will send no more is told the same before the end")
        func closeNotifyIsAnswered() throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            let client = try TLSClient(port: server.port)
            #expect(client.get("/hello").content == "hello")
            client.sayGoodbye()
            #expect(client.endsInGoodOrder())
            #expect(server.observer.wait { $0.closed == 1 })
        }

        @Test("requests that come at once, in a record each, are answered in their order, also behind a slow one")
        func recordsTogether() throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            let client = try TLSClient(port: server.port)
            let words = (0..<40).map { "\($0 % 7 == 3 ? "slow-echo" : "echo")/\($0)" }
            client.sendTogether(words.map { "GET /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" })
            for index in 0..<40 {
                #expect(String(decoding: client.readResponse().content, as: UTF8.self) == "\(index)")
            }
        }

        @Test("a record that is cut waits for its rest, wherever the cut is", arguments: [1, 17, 53, 54, 57])
        func recordCut(heldBack: Int) throws {
            let server = try Self.server([TestCertificate(for: "localhost")])
            let client = try TLSClient(port: server.port)
            let request = "GET /echo/word HTTP/1.1\r\nHost: a\r\n\r\n"
            client.sendTogether([request, request], holdingBack: heldBack)
            #expect(String(decoding: client.readResponse().content, as: UTF8.self) == "word")
            client.sendRest()
            #expect(String(decoding: client.readResponse().content, as: UTF8.self) == "word")
        }

        @Test("one connection too many is closed without a handshake")
        func tooMany() throws {
            let server = try Self.server([TestCertificate(for: "localhost")]) { $0.maximumConnections = 1 }
            let first = try TLSClient(port: server.port)
            #expect(first.get("/hello").content == "hello")
            #expect(throws: TLSClient.HandshakeFailed.self) { try TLSClient(port: server.port) }
            #expect(server.observer.current.refused == 1)
            #expect(first.get("/hello").content == "hello")
        }
    }
#endif
