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
        var spool = UploadSpool(directory: directory.path)
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
        var spool = UploadSpool(directory: directory.file("missing"))
        try spool.append(content(UploadSpool.memoryLimit))
        #expect(throws: UploadSpool.Failure.self) { try spool.append([1]) }
    }
}
