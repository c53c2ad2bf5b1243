import Foundation
import TestSupport
import Testing

@Suite("A second nectar serve")
struct SecondServerTests {
    @Test("a port on which another one listens is refused, and the other one goes on")
    func port() throws {
        let (folder, other) = (try TemporaryDirectory(), try TemporaryDirectory())
        let server = try NectarServer(in: folder)
        let error = #expect(throws: NectarServer.NotStarted.self) {
            try NectarServer(in: other, "--port", "\(server.port)")
        }
        #expect(error?.errors.contains("127.0.0.1:\(server.port): bind: Address already in use") == true)
        #expect(server.stop().status == 0)
        let next = try NectarServer(in: other, "--port", "\(server.port)")
        #expect(next.port == server.port && next.stop().status == 0)
    }

    @Test("a folder from which another one serves is refused, until that one has ended")
    func folder() throws {
        let folder = try TemporaryDirectory()
        let server = try NectarServer(in: folder)
        let error = #expect(throws: NectarServer.NotStarted.self) { try NectarServer(in: folder) }
        #expect(error?.errors.contains("Another nectar serves from the folder") == true)
        #expect(server.stop().status == 0)
        #expect(try NectarServer(in: folder).stop().status == 0)
    }

    @Test("an import into a folder from which one serves is refused before anything is read, and says what to do")
    func importIntoServed() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("in.csv", "user_id,item_id\n1,7\n")
        let server = try NectarServer(in: folder)
        for more in [[], ["--partial"]] {
            let outcome = try NectarProcess.run(["import", "--data", folder.file("data"), path] + more)
            #expect(outcome.status == 1 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("POST /interactions") && outcome.errors.contains(folder.file("data")))
        }
        // What stores nothing is harmless.
        #expect(try NectarProcess.run("import", "--dry-run", "--data", folder.file("data"), path).status == 0)
        #expect(server.stop().status == 0)
        let outcome = try NectarProcess.run("import", "--data", folder.file("data"), path)
        #expect(outcome.status == 0 && outcome.output.contains("Stored 1 interactions"), "\(outcome.errors)")
    }

    @Test("training beside a server says how to have the model served, and that works")
    func trainBesideServer() throws {
        let folder = try TemporaryDirectory()
        let rows = (0..<60).filter { ($0 / 10 + $0) % 2 == 0 }.map { "u\($0 / 10),i\($0 % 10)\n" }.joined()
        let path = try folder.write("in.csv", "user_id,item_id\n" + rows)
        let arguments = ["--data", folder.file("data")]
        #expect(try NectarProcess.run(["import"] + arguments + [path]).status == 0)
        let options = ["--architecture", "mf", "--embedding-dimension", "4", "--epochs", "1", "--publish", "always"]
        let alone = try NectarProcess.run(["train"] + arguments + options)
        #expect(alone.status == 0 && !alone.output.contains("/publish"), "\(alone.output)")
        let server = try NectarServer(in: folder)
        let beside = try NectarProcess.run(["train"] + arguments + options)
        #expect(beside.status == 0 && beside.output.contains("POST /models/v2/publish"), "\(beside.output)")
        let client = try RawClient(port: server.port)
        client.send("POST /models/v2/publish HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 200 "))
        client.send("GET /recommend?user_id=u1 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(client.readResponse().head.contains("Nectar-Model: v2"))
        #expect(server.stop().status == 0)
    }

    @Test("a folder into which an import is going on is not served from until it has ended", .timeLimit(.minutes(1)))
    func serveWhileImporting() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("rows.csv")
        #expect(unsafe mkfifo(path, 0o600) == 0)
        let pipe = Pipe()
        let importing = try NectarProcess.start(
            ["import", "--data", folder.file("data"), "--layout", "csv", "--partial", path], environment: [:],
            errors: pipe.fileHandleForWriting)
        // Opens when the other end does: by then the import has begun.
        let rows = try #require(FileHandle(forWritingAtPath: path))
        let error = #expect(throws: NectarServer.NotStarted.self) { try NectarServer(in: folder) }
        #expect(error?.errors.contains("nectar import") == true, "\(error?.errors ?? "")")
        try rows.write(contentsOf: Data("user_id,item_id\n1,7\n".utf8))
        try rows.close()
        importing.waitUntilExit()
        #expect(importing.terminationStatus == 0)
        #expect(try NectarServer(in: folder).stop().status == 0)
    }
}
