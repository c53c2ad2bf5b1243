import Foundation
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Process limits")
struct ProcessLimitsTests {
    private let folder = try? TemporaryDirectory()

    /// Limits under control groups with these files.
    private func limits(_ membership: String, _ files: [String: String]) throws -> ProcessLimits {
        let folder = try #require(folder)
        for (path, text) in files {
            let file = URL(fileURLWithPath: folder.file(path))
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return ProcessLimits(root: folder.path, membership: membership)
    }

    @Test("without control groups they are the machine's")
    func machine() throws {
        let none = ProcessLimits(root: "/nowhere", membership: "")
        #expect(none.processors >= 1)
        #expect(none.memoryBytes > 100_000_000)
        let unlimited = try limits("0::/\n", ["cpu.max": "max 100000\n", "memory.max": "max\n"])
        #expect(unlimited.processors == none.processors && unlimited.memoryBytes == none.memoryBytes)
    }

    @Test("a group's time is rounded up to whole processors, and its memory is all there is")
    func version2() throws {
        let limits = try limits("0::/\n", ["cpu.max": "50000 100000\n", "memory.max": "104857600\n"])
        #expect(limits.processors == 1)
        #expect(limits.memoryBytes == 104_857_600)
    }

    @Test("the narrowest of all groups above counts")
    func nested() throws {
        let limits = try limits(
            "0::/outer/inner\n",
            [
                "outer/cpu.max": "1000 100000\n", "outer/inner/cpu.max": "max 100000\n",
                "outer/memory.max": "90000000\n", "outer/inner/memory.max": "95000000\n",
            ])
        #expect(limits.processors == 1)
        #expect(limits.memoryBytes == 90_000_000)
    }

    @Test("control groups of version 1 are read too; their -1 is no limit")
    func version1() throws {
        let membership = "4:memory:/\n3:cpu,cpuacct:/\n"
        let limited = try limits(
            membership,
            [
                "cpu/cpu.cfs_quota_us": "90000\n", "cpu/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "80000000\n",
            ])
        #expect(limited.processors == 1)
        #expect(limited.memoryBytes == 80_000_000)
        let free = try limits(
            membership, ["cpu/cpu.cfs_quota_us": "-1\n", "memory/memory.limit_in_bytes": "9223372036854771712\n"])
        let machine = ProcessLimits(root: "/nowhere", membership: "")
        #expect(free.processors == machine.processors && free.memoryBytes == machine.memoryBytes)
    }

    @Test("what is not as the kernel writes it is no limit")
    func broken() throws {
        let limits = try limits("0::/\n", ["cpu.max": "many\n", "memory.max": "-5\n"])
        let machine = ProcessLimits(root: "/nowhere", membership: "")
        #expect(limits.processors == machine.processors && limits.memoryBytes == machine.memoryBytes)
    }
}
