import Dispatch
import HTTP
import HTTPServer
import Locking
import TestSupport
import Testing

@Suite("Server: in the place of another one", .timeLimit(.minutes(1)))
struct TakeoverTests {
    private func server(_ content: String, port: UInt16 = 0, loops: Int) -> HTTPServer {
        var configuration = ServerConfiguration()
        (configuration.port, configuration.loopCount) = (port, loops)
        var router = Router()
        router.add(.get, "/who") { _ in TestServer.text(content) }
        return HTTPServer(configuration: configuration, router: router)
    }

    private func who(_ client: RawClient) -> String {
        client.send("GET /who HTTP/1.1\r\nHost: test\r\n\r\n")
        return String(decoding: client.readResponse().content, as: UTF8.self)
    }

    @Test(
        "new connections are the new one's, those there are stay with the old one until it is drained",
        arguments: [(1, 1), (1, 3), (2, 2)])
    func takeover(oldLoops: Int, newLoops: Int) throws {
        let old = server("old", loops: oldLoops)
        let port = try old.start()
        let early = try RawClient(port: port)
        #expect(who(early) == "old")
        let new = server("new", port: port, loops: newLoops)
        #expect(try new.start(inPlaceOf: old) == port)
        for _ in 0..<20 { #expect(try who(RawClient(port: port)) == "new") }
        #expect(who(early) == "old")
        old.drain()
        old.wait()
        #expect(early.isAtEnd())
        #expect(try who(RawClient(port: port)) == "new")
        new.stop()
        new.wait()
        #expect(throws: RawClient.ConnectFailed.self) { _ = try RawClient(port: port) }
    }

    @Test("whoever connects to what is only bound waits for the server that is started, there or in its place")
    func bound() throws {
        for isReplaced in [false, true] {
            let first = server("first", loops: 1)
            let port = try first.bind()
            #expect(throws: HTTPServer.StartError.self) { _ = try server("another", port: port, loops: 1).bind() }
            let early = try RawClient(port: port)
            early.send("GET /who HTTP/1.1\r\nHost: test\r\n\r\n")
            let started = isReplaced ? server("second", port: port, loops: 2) : first
            #expect(try started.start(inPlaceOf: isReplaced ? first : nil) == port)
            #expect(String(decoding: early.readResponse().content, as: UTF8.self) == (isReplaced ? "second" : "first"))
            started.stop()
            started.wait()
        }
    }

    @Test("whoever connects all the while is answered by the one or the other")
    func nobodyIsTurnedAway() throws {
        let old = server("old", loops: 1)
        let port = try old.start()
        let answers = Lock<[String]>([])
        let answered = DispatchSemaphore(value: 0)
        let clients = DispatchGroup()
        let (clientCount, connections) = (2, 150)
        for _ in 0..<clientCount {
            DispatchQueue.global().async(group: clients) {
                for _ in 0..<connections {
                    let answer = (try? RawClient(port: port)).map(who) ?? "no connection"
                    answers.withLock { $0.append(answer) }
                    answered.signal()
                }
            }
        }
        // They are in the middle of it.
        for _ in 0..<connections / 2 { answered.wait() }
        let new = server("new", port: port, loops: 1)
        #expect(try new.start(inPlaceOf: old) == port)
        old.drain()
        old.wait()
        clients.wait()
        #expect(try who(RawClient(port: port)) == "new")
        let found = answers.withLock { $0 }
        #expect(found.count == clientCount * connections && Set(found).isSubset(of: ["old", "new"]), "\(Set(found))")
        new.stop()
        new.wait()
    }
}
