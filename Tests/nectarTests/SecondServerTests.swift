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
}
