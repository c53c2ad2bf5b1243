import Glibc
import HTTP
import HTTPServer
import Networking

/// What an idle connection costs: opens many, has each make one request, and tells what the heap and the resident set
/// have grown by, and how much of the heap is OpenSSL's. Server and clients share the process; a client is a number in
/// an array.
///
///     IdleConnections COUNT [CERTIFICATE KEY]
@main
struct IdleConnections {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 || arguments.count == 4, let count = Int(arguments[1]), count > 1 else {
            print("usage: IdleConnections COUNT [CERTIFICATE KEY]")
            exit(2)
        }
        #if TLS
            precondition(OpenSSLMemory.watch(), "OpenSSL has not asked for memory yet")
        #endif
        raiseDescriptorLimit(to: 2 * count + 64)
        let identity =
            arguments.count == 4
            ? TLSConfiguration.Identity(certificateFile: arguments[2], keyFile: arguments[3]) : nil
        try measure(count, identity)
    }

    private static func measure(_ count: Int, _ identity: TLSConfiguration.Identity?) throws {
        var configuration = ServerConfiguration()
        configuration.maximumConnections = count
        configuration.idleTimeout = .seconds(3600)
        if let identity { configuration.tls = TLSConfiguration(identities: [identity]) }
        var router = Router()
        router.add(.get, "/") { _ in HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 120, count: 200))) }
        let server = HTTPServer(configuration: configuration, router: router)
        let client = IdleClient(port: try server.start(), isSecured: identity != nil)
        // One connection warms up what is allocated once.
        var connections = [client.exchange()]
        connections.reserveCapacity(count)
        let before = Memory.now()
        while connections.count < count { connections.append(client.exchange()) }
        tell(count, before, Memory.now())
        for connection in connections { close(connection) }
        server.stop()
        server.wait()
    }

    private static func tell(_ count: Int, _ before: Memory, _ after: Memory) {
        func each(_ part: KeyPath<Memory, Int>) -> Int { (after[keyPath: part] - before[keyPath: part]) / (count - 1) }
        print("connections \(count)")
        print("heap each     \(each(\.heap)) octets")
        print("of it OpenSSL \(each(\.openSSL)) octets")
        print("resident each \(each(\.resident)) octets")
    }

    private static func raiseDescriptorLimit(to number: Int) {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(number)))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        precondition(limit.rlim_cur >= number, "the system allows \(limit.rlim_cur) descriptors, not \(number)")
    }
}
