import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: what waits for what", .timeLimit(.minutes(1)))
struct OffloadPoolsTests {
    /// A server with one thread of each sort, whose `/slow/…` stand at the gate.
    private func server(_ gate: Gate, consumer: CountingConsumer = CountingConsumer()) throws -> TestServer {
        try TestServer(
            {
                $0.offloadThreads = 1
                $0.bulkThreads = 1
            },
            routes: { router in
                for (name, mode) in [("quick", HandlerMode.offloaded), ("bulk", .bulk), ("probe", .probe)] {
                    router.add(.get, "/slow/\(name)", mode) { _ in
                        gate.pass()
                        return TestServer.text("slow")
                    }
                    router.add(.get, "/\(name)", mode) { _ in TestServer.text(name) }
                }
                router.addStreaming(.post, "/stream") { _ in .taken(by: consumer) }
            })
    }

    @Test(
        "a handler that takes its time holds up those of its own mode alone",
        arguments: ["quick", "bulk", "probe"], ["quick", "bulk", "probe"])
    func modes(slow: String, other: String) throws {
        guard slow != other else { return }
        let gate = Gate()
        let server = try server(gate)
        let first = try server.client()
        first.send("GET /slow/\(slow) HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(gate.awaitArrival())
        let second = try server.client()
        second.send("GET /\(slow) HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.client().get("/\(other)").content == other)
        gate.open()
        #expect(first.readResponse().content == Array("slow".utf8))
        #expect(second.readResponse().content == Array(slow.utf8))
    }

    @Test("a consumer that is slow with a body holds up no quick handler and no probe", arguments: ["quick", "probe"])
    func consumers(other: String) throws {
        let gate = Gate()
        let consumer = CountingConsumer(gate: gate)
        let server = try server(Gate(), consumer: consumer)
        let client = try server.client()
        client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi")
        #expect(gate.awaitArrival())
        #expect(try server.client().get("/\(other)").content == other)
        gate.open()
        #expect(client.readResponse().content == Array("2".utf8))
    }
}
