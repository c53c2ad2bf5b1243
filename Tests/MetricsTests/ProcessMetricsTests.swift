import Testing

@testable import Metrics

@Suite("ProcessMetrics")
struct ProcessMetricsTests {
    @Test("a command with spaces and parentheses does not shift the fields")
    func status() throws {
        let line =
            "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 1234 0 0 0 250 50 0 0 20 0 4 0 98765 1000000 512 184467\n"
        let status = try #require(ProcessMetrics.Status(stat: line))
        #expect(status.userTicks == 250)
        #expect(status.systemTicks == 50)
        #expect(status.startTicks == 98765)
    }

    @Test("a truncated or foreign line is no status", arguments: ["", "1 (x", "1 (x) S 1 2 3", "1 (x) S a b"])
    func badStatus(line: String) {
        #expect(ProcessMetrics.Status(stat: line) == nil)
    }

    @Test("resident pages are the second field of statm, the boot time is the btime line")
    func otherFiles() {
        #expect(ProcessMetrics.residentPages(statm: "9000 512 100 1 0 400 0\n") == 512)
        #expect(ProcessMetrics.residentPages(statm: "9000") == nil)
        #expect(ProcessMetrics.bootTime(stat: "cpu 1 2\nbtime 1700000000\nprocesses 5\n") == 1_700_000_000)
        #expect(ProcessMetrics.bootTime(stat: "cpu 1 2\n") == nil)
    }

    @Test("a registry reports this process with plausible values")
    func scrape() throws {
        let text = String(decoding: MetricsRegistry().prometheusText(), as: UTF8.self)
        func value(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            return try #require(Double(line.dropFirst(name.utf8.count + 1)))
        }
        #expect(try (1e6...1e12).contains(value("process_resident_memory_bytes")))
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_cpu_seconds_total") >= 0)
        #expect(try value("process_start_time_seconds") > 1.6e9)
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\n"))
    }
}
