import Foundation
import InteractionStorage
import TestSupport
import Testing

@Suite("nectar backup and restore")
struct BackupCommandTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var data: String { folder.file("data") }

    private func fill(_ range: Range<Int>) throws {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        _ = try store.append(range.map { Interaction(userID: "u\($0)", itemID: "i") }, idempotencyKey: nil)
        try store.close()
    }

    private func count() throws -> Int {
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        defer { try? store.close() }
        return try store.counts.interactions
    }

    @Test("what was backed up comes back, and what came since is kept beside it")
    func roundTrip() throws {
        try fill(0..<10)
        let backup = try NectarProcess.run("backup", "--data", data, folder.file("b.sqlite"))
        #expect(backup.status == 0 && backup.output.contains("Backed up 10 interactions"), "\(backup.errors)")
        let verified = try NectarProcess.run("restore", "--data", data, "--verify-only", folder.file("b.sqlite"))
        #expect(verified.status == 0 && verified.output.contains("is whole: 10 interactions"))
        try fill(10..<15)
        let restored = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(restored.status == 0 && restored.output.contains("Restored 10 interactions"), "\(restored.errors)")
        #expect(restored.output.contains("nectar.sqlite.replaced-"))
        #expect(try count() == 10)
    }

    @Test("a store elsewhere that a link leads to is replaced there, and the link stays")
    func linked() throws {
        try fill(0..<10)
        #expect(try NectarProcess.run("backup", "--data", data, folder.file("b.sqlite")).status == 0)
        try FileManager.default.removeItem(atPath: data)
        try fill(0..<5)
        let (link, elsewhere) = ("\(data)/nectar.sqlite", folder.file("elsewhere.sqlite"))
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.moveItem(atPath: link + suffix, toPath: elsewhere + suffix)
        }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: elsewhere)
        #expect(try count() == 5)
        let restored = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(restored.output.contains("\(elsewhere).replaced-"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == elsewhere)
        #expect(try count() == 10)
        try FileManager.default.removeItem(atPath: elsewhere)
        let dangling = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(dangling.status == 1 && dangling.errors.contains("leads to nothing"), "\(dangling.errors)")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == elsewhere)
    }

    @Test("a folder in the place of the store is to be moved away, whoever asks")
    func folderInPlace() throws {
        try fill(0..<3)
        #expect(try NectarProcess.run("backup", "--data", data, folder.file("b.sqlite")).status == 0)
        try FileManager.default.removeItem(atPath: data)
        try FileManager.default.createDirectory(atPath: "\(data)/nectar.sqlite", withIntermediateDirectories: true)
        for arguments in [["restore", folder.file("b.sqlite")], ["inspect"], ["serve", "--port", "0"]] {
            let outcome = try NectarProcess.run(arguments + ["--data", data])
            #expect(outcome.status == 1, "\(arguments)")
            #expect(
                outcome.errors.contains("nectar.sqlite is no file; move it away")
                    && !outcome.errors.contains("nectar restore"),
                "\(outcome.errors)")
        }
    }

    @Test("without a path the backup goes into the data folder; without a store there is nothing to back up")
    func ownFolder() throws {
        let nothing = try NectarProcess.run("backup", "--data", data)
        #expect(nothing.status == 1 && nothing.errors.contains("There is no store"))
        try fill(0..<3)
        let outcome = try NectarProcess.run("backup", "--data", data)
        #expect(outcome.status == 0 && outcome.output.contains("\(data)/backups/nectar-"), "\(outcome.errors)")
    }

    @Test("a damaged backup and a file that is none are refused in a sentence, and the store stays")
    func refused() throws {
        try fill(0..<3)
        try folder.write("none.sqlite", "nothing")
        try folder.write("other.sqlite", "nothing")
        try folder.write("other.sqlite.json", "{}")
        for (name, sentence) in [
            ("none.sqlite", "none.sqlite.json, which describes it, is missing"),
            ("missing.sqlite", "missing.sqlite is missing"),
            ("other.sqlite", "other.sqlite.json does not describe a backup"),
        ] {
            for flags in [[], ["--verify-only"]] {
                let outcome = try NectarProcess.run(["restore", "--data", data, folder.file(name)] + flags)
                #expect(outcome.status == 1 && outcome.errors.contains(sentence), "\(outcome.errors)")
                #expect(outcome.errors.contains("the backup cannot be used: "), "\(outcome.errors)")
            }
        }
        let existing = try NectarProcess.run("backup", "--data", data, folder.file("none.sqlite"))
        #expect(existing.status == 1 && existing.errors.contains("none.sqlite exists already"), "\(existing.errors)")
        #expect(!existing.errors.contains("unavailable"))
        #expect(try count() == 3)
    }

    @Test("over a damaged store a backup is restored; what that means for the erased is told")
    func overDamaged() throws {
        try fill(0..<10)
        #expect(try NectarProcess.run("backup", "--data", data, folder.file("b.sqlite")).status == 0)
        try folder.write("data/nectar.sqlite", "no store any more")
        let served = try NectarProcess.run("serve", "--port", "0", "--data", data)
        #expect(served.status == 1 && served.errors.contains("nectar restore"), "\(served.errors)")
        let restored = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(restored.status == 0 && restored.output.contains("Restored 10 interactions"), "\(restored.errors)")
        #expect(restored.errors.contains("WARNING: ") && restored.errors.contains("is not a SQLite database"))
        #expect(restored.errors.contains("erase them anew"), "\(restored.errors)")
        #expect(try count() == 10)
        let again = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
        try FileManager.default.removeItem(atPath: "\(data)/nectar.sqlite")
        let moved = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(moved.status == 0 && moved.errors.contains("There was no store in the place"), "\(moved.errors)")
    }

    @Test("nothing is restored beside a server")
    func besideServer() throws {
        try fill(0..<3)
        #expect(try NectarProcess.run("backup", "--data", data, folder.file("b.sqlite")).status == 0)
        let server = try NectarServer(in: folder)
        let refused = try NectarProcess.run("restore", "--data", data, folder.file("b.sqlite"))
        #expect(refused.status == 1 && refused.errors.contains("serves from the folder"))
        let backup = try NectarProcess.run("backup", "--data", data, folder.file("c.sqlite"))
        #expect(backup.status == 0 && backup.output.contains("3 interactions"), "\(backup.errors)")
        #expect(server.stop().status == 0)
    }
}
