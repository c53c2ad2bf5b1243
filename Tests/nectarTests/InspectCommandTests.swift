import Foundation
import JSON
import TestSupport
import Testing

@Suite("nectar inspect")
struct InspectCommandTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func file(_ rows: [String]) throws -> String {
        let path = folder.file("rows.csv")
        try (["user_id,item_id,rating,timestamp"] + rows).joined(separator: "\n").appending("\n")
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private static let clean = (0..<60).map { "u\($0 % 6),i\($0 / 6),\($0 % 5 + 1),2025-01-01T00:00:\(10 + $0 % 50)Z" }

    private func inspect(_ arguments: String...) throws -> NectarProcess.Outcome {
        try NectarProcess.run(["inspect"] + arguments)
    }

    @Test("tells people what was found, what was done and how to change it, and exits with 0")
    func text() throws {
        let path = try file(Self.clean + [Self.clean[0], "u9,i0,5,2100-01-01T00:00:00Z"])
        let outcome = try inspect("--from", path)
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "62 rows: 61 pairs of 7 users and 10 items.")
        // One of 62 rows is more than one in a hundred.
        #expect(lines.contains("! exact duplicates               1 rows"))
        #expect(lines.contains("! future times                   1 rows"))
        #expect(outcome.output.contains("    such as: user u9, item i0, milliseconds since 1970: 4102444800000"))
        #expect(outcome.output.contains("    to change it: send Unix seconds, or RFC 3339"))
        #expect(outcome.output.contains("  Gini of the items   0.0"))
        #expect(outcome.leftovers.isEmpty)
    }

    @Test("--json is the report of a job, and --strict exits with 3 where something is serious")
    func machines() throws {
        let dirty = try file(Self.clean + [Self.clean[0]])
        let outcome = try inspect("--from", dirty, "--json", "--strict")
        #expect(outcome.status == 3)
        let report = try JSONParser().parse(Array(outcome.output.utf8)).root
        #expect(report["cleaning"]?["exact_duplicates"]?.int == 1 && report["cleaning"]?["rows"]?.int == 61)
        #expect(report["data"]?["interactions"]?.int == 60 && report["unreadable_rows"]?.int == 0)
        let clean = try inspect("--from", file(Self.clean), "--strict")
        #expect(clean.status == 0)
    }

    @Test("a row that cannot be read is counted, and serious")
    func unreadable() throws {
        let path = try file(Self.clean + ["u1,i1,five,"])
        let outcome = try inspect("--from", path)
        #expect(outcome.status == 0 && outcome.output.contains("1 more rows cannot be read"))
        #expect(try inspect("--from", path, "--strict").status == 3)
    }

    @Test("inspects the store as the configuration says, and refuses a folder without one")
    func store() throws {
        let data = folder.file("data")
        #expect(try NectarProcess.run("import", "--data", data, file(Self.clean)).status == 0)
        let outcome = try inspect("--data", data, "--minimum-item-interactions", "7")
        #expect(outcome.status == 0 && outcome.output.contains("60 rows: 60 pairs"))
        #expect(outcome.output.contains("those that are left with fewer than 7 are not learned from"))
        let missing = try inspect("--data", folder.file("nowhere"))
        #expect(missing.status != 0 && missing.errors.contains("There is no store"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("nowhere")))
    }
}
