import Glibc
import InteractionStorage
import TestSupport

/// A partial upload of NDJSON whose pieces a test sends one by one.
struct CutUpload {
    private let service: TestService
    private let client: RawClient

    init(to service: TestService, fields: String = "") throws {
        self.service = service
        client = try service.client()
        client.send(
            "POST /interactions?partial=true HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\n"
                + "\(fields)Transfer-Encoding: chunked\r\n\r\n")
    }

    /// Sends rows, and returns when so many interactions are stored.
    func send(_ rows: String, until stored: Int) throws {
        sendChunk(rows)
        while try service.store.counts.interactions < stored { sched_yield() }
    }

    /// Sends rows, and returns what they are answered with.
    func send(_ rows: String) -> Reply {
        sendChunk(rows)
        return reply()
    }

    /// Sends what is no chunk.
    func breakOff() -> Reply {
        client.send("zz\r\n")
        return reply()
    }

    private func sendChunk(_ rows: String) {
        client.send("\(String(rows.utf8.count, radix: 16))\r\n\(rows)\r\n")
    }

    private func reply() -> Reply {
        let answer = client.readResponse()
        return Reply(head: answer.head, content: answer.content)
    }
}
