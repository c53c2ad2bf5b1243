import FoundationEssentials

/// What of the machine this process may use: what the scheduler lets it run on and, in a container, what its control groups
/// leave it.
///
/// Sources: cgroups(7), cgroup_namespaces(7), and the kernel's documentation of `cpu.max` and `memory.max` (control group
/// v2) and of `cpu.cfs_quota_us` and `memory.limit_in_bytes` (v1).
struct ProcessLimits {
    private let root: String
    private let membership: String

    /// - Parameters:
    ///   - root: Where control groups are mounted.
    ///   - membership: What `/proc/self/cgroup` says; read from there if nil.
    init(root: String = "/sys/fs/cgroup", membership: String? = nil) {
        self.root = root
        self.membership = membership ?? Self.text("/proc/self/cgroup") ?? ""
    }

    /// Processors, 1 at least: those that threads may run on, or as much time as the groups allow, rounded up.
    var processors: Int {
        let online = max(1, ProcessInfo.processInfo.activeProcessorCount)
        return quotas.reduce(online) { min($0, max(1, Int($1.rounded(.up)))) }
    }

    /// Bytes of memory: the machine's, or what the groups allow.
    var memoryBytes: Int {
        let machine = Int(ProcessInfo.processInfo.physicalMemory)
        let limits = groups.compactMap { Self.text("\($0)/memory.max") } + [memoryOfVersion1].compactMap(\.self)
        return limits.compactMap { Int($0.trimmed) }.filter { $0 > 0 }.reduce(machine, min)
    }

    /// Processors' worth of time, group by group.
    private var quotas: [Double] {
        let current = groups.compactMap { Self.text("\($0)/cpu.max")?.trimmed.split(separator: " ") }
        let old = ["cfs_quota_us", "cfs_period_us"].compactMap { Self.text("\(root)/cpu/cpu.\($0)")?.trimmed[...] }
        return (current + [old]).compactMap { fields in
            guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), quota > 0,
                period > 0
            else { return nil }
            return quota / period
        }
    }

    /// The folders of this process's group and of all above it: each limits what is below.
    private var groups: [String] {
        let path = membership.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(4) ?? ""
        let names = path.split(separator: "/")
        return (0...names.count).map { depth in ([root] + names.prefix(depth).map(String.init)).joined(separator: "/") }
    }

    private var memoryOfVersion1: String? { Self.text("\(root)/memory/memory.limit_in_bytes") }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// Without the line's end.
    fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}
