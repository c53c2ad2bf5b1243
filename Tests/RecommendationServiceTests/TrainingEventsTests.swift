import JSON
import Locking
import Networking
import RecommendationService
import TestSupport
import Testing

@testable import HTTPServer

@Suite("GET /train/{job}/events: a job as server-sent events", .timeLimit(.minutes(1)))
struct TrainingEventsTests {
    /// A clock that stands still until a test moves it.
    private final class StillClock: MonotonicClock {
        private let instant = Lock(MonotonicInstant(nanoseconds: 0))
        var now: MonotonicInstant { instant.withLock { $0 } }
        func advance(by duration: Duration) { instant.withLock { $0 = $0.advanced(by: duration) } }
    }

    /// One event, as its lines say.
    private struct Event {
        var name = ""
        var id: Int?
        var state: String?

        init(_ text: Substring) {
            for line in text.split(separator: "\n") {
                let value = line.drop { $0 != ":" }.dropFirst(2)
                if line.hasPrefix("event: ") { name = String(value) }
                if line.hasPrefix("id: ") { id = Int(value) }
                if line.hasPrefix("data: ") {
                    state = try? JSONParser().parse(Array(value.utf8)).root["state"]?.string
                }
            }
        }
    }

    private func events(_ text: String) -> [Event] { text.split(separator: "\n\n").map(Event.init) }

    private func submitted(_ service: TestService) throws -> RawClient {
        #expect(try service.post("/train", "{\(TestService.smallModel)}").status == 202)
        return try service.client()
    }

    private func request(_ fields: String = "", version: String = "1.1") -> String {
        "GET /train/1/events HTTP/\(version)\r\nHost: test\r\n\(fields)\r\n"
    }

    @Test("they are what EventSource and curl -N expect: numbered, ascending, nothing stored, ended with the job")
    func form() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let client = try submitted(service)
        client.send(request())
        let head = Reply(head: client.read(through: "\r\n\r\n"), content: [])
        #expect(head.status == 200)
        #expect(head.field("Content-Type") == "text/event-stream")
        #expect(head.field("Cache-Control")?.contains("no-cache") == true)
        #expect(head.field("Transfer-Encoding") == "chunked" && head.field("Content-Length") == nil)
        let events = events(client.readChunks())
        let ids = events.compactMap(\.id)
        #expect(ids.count == events.count && ids == Set(ids).sorted())
        #expect(events.dropLast().allSatisfy { $0.name == "progress" && $0.state != "succeeded" })
        #expect(events.last?.name == "end" && events.last?.state == "succeeded")
        // The end of the stream is not the end of the connection.
        #expect(client.ask("GET", "/livez").status == 200)
    }

    @Test("in HTTP/1.0 the stream ends with the connection")
    func oldVersion() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let client = try submitted(service)
        client.send(request(version: "1.0"))
        #expect(!client.read(through: "\r\n\r\n").contains("Transfer-Encoding"))
        let text = String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(events(text).last?.name == "end")
    }

    @Test("who has had the end is told to stay away; who has not, or says nonsense, gets it")
    func lastEventID() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let client = try submitted(service)
        client.send(request())
        _ = client.read(through: "\r\n\r\n")
        let last = try #require(events(client.readChunks()).last?.id)
        // EventSource asks again after every end, until it gets a 204.
        let over = client.ask("GET", "/train/1/events", fields: "Last-Event-ID: \(last)\r\n")
        #expect(over.status == 204 && over.content.isEmpty)
        for value in ["\(last - 1)", "0", "x", "", "99999999999999999999", "\(last)\r\nLast-Event-ID: 1"] {
            client.send(request("Last-Event-ID: \(value)\r\n"))
            #expect(client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            let events = events(client.readChunks())
            #expect(events.map(\.name) == ["end"] && events.first?.id == last, "\(value)")
        }
    }

    @Test("a client that has had nothing for a while gets a comment")
    func heartbeat() throws {
        let clock = StillClock()
        let store = InterceptedStore()
        let service = try TestService(store: store, clock: clock)
        try service.loadCheckerboard()
        let gate = Gate()
        store.holdScans(at: gate)
        let client = try submitted(service)
        #expect(gate.awaitArrival())
        client.send(request())
        _ = client.read(through: "\r\n\r\n")
        #expect(client.read(through: "\n\n\r\n").contains("event: progress"))
        for _ in 0..<2 {
            clock.advance(by: .seconds(15))
            service.server.wakeUp()
            #expect(client.read(through: "\r\n") == "3\r\n")
            #expect(client.read(exactly: 5) == Array(":\n\n\r\n".utf8))
        }
        gate.open()
        #expect(events(client.readChunks()).last?.name == "end")
    }

    @Test("HEAD tells the fields and follows nothing")
    func head() throws {
        let service = try TestService()
        try service.loadCheckerboard()
        let client = try submitted(service)
        let reply = client.ask("HEAD", "/train/1/events")
        #expect(reply.status == 200 && reply.field("Content-Type") == "text/event-stream")
        #expect(client.ask("GET", "/livez").status == 200)
    }
}
