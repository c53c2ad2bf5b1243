import TestSupport
import Testing

@Suite("The access log of nectar serve", .timeLimit(.minutes(1)))
struct AccessLogTests {
    private func lines(_ environment: [String: String]) throws -> [Substring] {
        let folder = try TemporaryDirectory()
        let server = try NectarServer(in: folder, environment: environment)
        for request in [
            "GET /recommend?user_id=mary&limit=1 HTTP/1.1\r\nHost: a\r\nX-Request-ID: a\"b\r\n\r\n",
            "GET /items/anna HTTP/1.1\r\nHost: a\r\n\r\n", "GET /users/mary/similar HTTP/1.1\r\nHost: a\r\n\r\n",
            "no request\r\n\r\n",
        ] {
            let client = try RawClient(port: server.port)
            client.send(request)
            _ = client.readResponse()
        }
        let (status, log) = server.stop()
        #expect(status == 0)
        #expect(log.contains("Stopped."))
        return log.split(separator: "\n").filter { $0.contains("request_id=") }
    }

    @Test("is there when it is asked for, whole by the end of the server, and names nobody")
    func anonymous() throws {
        let lines = try lines(["NECTAR_LOG_ACCESS": "true"])
        #expect(lines.count == 4)
        let log = lines.joined(separator: "\n")
        #expect(!log.contains("mary") && !log.contains("anna") && !log.contains("target="))
        #expect(lines.first?.contains(" info nectar: bytes_in=") == true)
        for part in ["method=GET", "route=/recommend", "status=200", "http=1.1", "request_id=a\\\"b", "duration_ms="] {
            #expect(lines.first?.contains(" \(part)") == true, "\(part) in \(log)")
        }
        #expect(lines.dropFirst().first?.contains(" route=/items/{item_id} status=404 ") == true, "\(log)")
        #expect(lines.dropFirst(2).first?.contains(" route=/users/{user_id}/similar status=503 ") == true, "\(log)")
        #expect(lines.last?.contains(" method=- ") == true && lines.last?.contains(" route=- status=400 ") == true)
    }

    @Test("names the targets when that is asked for too")
    func personal() throws {
        let lines = try lines(["NECTAR_LOG_ACCESS": "true", "NECTAR_LOG_PERSONAL_IDS": "true"])
        #expect(lines.count == 4)
        #expect(lines.first?.contains(" target=/recommend?user_id=mary&limit=1 ") == true)
        #expect(lines.dropFirst().first?.contains(" target=/items/anna ") == true)
        #expect(lines.dropFirst(2).first?.contains(" target=/users/mary/similar ") == true)
        #expect(lines.last?.contains("target=") == false)
    }

    @Test("holds nobody up when it is not read: requests are answered, lines are dropped, and the server ends")
    func stalled() throws {
        let folder = try TemporaryDirectory()
        let server = try NectarServer(in: folder, environment: ["NECTAR_LOG_ACCESS": "true"])
        let client = try RawClient(port: server.port)
        let request = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
        client.send(request)
        let (head, content) = client.readResponse()
        let length = head.utf8.count + content.count
        // More lines than the pipe (64 KiB), what is being written and what may wait (4 MiB of 256 octets) come to.
        for _ in 0..<180 {
            client.send(String(repeating: request, count: 100))
            #expect(client.read(exactly: 100 * length).count == 100 * length)
        }
        client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        let metrics = String(decoding: client.readResponse().content, as: UTF8.self)
        let dropped = metrics.firstMatch(of: /\nnectar_access_log_dropped_total ([0-9]+)\n/)
        #expect(dropped.flatMap { Int($0.1) } ?? 0 > 0)
        // The thread sanitizer's own _exit flushes all streams, and waits for that of the unread pipe.
        if !Sanitizers.thread { #expect(server.stopWithoutReading() == 0) }
    }

    @Test("is not there unless it is asked for")
    func off() throws {
        #expect(try lines([:]).isEmpty)
    }
}
