import Foundation
import InteractionStorage
import TestSupport
import Testing

@Suite("nectar import and export")
struct ImportExportTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var data: String { folder.file("data") }

    private func importing(_ name: String, _ more: String...) throws -> NectarProcess.Outcome {
        try NectarProcess.run(["import", "--data", data] + more + [folder.file(name)])
    }

    private func export(to name: String, format: String = "ndjson") throws {
        let outcome = try NectarProcess.run("export", "--data", data, "--format", format, folder.file(name))
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func interactions() throws -> [Substring] {
        try export(to: "out")
        return try folder.text("out/interactions.ndjson").split(separator: "\n")
    }

    /// What the store holds.
    private func holdings() throws -> StoreCounts {
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        defer { try? store.close() }
        return try store.counts
    }

    @Test("every layout is recognised and gives the same interactions", arguments: LayoutSample.all)
    func layouts(layout: LayoutSample) throws {
        for (name, content) in layout.files { try folder.write(name, content) }
        let outcome = try importing(layout.path)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.output.contains("Reading \(layout.name) from"))
        #expect(outcome.output.contains("Stored 3 interactions (0 were there already)"))
        let rows = try interactions()
        #expect(rows.count == 3)
        #expect(rows[0].contains(#""user_id":"1","item_id":"7""#) && rows[0].contains(#""rating":5"#))
        #expect(rows[0].contains("1997-12-04T15:55:49"))
        if layout.files.count > 1 { #expect(try folder.text("out/items.ndjson").contains("Café (1995)")) }
    }

    @Test("a bad row is named by file and line, and nothing is kept unless the good rows are asked for")
    func faults() throws {
        try folder.write("in.csv", "user_id,item_id,rating\n1,7,5\n1,8,five\n,9,1\n2,7,1\n")
        let refused = try importing("in.csv")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("2 rows are faulty; nothing was stored"))
        #expect(refused.output.contains("in.csv") && refused.output.contains("line 3"))
        #expect(refused.output.contains("\"five\"") && refused.output.contains("line 4"))
        #expect(try holdings() == StoreCounts())
        let partial = try importing("in.csv", "--partial")
        #expect(partial.status == 0)
        #expect(partial.output.contains("Stored 2 interactions") && partial.output.contains("2 rows were faulty"))
        #expect(try interactions().count == 2)
    }

    @Test(
        "of other layouts, items and users rows with faults are told with their text, and nothing of them is kept",
        arguments: [
            ["u.data": "1\t1\t5\t881250949\n1\t2\tfive\t1\n", "u.user": "1|24|M|x|1\nbad\n"],
            [
                "purchases.jsonl": "{\"userId\":\"1\",\"itemId\":\"1\"}\nbad\n",
                "users.jsonl": "{\"userId\":\"1\"}\nbad\n",
            ],
        ])
    func faultsElsewhere(files: [String: String]) throws {
        for (name, text) in files { try folder.write("in/\(name)", text) }
        let outcome = try importing("in", "--partial", "--faults-to", folder.file("found.ndjson"))
        #expect(outcome.status == 0 && outcome.output.contains("2 rows were faulty."), "\(outcome.output)")
        let found = try folder.text("found.ndjson")
        #expect(found.contains("\"text\":\"bad\""))
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        #expect(try store.quarantineCounts.rows == 0)
    }

    @Test("an export from before an erasure brings back neither interactions nor the record, and the import says so")
    func oldExport() throws {
        let old = "{\"user_id\":\"old\",\"tags\":[\"secret\"]}\n{\"user_id\":\"other\"}\n"
        try folder.write("in/users.ndjson", old)
        let row = "{\"user_id\":\"old\",\"item_id\":\"i\",\"timestamp\":\"2024-01-01T00:00:00Z\"}\n"
        try folder.write("in/interactions.ndjson", row)
        #expect(try importing("in").output.contains("Stored 1 interactions (0 were there already), 0 items, 2 users."))
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        try store.eraseUser("old", at: Int64(Date().timeIntervalSince1970 * 1000))
        try store.close()
        let again = try importing("in")
        #expect(again.status == 0 && again.output.contains("Stored 0 interactions"), "\(again.errors)")
        #expect(again.output.contains("1 users; 1 were of users who have been erased"), "\(again.output)")
        #expect(again.output.contains("; 1 records of users who have been erased were left out."), "\(again.output)")
        try export(to: "out")
        #expect(try folder.text("out/users.ndjson") == "{\"user_id\":\"other\"}\n")
    }

    @Test("items and users of a refused import are not stored either")
    func allOrNothing() throws {
        try folder.write("in/interactions.csv", "user_id,item_id\n1,7\n,8\n")
        try folder.write("in/items.ndjson", "{\"item_id\": 7}\n")
        try folder.write("in/users.ndjson", "{\"user_id\": 1}\n")
        let refused = try importing("in")
        #expect(refused.status == 1 && refused.errors.contains("1 row is faulty; nothing was stored"))
        #expect(try holdings() == StoreCounts())
        #expect(try importing("in", "--partial").status == 0)
        #expect(
            try holdings() == StoreCounts(interactions: 1, users: 1, items: 1, userRecords: 1, catalogueItems: 1))
    }

    @Test("items whose vectors are not as long as those that are there are refused, unless they take their place")
    func vectors() throws {
        for (name, id, vector) in [
            ("a", "x", "[1,2]"), ("b", "y", "[1,2,3]"), ("c", "x", "[1,2,3]"), ("d", "y", "[1,2,3]"),
        ] {
            try folder.write("\(name)/interactions.csv", "user_id,item_id\n1,7\n")
            let item = "{\"item_id\": \"\(id)\", \"vectors\": {\"text\": \(vector)}}\n"
            try folder.write("\(name)/items.ndjson", item)
        }
        #expect(try importing("a").status == 0)
        let refused = try importing("b")
        #expect(refused.status == 1, "\(refused.output)")
        #expect(refused.output.contains("/vectors/text: has 3 elements") && refused.output.contains("line 1"))
        // It is the only one.
        #expect(try importing("c").status == 0)
        #expect(try importing("d").status == 0)
        try export(to: "out")
        #expect(try NectarProcess.run("import", "--data", folder.file("other"), folder.file("out")).status == 0)
    }

    @Test("nothing is imported onto a disk with less space than is to stay free")
    func reserve() throws {
        try folder.write("in.csv", "user_id,item_id\n1,7\n")
        let outcome = try NectarProcess.run(
            ["import", "--data", data, folder.file("in.csv")],
            environment: ["NECTAR_STORAGE_MINIMUM_FREE_MEGABYTES": "1000000000"])
        #expect(outcome.status == 1 && outcome.errors.contains("storage.minimum_free_megabytes"), "\(outcome.errors)")
        #expect(outcome.errors.contains("Nothing was stored"))
        #expect(try holdings() == StoreCounts())
    }

    @Test("where unknown kinds are refused, an import names the line, the kind and the nearest known one")
    func refusedKinds() throws {
        try folder.write("in.csv", "user_id,item_id,kind\n1,7,view\n1,8,purchse\n2,9,\n")
        try folder.write("nectar.json", #"{"interactions": {"unknown_kinds": "refuse"}}"#)
        let options = ["--config", folder.file("nectar.json"), "--data", data]
        let refused = try NectarProcess.run(["import", folder.file("in.csv")] + options)
        #expect(refused.status == 1 && refused.errors.contains("nothing was stored"))
        #expect(refused.output.contains("line 3"))
        #expect(refused.output.contains(#"kind "purchse" is not a kind that is known here"#))
        #expect(refused.output.contains(#"did you mean "purchase"?"#))
        #expect(try holdings() == StoreCounts())
        let partial = try NectarProcess.run(["import", "--partial", folder.file("in.csv")] + options)
        #expect(partial.output.contains("Stored 2 interactions"))
    }

    @Test("a dry run checks and stores nothing")
    func dryRun() throws {
        try folder.write("in.csv", "user_id,item_id\n1,7\n")
        let outcome = try importing("in.csv", "--dry-run")
        #expect(outcome.status == 0 && outcome.output.contains("dry run"))
        #expect(!FileManager.default.fileExists(atPath: data))
    }

    @Test("what needs a store refuses a folder without one, and makes none", arguments: ["export", "train"])
    func mistypedFolder(command: String) throws {
        let arguments =
            command == "export" ? [command, "--data", data, folder.file("out")] : [command, "--data", data]
        let outcome = try NectarProcess.run(arguments)
        #expect(outcome.status == 1 && outcome.errors.contains("There is no store in the folder \(data)"))
        #expect(!FileManager.default.fileExists(atPath: data))
    }

    @Test(
        "a store that may not be written beside is told as that, and not as one that cannot be opened",
        arguments: ["export", "train", "inspect", "backup"])
    func unwritable(command: String) throws {
        try folder.write("in.csv", "user_id,item_id\n1,7\n")
        #expect(try importing("in.csv").status == 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: data)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: data) }
        let own = try TemporaryDirectory()
        let arguments = [command, "--data", data] + (["export", "backup"].contains(command) ? [own.file("out")] : [])
        let outcome = try NectarProcess.runAsNobody(arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\(data) cannot be read and written: "), "\(outcome.errors)")
    }

    @Test("what an import passes over in a dataset's folder is named; what lies beside a file is not its matter")
    func passedOver() throws {
        for name in ["detail_views", "portions", "x"] {
            try folder.write("in/\(name).jsonl", "{\"userId\": \"1\", \"itemId\": \"7\"}\n")
        }
        let words = "Not read, for no file of Recombee has that name: portions.jsonl, x.jsonl."
        let outcome = try importing("in")
        #expect(outcome.status == 0 && outcome.output.contains(words), "\(outcome.output)")
        let file = try importing("in/x.jsonl")
        #expect(file.output.contains("Reading Recombee from") && !file.output.contains("Not read"), "\(file.output)")
        #expect(try holdings().interactions == 2)
    }

    @Test("a second import says that the first is there, and adds to it")
    func twice() throws {
        try folder.write("in.csv", "user_id,item_id,interaction_id\n1,7,a\n1,8,b\n")
        #expect(try importing("in.csv").status == 0)
        let second = try importing("in.csv")
        #expect(second.output.contains("already holds 2 interactions"))
        #expect(second.output.contains("Stored 0 interactions (2 were there already)"))
        #expect(try interactions().count == 2)
    }

    @Test(
        "what cannot be read is refused in a sentence that names it",
        arguments: [
            ("missing", nil, "missing"), ("empty.csv", "", "the file is empty"),
            ("odd.bin", "\u{1}\u{2}\u{3}", "odd.bin"), ("header.csv", "who,what\n1,2\n", "header.csv"),
        ] as [(String, String?, String)])
    func unreadable(name: String, content: String?, words: String) throws {
        if let content { try folder.write(name, content) }
        let outcome = try importing(name)
        #expect(outcome.status != 0)
        #expect((outcome.errors + outcome.output).contains(words))
        #expect(outcome.errors.hasPrefix("Error: ") && outcome.errors.count > 20)
    }

    @Test("what was withdrawn stays so through an export and an import, and an import withdraws what is there")
    func withdrawnItems() throws {
        try folder.write("in/interactions.csv", "user_id,item_id\n1,7\n1,8\n")
        try folder.write("in/items.ndjson", "{\"item_id\": \"7\"}\n{\"item_id\": \"8\"}\n")
        #expect(try importing("in").status == 0)
        try folder.write("in/items.ndjson", "{\"item_id\": \"7\", \"withdrawn\": true}\n")
        let outcome = try importing("in")
        #expect(outcome.output.contains("0 items, 0 users; 1 items are withdrawn."), "\(outcome.output)")
        let exported = try NectarProcess.run("export", "--data", data, folder.file("out"))
        #expect(exported.output.contains("1 items (and 1 that are withdrawn) and 0 users"), "\(exported.output)")
        let other = folder.file("other")
        #expect(try NectarProcess.run("import", "--data", other, folder.file("out")).status == 0)
        let store = try SQLiteInteractionStore(path: "\(other)/nectar.sqlite")
        #expect(try store.withdrawnItems(after: nil, limit: 9) == ["7"] && store.counts.catalogueItems == 1)
        try store.close()
        try folder.write("in/items.ndjson", "{\"item_id\": \"8\", \"withdrawn\": true, \"title\": \"x\"}\n")
        let refused = try importing("in")
        #expect(refused.status == 1 && refused.output.contains("line 1"), "\(refused.output)")
    }

    @Test("items whose vectors are as long as those of the store are not measured by what the file withdraws")
    func withdrawnVectors() throws {
        try folder.write("in/interactions.csv", "user_id,item_id\n1,7\n")
        try folder.write("in/items.ndjson", "{\"item_id\": \"7\", \"vectors\": {\"v\": [1, 2]}}\n")
        #expect(try importing("in").status == 0)
        try folder.write(
            "in/items.ndjson",
            "{\"item_id\": \"7\", \"withdrawn\": true}\n{\"item_id\": \"8\", \"vectors\": {\"v\": [1]}}\n")
        #expect(try importing("in").status == 0)
    }

    @Test("what was exported and imported again is exported as the same bytes", arguments: ["ndjson", "csv"])
    func roundTrip(format: String) throws {
        try folder.write(
            "in/interactions.ndjson",
            """
            {"user_id": "u,1", "item_id": "7\\"", "rating": 4.5, "timestamp": "2020-02-29T12:00:00.123Z", "kind": "view"}
            {"user_id": "ü", "item_id": "8", "weight": 0.25, "interaction_id": "x1"}

            """)
        try folder.write("in/items.ndjson", #"{"item_id": "8", "title": "É", "tags": ["a"], "hidden": true}"# + "\n")
        try folder.write("in/users.ndjson", #"{"user_id": "ü", "tags": ["b"]}"# + "\n")
        #expect(try importing("in").status == 0)
        try export(to: "first", format: format)
        let other = folder.file("other")
        let again = try NectarProcess.run("import", "--data", other, folder.file("first"))
        #expect(again.status == 0, "\(again.errors)")
        #expect(
            try NectarProcess.run("export", "--data", other, "--format", format, folder.file("second")).status == 0)
        for name in ["interactions.\(format)", "items.ndjson", "users.ndjson"] {
            #expect(try folder.content("first/\(name)") == folder.content("second/\(name)"))
            #expect(try !folder.content("first/\(name)").isEmpty)
        }
    }

    @Test(
        "a folder that holds interactions twice is refused, and both files are named",
        arguments: [
            ["interactions.csv", "interactions.ndjson"], ["interactions.ndjson", "interactions.ndjson.gz"],
            ["interactions.csv", "u.data"], ["films.inter", "u.data"], ["books.inter", "films.inter"],
            ["films.inter", "films.inter.gz"], ["books.train.inter", "films.train.inter"],
        ])
    func ambiguous(names: [String]) throws {
        for name in names { try folder.write("in/\(name)", "user_id,item_id\n1,7\n") }
        let outcome = try importing("in")
        #expect(outcome.status == 1 && outcome.errors.contains("\(names[0]) and \(names[1])"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: data))
        // Named by itself, each is what it is.
        if names[0] == "interactions.csv" { #expect(try importing("in/\(names[0])").status == 0) }
    }

    @Test(
        "items that are there twice are refused, whether the folder or the file is named",
        arguments: ["in", "in/interactions.csv"])
    func ambiguousItems(path: String) throws {
        try folder.write("in/interactions.csv", "user_id,item_id\n1,7\n")
        for name in ["items.ndjson", "items.ndjson.gz"] { try folder.write("in/\(name)", "{\"item_id\": 7}\n") }
        let outcome = try importing(path)
        #expect(outcome.status == 1 && outcome.errors.contains("items.ndjson and items.ndjson.gz"))
    }

    @Test("an export beside one of another format is refused, and nothing of the folder is touched")
    func exportBeside() throws {
        try folder.write("in.csv", "user_id,item_id\n1,7\n")
        #expect(try importing("in.csv").status == 0)
        try export(to: "out")
        #expect(try importing("in.csv").status == 0)
        let before = try folder.content("out/interactions.ndjson")
        let beside = try NectarProcess.run("export", "--data", data, "--format", "csv", folder.file("out"))
        #expect(beside.status == 1 && beside.errors.contains("interactions.ndjson"), "\(beside.errors)")
        #expect(try folder.content("out/interactions.ndjson") == before)
        #expect(!FileManager.default.fileExists(atPath: folder.file("out/interactions.csv")))
        // Of the same format it takes the place of the older one.
        try export(to: "out")
        #expect(try folder.text("out/interactions.ndjson").split(separator: "\n").count == 2)
    }

    @Test("an export of an empty store is files without rows")
    func emptyExport() throws {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try SQLiteInteractionStore(path: "\(data)/nectar.sqlite").close()
        try export(to: "out", format: "csv")
        #expect(try folder.text("out/interactions.csv").split(separator: "\n").count == 1)
        #expect(try folder.content("out/items.ndjson").isEmpty)
    }
}
