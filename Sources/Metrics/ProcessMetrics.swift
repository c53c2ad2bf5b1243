internal import Glibc

/// What the kernel says about this process, under the names every Prometheus client uses; read at each scrape.
///
/// What cannot be read (no `/proc`) is left out. Sources: proc(5), files `stat`, `statm`, `fd` and the system's `stat`.
struct ProcessMetrics: Sendable {
    /// Fields of `/proc/self/stat` after the command's closing parenthesis, which is field 2.
    struct Status: Equatable {
        var userTicks: UInt64
        var systemTicks: UInt64
        /// Ticks between boot and the process's start.
        var startTicks: UInt64

        init?(stat: String) {
            // The command may hold spaces and parentheses itself, so the last one counts.
            guard let end = stat.lastIndex(of: ")") else { return nil }
            let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
            guard fields.count > 19, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
                let start = UInt64(fields[19])
            else { return nil }
            (userTicks, systemTicks, startTicks) = (user, system, start)
        }
    }

    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))

    func families() -> [String: MetricFamily] {
        var families: [String: MetricFamily] = [:]
        func add(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double?) {
            guard let value else { return }
            families[name] = MetricFamily(kind: kind, help: help, series: ["": .reading { value }])
        }
        let status = Self.text(of: "/proc/self/stat").flatMap(Status.init)
        let pages = Self.text(of: "/proc/self/statm").flatMap(Self.residentPages)
        let boot = Self.text(of: "/proc/stat").flatMap(Self.bootTime)
        let cpu = status.map { Double($0.userTicks + $0.systemTicks) / ticksPerSecond }
        add("process_cpu_seconds_total", .counter, "User and system CPU time spent, in seconds.", cpu)
        add("process_resident_memory_bytes", .gauge, "Resident memory size, in bytes.", pages.map { $0 * pageSize })
        add("process_open_fds", .gauge, "Open file descriptors.", Self.openDescriptors().map(Double.init))
        if let status, let boot {
            let start = boot + Double(status.startTicks) / ticksPerSecond
            add("process_start_time_seconds", .gauge, "Start of the process, in seconds since 1970.", start)
        }
        return families
    }

    static func residentPages(statm: String) -> Double? {
        statm.split(separator: " ").dropFirst().first.flatMap { Double($0) }
    }

    static func bootTime(stat: String) -> Double? {
        stat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }

    private static func openDescriptors() -> Int? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Without `.`, `..` and the directory's own descriptor.
        return count - 3
    }

    private static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let got = unsafe part.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return got == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += part[..<got]
        }
    }
}
