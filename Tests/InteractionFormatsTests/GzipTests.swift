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
