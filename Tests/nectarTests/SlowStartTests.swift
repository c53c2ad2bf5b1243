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

    @Test("ends at once when it is asked to")
    func stopped() throws {
        let server = try NectarServer(in: folder, awaiting: "answers probes on")
        #expect(try status(server.port, "GET", "/readyz").status == 503)
        let (code, log) = server.stop()
        #expect(code == 0 && log.contains("Stopping on SIGTERM, before it served."), "\(log)")
    }
}
