import CLinux
import Glibc
import HTTP
import HTTPServer

/// What an idle connection costs: opens many, has each make one request, and tells what the heap and the resident set
/// have grown by. Server and clients share the process; a client is a number in an array.
///
///     IdleConnections [COUNT]
@main
struct IdleConnections {
    struct Memory {
        /// Octets in use on the heap, as glibc's allocator counts them.
        var heap: Int
        /// Octets of the process in physical memory.
        var resident: Int

        static func now() -> Memory {
            Memory(heap: Int(mallinfo2().uordblks) + Int(mallinfo2().hblkhd), resident: residentOctets())
        }

        private static func residentOctets() -> Int {
            let file = unsafe fopen("/proc/self/statm", "r")
            defer { unsafe _ = fclose(file) }
            var line = [CChar](repeating: 0, count: 128)
            unsafe _ = fgets(&line, Int32(line.count), file)
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return (Int(text.split(separator: " ")[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
        }
    }

    static func main() throws {
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
        raiseDescriptorLimit(to: 2 * count + 64)
        var configuration = ServerConfiguration()
        configuration.maximumConnections = count
        configuration.idleTimeout = .seconds(3600)
        var router = Router()
        router.add(.get, "/") { _ in HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 120, count: 200))) }
        let server = HTTPServer(configuration: configuration, router: router)
        let port = try server.start()
        // One connection warms up what is allocated once.
        var clients = [exchange(port)]
        clients.reserveCapacity(count)
        let before = Memory.now()
        while clients.count < count { clients.append(exchange(port)) }
        let after = Memory.now()
        let grown = Double(count - 1)
        print("connections \(count)")
        print("heap each     \(Int(Double(after.heap - before.heap) / grown)) octets")
        print("resident each \(Int(Double(after.resident - before.resident) / grown)) octets")
        for client in clients { close(client) }
        server.stop()
        server.wait()
    }

    /// Connects, has one request answered and leaves the connection open.
    private static func exchange(_ port: UInt16) -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(status == 0, "connect: errno \(errno)")
        let request = Array("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n".utf8)
        unsafe _ = send(client, request, request.count, 0)
        var answer = [UInt8](repeating: 0, count: 4096)
        let received = unsafe recv(client, &answer, answer.count, 0)
        precondition(received > 200, "an answer came")
        return client
    }

    private static func raiseDescriptorLimit(to number: Int) {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(number)))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        precondition(limit.rlim_cur >= number, "the system allows \(limit.rlim_cur) descriptors, not \(number)")
    }
}
