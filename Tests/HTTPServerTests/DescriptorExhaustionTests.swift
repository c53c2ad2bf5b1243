import Glibc
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: out of descriptors", .timeLimit(.minutes(1)))
struct DescriptorExhaustionTests {
    // In a process of its own, because the limit is the whole process's.
    @Test("a client for whom no descriptor is left is told 503, and later ones are served again")
    func refusesAndRecovers() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer()
            #expect(try server.client().get("/hello").content == "hello")
            #expect(server.observer.wait { $0.closed == 1 })
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let before = limit
            // All numbers are taken, the clients' too: the server asks for one again and again, and would race a client
            // for a number that is free between two.
            let sockets = (0..<3).map { _ in RawClient.makeSocket() }
            let next = unsafe open("/dev/null", O_RDONLY)
            close(next)
            limit.rlim_cur = rlim_t(next)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var clients: [RawClient] = []
            for socket in sockets {
                let client = try RawClient(socket: socket, port: server.port)
                clients.append(client)
                let answer = client.readResponse()
                #expect(answer.head.status == 503)
                #expect(answer.head.field("Retry-After") == "1")
                #expect(client.isAtEnd())
            }
            #expect(server.observer.wait { $0.refused == 3 })
            limit = before
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(try server.client().get("/hello").content == "hello")
        }
    }
}
