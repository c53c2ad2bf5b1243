import Foundation
import TestSupport
import Testing

@Suite("Large bodies, in the running program", .timeLimit(.minutes(1)))
struct LargeBodyTests {
    /// Bytes of a process in physical memory.
    private func residentBytes(_ process: Int32) throws -> Int {
        let pages = try String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8).split(separator: " ")[1]
        return try #require(Int(pages)) * sysconf(Int32(_SC_PAGESIZE))
    }

    @Test("what they took of memory is given back to the system when they are answered")
    func givenBack() throws {
        let folder = try TemporaryDirectory()
        let server = try NectarServer(in: folder)
        // A sanitizer keeps memory of its own, and is slow: there a few are answered, and that is all.
        let isSanitized = Sanitizers.thread || Sanitizers.address
        // Each of another size, as no client takes care that freed memory fits the next one.
        let bodies = (1...(isSanitized ? 3 : 12)).map { number -> String in
            let members = (0..<number * 40_000).map { "\"\($0)\":{}" }.joined(separator: ",")
            return "{\(members)}"
        }
        var resident: [Int] = []
        for body in bodies + bodies.reversed() {
            let client = try RawClient(port: server.port)
            client.send(
                "POST /interactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n" + body)
            #expect(client.readResponse().head.hasPrefix("HTTP/1.1 422 "))
            resident.append(try residentBytes(server.processIdentifier))
        }
        let growth = (resident.last ?? 0) - (resident.first ?? 0)
        #expect(isSanitized || growth < 40_000_000, "\(resident.map { $0 / 1_000_000 }) MB")
        #expect(server.stop().status == 0)
    }
}
