import Dispatch
import HTTPServer
import Locking
import Logging
import Metrics
import TestSupport
import Testing

@testable import RecommendationService

/// Where lines go in these tests: a list, behind a gate that holds the writer up if there is one.
private final class Lines: Sendable {
    private let lines = Lock<[String]>([])
    let gate: Gate?

    init(gate: Gate? = nil) { self.gate = gate }

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) {
        gate?.pass()
        lines.withLock { $0.append(line) }
    }

    func logger(level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard let metadata = event.metadata, let request = metadata["request_id"] else { return }
            lines.append("\(request)" + (metadata["model"] == "-" ? "" : " by \(metadata["model"] ?? "nobody")"))
        }
    }
}

@Suite("Access log: the buffer", .timeLimit(.minutes(1)))
struct BufferedAccessLogTests {
    private let dropped = MetricsRegistry(reportsProcess: false).counter("dropped_total", help: "Dropped.")
    private static let line = 256

    @Test("lines are written in their order, all of them, by the time the log is finished", arguments: [1, 2, 1000])
    func order(count: Int) {
        let lines = Lines()
        let log = BufferedAccessLog(to: lines.logger(), wantsTargets: false, dropped: dropped)
        let names = (0..<count).map { "r\($0)" }
        for name in names { log.record(AccessRecord(status: 200, requestID: name)) }
        log.finish(until: .distantFuture)
        #expect(lines.all == names)
        #expect(dropped.value == 0)
    }

    @Test("they are written whatever the log's level is", arguments: [Logger.Level.trace, .critical])
    func levels(level: Logger.Level) {
        let lines = Lines()
        let log = BufferedAccessLog(to: lines.logger(level: level), wantsTargets: false, dropped: dropped)
        log.record(AccessRecord(status: 200))
        log.finish(until: .distantFuture)
        #expect(lines.all == ["test"])
    }

    @Test("a log that is not read holds nobody up: as many lines as fit wait, the next is dropped and counted")
    func full() {
        let gate = Gate()
        let lines = Lines(gate: gate)
        let log = BufferedAccessLog(
            to: lines.logger(), wantsTargets: false, capacity: 3 * Self.line, dropped: dropped)
        log.record(AccessRecord(status: 200, requestID: "r0"))
        // One is being written, which still counts, and two wait.
        #expect(gate.awaitArrival())
        for name in ["r1", "r2"] { log.record(AccessRecord(status: 200, requestID: name)) }
        #expect(dropped.value == 0)
        log.record(AccessRecord(status: 200, requestID: "r3"))
        #expect(dropped.value == 1)
        // Ending does not wait for ever either.
        log.finish(until: .now())
        #expect(lines.all.isEmpty)
        for _ in 0..<3 { gate.open() }
        log.finish(until: .distantFuture)
        #expect(lines.all == ["r0", "r1", "r2"])
        // There is room again.
        gate.open()
        log.record(AccessRecord(status: 200, requestID: "r4"))
        log.finish(until: .distantFuture)
        #expect(lines.all.last == "r4" && dropped.value == 1)
    }

    @Test("a target counts with its length", arguments: [(44, 0), (45, 1)])
    func targets(length: Int, count: UInt64) {
        let lines = Lines()
        let log = BufferedAccessLog(to: lines.logger(), wantsTargets: true, capacity: Self.line + 44, dropped: dropped)
        var record = AccessRecord(status: 200)
        record.target = String(repeating: "a", count: length)
        log.record(record)
        log.finish(until: .distantFuture)
        #expect(dropped.value == count && lines.all.count == 1 - Int(count))
    }

    @Test("the service has one if its settings say so; it tells the model that answered, and its losses are a metric")
    func service() throws {
        let lines = Lines()
        let service = try TestService(logger: lines.logger()) { $0.log.access = true }
        try service.loadCheckerboard()
        try service.train()
        let client = try service.client()
        #expect(client.ask("GET", "/recommend?user_id=u0", fields: "X-Request-ID: r1\r\n").status == 200)
        let metrics = client.ask("GET", "/metrics", fields: "X-Request-ID: r2\r\n").text
        #expect(metrics.contains("nectar_access_log_dropped_total 0"))
        try #require(service.service.accessLog as? BufferedAccessLog).finish(until: .distantFuture)
        #expect(lines.all.suffix(2) == ["r1 by v1", "r2"])
        #expect(try TestService().service.accessLog == nil)
    }

    @Test("many threads lose and double nothing")
    func threads() {
        let lines = Lines()
        let log = BufferedAccessLog(to: lines.logger(), wantsTargets: false, dropped: dropped)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<200 { log.record(AccessRecord(status: 200, requestID: "\(thread)-\(number)")) }
        }
        log.finish(until: .distantFuture)
        #expect(lines.all.count == 1600 && Set(lines.all).count == 1600)
    }
}
