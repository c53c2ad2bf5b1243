import HTTPServer
import TestSupport
import Testing

@testable import RecommendationService

@Suite("The spool of an upload")
struct UploadSpoolTests {
    private func content(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
    }

    @Test(
        "what went in comes out, in order, from memory and from the file",
        arguments: [0, 1, UploadSpool.memoryLimit, UploadSpool.memoryLimit + 1, 2 * UploadSpool.memoryLimit + 12_345])
    func roundTrip(count: Int) throws {
        let directory = try TemporaryDirectory()
        let content = content(count)
        var spool = UploadSpool(directory: directory.path, budget: ContentBudget(limit: 512 << 20))
        for start in stride(from: 0, to: count, by: 1_000_003) {
            try spool.append(Array(content[start..<min(count, start + 1_000_003)]))
        }
        // The file has no name: nothing is left behind, whatever becomes of the process.
        #expect(try directory.names().isEmpty)
        var read: [UInt8] = []
        while let piece = try spool.next() {
            #expect(!piece.isEmpty)
            read += piece
        }
        #expect(read == content)
    }

    @Test("a folder that is not there is told once the memory does not suffice")
    func noDirectory() throws {
        let directory = try TemporaryDirectory()
        var spool = UploadSpool(
            directory: directory.file("missing"), budget: ContentBudget(limit: 512 << 20))
        try spool.append(content(UploadSpool.memoryLimit))
        #expect(throws: UploadSpool.Failure.self) { try spool.append([1]) }
    }

    @Test("what it holds in memory counts among all content, up to half of what may be held; the rest goes to the file")
    func budget() throws {
        let directory = try TemporaryDirectory()
        let budget = ContentBudget(limit: 1_000_000)
        do {
            var spool = UploadSpool(directory: directory.path, budget: budget)
            try spool.append(content(300_000))
            #expect(budget.hasRoom(for: 500_000) && !budget.hasRoom(for: 700_001))
            try spool.append(Array(content(600_000)[300_000...]))
            #expect(budget.hasRoom(for: 1_000_000))
            let others = budget.reserve()
            #expect(others.grow(to: 1_000_000))
            // Without any room it goes to the file at once.
            try spool.append(Array(content(600_001)[600_000...]))
            var read: [UInt8] = []
            while let piece = try spool.next() { read += piece }
            #expect(read == content(600_001))
            withExtendedLifetime(others) {}
        }
        #expect(budget.hasRoom(for: 1_000_000))
    }
}
