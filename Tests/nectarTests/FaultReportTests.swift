import Foundation
import InteractionStorage
import TestSupport
import Testing

@Suite("What nectar import reports of faults")
struct FaultReportTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var data: String { folder.file("data") }

    private func importing(_ name: String, _ more: String...) throws -> NectarProcess.Outcome {
        try NectarProcess.run(["import", "--data", data] + more + [folder.file(name)])
    }

    @Test(
        "of a file with faults of every sort each is reported with its line, and exactly the good rows are in",
        arguments: ["ndjson", "csv"])
    func everyFault(format: String) throws {
        let made = ["generate", "--users", "50", "--items", "80", "--interactions", "3000", "--format", format]
        #expect(try NectarProcess.run(made + ["--faults", "0.3", folder.file("bad")]).status == 0)
        #expect(try NectarProcess.run(made + [folder.file("good")]).status == 0)
        let outcome = try importing("bad", "--partial", "--faults-to", folder.file("found.ndjson"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let planted = try folder.text("bad/faults.csv").split(separator: "\n").dropFirst()
        #expect(planted.count > 1_000)
        #expect(
            try lines(of: "found.ndjson") == planted.map { Int($0.prefix { $0 != "," }) })
        #expect(
            outcome.output.contains("Stored 3000 interactions") && outcome.output.contains("in quarantine as import-"))
        let export = try NectarProcess.run("export", "--data", data, "--format", format, folder.file("out"))
        #expect(export.status == 0, "\(export.errors)")
        #expect(try folder.content("out/interactions.\(format)") == folder.content("good/interactions.\(format)"))
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        let quarantined = try store.quarantinedRows(upload: nil, userID: nil, after: nil, limit: .max)
        #expect(quarantined.map(\.line) == planted.compactMap { Int($0.prefix { $0 != "," }) })
        try store.close()
        let refused = try importing("bad", "--dry-run")
        #expect(refused.status == 1 && refused.errors.contains("\(planted.count) rows are faulty"))
    }

    /// The lines that a report of faults names.
    private func lines(of name: String) throws -> [Int?] {
        try folder.text(name).split(separator: "\n").map { line in
            let member = line.range(of: "\"line\":").map { line[$0.upperBound...].prefix { $0.isNumber } }
            return member.flatMap { Int($0) }
        }
    }

    @Test("a report of faults goes where its name leads: a link stays, what is no file is written to as it is")
    func reportElsewhere() throws {
        try folder.write("in.csv", "user_id,item_id\n1,\n")
        try folder.write("there.ndjson", "old\n")
        let link = folder.file("link.ndjson")
        for target in ["there.ndjson", "new.ndjson"] {
            try? FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            #expect(try importing("in.csv", "--partial", "--faults-to", link).status == 0)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
            #expect(try folder.text(target).contains("\"line\":2"))
        }
        // What is open already: here a pipe, which has no other name.
        let open = try importing("in.csv", "--partial", "--faults-to", "/dev/stdout")
        #expect(open.status == 0 && open.output.contains("\"line\":2"), "\(open.errors)")
        // By somebody whose mistake could do no harm there.
        let full = try NectarProcess.runAsNobody(
            ["import", "--dry-run", "--partial", "--data", data, "--faults-to", "/dev/full", folder.file("in.csv")])
        #expect(full.status == 1 && full.errors.contains("/dev/full cannot be written: "), "\(full.errors)")
    }

    @Test(
        "a report of faults takes the place of nothing that is read, nor of the store", arguments: ["in.csv", "link"])
    func reportOntoInput(name: String) throws {
        let rows = "user_id,item_id\n1,7\n,8\n"
        try folder.write("in.csv", rows)
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "in.csv")
        let outcome = try importing("in.csv", "--partial", "--faults-to", folder.file(name))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\(folder.file(name)) is what is read"), "\(outcome.errors)")
        #expect(try folder.text("in.csv") == rows)
        #expect(!FileManager.default.fileExists(atPath: "\(data)/nectar.sqlite"))
        #expect(try importing("in.csv", "--partial").status == 0)
        for (place, reason) in [("nectar.sqlite", "is the store"), ("nectar.sqlite-wal", "is in the data folder")] {
            let onto = try importing("in.csv", "--partial", "--faults-to", "\(data)/\(place)")
            #expect(onto.status == 1 && onto.errors.contains("\(place) \(reason)"), "\(onto.errors)")
        }
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        #expect(try store.counts.interactions == 1)
        try store.close()
    }

    @Test("a report of faults is not where the store is about to be, and what is called nearly like it stays")
    func reportBesideOthers() throws {
        let rows = "user_id,item_id\n1,7\n,8\n"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try folder.write("found.ndjson.partial", rows)
        for place in ["\(data)/nectar.sqlite", "\(data)/../data/other"] {
            let outcome = try importing("found.ndjson.partial", "--layout", "csv", "--partial", "--faults-to", place)
            #expect(outcome.status == 1 && outcome.errors.contains("is in the data folder"), "\(outcome.errors)")
        }
        let outcome = try importing(
            "found.ndjson.partial", "--layout", "csv", "--partial", "--faults-to", folder.file("found.ndjson"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.text("found.ndjson.partial") == rows && folder.text("found.ndjson").contains("\"line\":3"))
    }
}
