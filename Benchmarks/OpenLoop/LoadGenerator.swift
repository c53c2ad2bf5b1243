import Glibc
import Networking

/// Sends requests at the moments of a fixed schedule, however the server keeps up.
///
/// A request that finds all connections busy waits for one, and its time runs from the moment at which it was due: a
/// stall of the server costs every request that should have been sent meanwhile, as it would cost the people behind them.
/// (A closed loop sends less while it waits, and so hides what it measures: "coordinated omission".)
final class LoadGenerator {
    let loop: EventLoop
    private let options: OpenLoopOptions
    private var connections: [LoadConnection] = []
    private var idle = Line<LoadConnection>()
    private var waiting = Line<MonotonicInstant>()
    private var measuredFrom = MonotonicInstant(nanoseconds: 0)

    /// Of the requests that were due after the warm-up, from the moment at which they were due.
    private(set) var latencies = LatencyHistogram()
    private(set) var failures: [LoadConnection.Failure: Int] = [:]
    /// Connections that the server ended between requests, and which were made anew.
    private(set) var reconnections = 0
    /// How many requests waited for a connection at once, at most.
    private(set) var longestLine = 0

    init(_ options: OpenLoopOptions) throws {
        self.options = options
        loop = try EventLoop()
        for _ in 0..<options.connections { try connect() }
    }

    /// Keeps to the schedule until its end, and waits at most two seconds for the answers that are missing then.
    func run() throws {
        let interval = 1e9 / options.rate
        let start = loop.readClock().nanoseconds
        measuredFrom = MonotonicInstant(nanoseconds: start + Int64(options.warmUp * 1e9))
        let total = Int(options.rate * (options.warmUp + options.seconds))
        var next = 0
        // It turns without ever sleeping: a sleep's end is less exact than the schedule.
        while next < total {
            try loop.turn(maximumWait: 0)
            let now = loop.readClock()
            while next < total {
                let due = MonotonicInstant(nanoseconds: start + Int64(Double(next) * interval))
                guard due <= now else { break }
                send(due)
                next += 1
            }
        }
        let end = loop.readClock().advanced(by: .seconds(2))
        while loop.readClock() < end, connections.contains(where: { $0.intended != nil }) {
            try loop.turn(maximumWait: 0)
        }
        for connection in connections { if let intended = connection.intended { count(.unanswered, intended) } }
        while let intended = waiting.popFirst() { count(.unanswered, intended) }
        for connection in connections { connection.close() }
    }

    /// A request has been answered, or never will be.
    func ended(_ connection: LoadConnection, _ intended: MonotonicInstant, _ failure: LoadConnection.Failure?) {
        if let failure {
            count(failure, intended)
        } else if intended >= measuredFrom {
            latencies.record(UInt64(max(0, loop.readClock().nanoseconds - intended.nanoseconds)))
        }
        guard !connection.isClosed else { return replace(connection) }
        guard let next = waiting.popFirst() else { return idle.append(connection) }
        connection.begin(next)
    }

    /// The server has ended a connection that had nothing to do.
    func lost(_ connection: LoadConnection) {
        reconnections += 1
        replace(connection)
    }

    private func send(_ due: MonotonicInstant) {
        while let connection = idle.popFirst() {
            if !connection.isClosed { return connection.begin(due) }
        }
        waiting.append(due)
        longestLine = max(longestLine, waiting.count)
    }

    private func count(_ failure: LoadConnection.Failure, _ intended: MonotonicInstant) {
        if intended >= measuredFrom { failures[failure, default: 0] += 1 }
    }

    private func replace(_ connection: LoadConnection) {
        connections.removeAll { $0 === connection }
        do { try connect() } catch {
            OpenLoopOptions.end("The server takes no connections any more: \(error)", status: 1)
        }
    }

    private func connect() throws {
        let connection = try LoadConnection(
            Transport(try Self.socket(to: options.host, options.port)), request: options.request, generator: self)
        connections.append(connection)
        idle.append(connection)
    }

    private static func socket(to host: String, _ port: UInt16) throws -> FileDescriptor {
        let descriptor = FileDescriptor(
            owning: try check("socket", Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            OpenLoopOptions.end("--host \(host) is no IPv4 address.", status: 2)
        }
        let number = descriptor.number
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        _ = try check("connect", status)
        var yes: Int32 = 1
        unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        _ = try check("fcntl", fcntl(number, F_SETFL, O_NONBLOCK))
        return descriptor
    }

    private static func check(_ operation: String, _ result: Int32) throws -> Int32 {
        guard result >= 0 else { throw SystemError(code: errno, operation: operation) }
        return result
    }
}

/// First in, first out.
struct Line<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            head += 1
            // Half of it is spent: moving the rest costs no more than what has been taken since.
            if head * 2 > elements.count, head > 32 {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }
}
