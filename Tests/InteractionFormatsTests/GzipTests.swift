import Foundation
import InteractionFormats
import InteractionStorage
import Testing

@Suite("Gzip")
struct GzipTests {
    private func read(_ name: String) throws -> [Interaction] {
        var interactions: [Interaction] = []
        let reader = DatasetReader(layout: .csv, path: fixtures + "/gzip/" + name)
        try reader.readInteractions(faults: { throw $0 }) { interactions.append($0) }
        return interactions
    }

    @Test("a whole file is read to its end")
    func whole() throws {
        let interactions = try read("whole.csv.gz")
        #expect(interactions.count == 2_000)
        #expect(interactions.last?.userID == "user1999")
    }

    @Test("several members read as one")
    func members() throws {
        #expect(try read("two-members.csv.gz").map(\.userID) == ["a", "c"])
    }

    /// What is read of a fixture that `padding` follows.
    private func read(_ name: String, followedBy padding: [UInt8]) throws -> Int {
        let path = NSTemporaryDirectory() + "nectar-padded-\(UUID().uuidString).csv.gz"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let content = try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/gzip/\(name)"))
        try (content + padding).write(to: URL(fileURLWithPath: path))
        var count = 0
        let reader = DatasetReader(layout: .csv, path: path)
        try reader.readInteractions(faults: { throw $0 }) { _ in count += 1 }
        return count
    }

    @Test("zeros behind the last member are padding, however many", arguments: [1, 511, 10_240, 262_144, 600_000])
    func padding(count: Int) throws {
        let zeros = [UInt8](repeating: 0, count: count)
        #expect(try read("whole.csv.gz", followedBy: zeros) == 2_000)
        #expect(try read("two-members.csv.gz", followedBy: zeros) == 2)
        // What follows zeros is no padding, and no member either.
        let member = Array(try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/gzip/two-members.csv.gz")))
        for end in [[7], member] {
            #expect {
                try read("whole.csv.gz", followedBy: zeros + end)
            } throws: { error in
                "\(error)".hasSuffix("the gzip stream is damaged (zeros follow it, and then something else)")
            }
        }
    }

    @Test("what is neither zeros nor another member is not passed over, nor are zeros within a stream")
    func noPadding() throws {
        #expect(throws: FormatError.self) { try read("whole.csv.gz", followedBy: [7, 0]) }
        // They are read as a part of it, and what comes of them is refused, as a row or as the file.
        #expect(throws: (any Error).self) { try read("cut.csv.gz", followedBy: [0, 0, 0, 0, 0, 0, 0, 0]) }
    }

    @Test(
        "a damaged file is refused with a sentence",
        arguments: [
            ("cut.csv.gz", "the gzip stream is cut short"),
            ("bad-checksum.csv.gz", "the gzip stream is damaged (incorrect data check)"),
            ("not-gzip.csv.gz", "this is not a gzip file"),
        ])
    func damaged(name: String, reason: String) {
        let path = fixtures + "/gzip/" + name
        #expect(throws: FormatError.damagedGzip(path: path, reason: reason)) { try read(name) }
    }
}
