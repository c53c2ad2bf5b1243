import Foundation
import TestSupport
import Testing

@Suite("A start that takes long")
struct SlowStartTests {
    private let folder: TemporaryDirectory
    /// What the start takes for a model: it waits there for somebody who writes.
    private let gate: String

    init() throws {
        folder = try TemporaryDirectory()
        gate = folder.file("data/models/v000009.json")
        try FileManager.default.createDirectory(atPath: folder.file("data/models"), withIntermediateDirectories: true)
        #expect(unsafe mkfifo(gate, 0o600) == 0)
    }

    private func open() throws {
        let writer = try #require(FileHandle(forWritingAtPath: gate))
        try writer.close()
    }

    private func status(_ port: UInt16, _ method: String, _ path: String) throws -> (status: Int, text: String) {
        let client = try RawClient(port: port)
        let content = method == "POST" ? "Content-Length: 2\r\n\r\n{}" : "\r\n"
        client.send("\(method) \(path) HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\(content)")
        let text = String(decoding: client.readToEnd(), as: UTF8.self)
        return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, text)
    }

    @Test("is told to probes; all else is refused with a time, and answered once it is over")
    func probes() throws {
        let server = try NectarServer(in: folder, awaiting: "answers probes on")
        #expect(try status(server.port, "GET", "/livez").status == 200)
        for path in ["/readyz", "/healthz"] {
            let (code, text) = try status(server.port, "GET", path)
            #expect(code == 503 && text.contains("The server is starting."), "\(text)")
        }
        #expect(try status(server.port, "GET", "/version").status == 200)
        for (method, path) in [("GET", "/recommend?user_id=a"), ("POST", "/interactions"), ("GET", "/nonsense")] {
            let (code, text) = try status(server.port, method, path)
            #expect(code == 503 && text.contains("Retry-After: 1") && text.contains("starting"), "\(text)")
        }
        try open()
        try server.await("listens on")
        for path in ["/readyz", "/recommend?user_id=a", "/livez"] {
            #expect(try status(server.port, "GET", path).status == 200, "\(path)")
        }
        #expect(try status(server.port, "GET", "/nonsense").status == 404)
        let (code, _) = server.stop()
        #expect(code == 0)
    }

    @Test("may be asked to stop by a signal that reaches any thread")
    func signalToAnyThread() throws {
        let server = try NectarServer(in: folder, awaiting: "answers probes on")
        // Libraries have threads before the program begins, which block no signal.
        let tasks = "/proc/\(server.processIdentifier)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap { Int32($0) }
        let open = try threads.filter { thread in
            // The one that waits for signals blocks none meanwhile.
            guard thread != server.processIdentifier else { return false }
            let status = try String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)
            let mask = status.firstMatch(of: /SigBlk:\t([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
            return (mask ?? 0) & (1 << (UInt64(SIGTERM) - 1)) == 0
        }
        let symbol = try unsafe #require(dlsym(nil, "tgkill"))
        let signalThread = unsafe unsafeBitCast(symbol, to: (@convention(c) (pid_t, pid_t, Int32) -> Int32).self)
        #expect(signalThread(server.processIdentifier, open.first ?? server.processIdentifier, SIGTERM) == 0)
        let (code, log) = server.awaitEnd()
        #expect(code == 0 && log.contains("Stopping on SIGTERM, before it served."), "\(log)")
    }

    @Test("ends at once when it is asked to")
    func stopped() throws {
        let server = try NectarServer(in: folder, awaiting: "answers probes on")
        #expect(try status(server.port, "GET", "/readyz").status == 503)
        let (code, log) = server.stop()
        #expect(code == 0 && log.contains("Stopping on SIGTERM, before it served."), "\(log)")
    }
}
