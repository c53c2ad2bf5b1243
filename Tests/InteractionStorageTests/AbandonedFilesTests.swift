import Foundation
import Testing

@testable import InteractionStorage

@Suite("Files that a killed process leaves")
struct AbandonedFilesTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }

    @Test("what is unfinished is removed, and nothing else")
    func removed() throws {
        let abandoned = [
            "nectar.sqlite.new-12-345", "nectar-1.sqlite.new-12-345", "nectar-1.sqlite.new-12-345-journal",
            "nectar-1.sqlite.json.new-1-2", "nectar.sqlite.restoring", "nectar.sqlite.restoring-wal", "upload-aB3xYz",
            // Its backup never got its name.
            "nectar-2.sqlite.json",
        ]
        let kept = [
            "nectar-3.sqlite", "nectar-3.sqlite.json", "nectar.sqlite", "nectar.sqlite-shm", "nectar.sqlite-wal",
            "nectar.sqlite.new-plan", "nectar.sqlite.replaced-12", "notes.json", "serving.lock", "upload-of-monday",
        ]
        for name in abandoned + kept { try directory.write(Data([1]), to: name) }
        #expect(
            AbandonedFiles.remove(in: [directory.path, directory.path], store: directory.file("nectar.sqlite")).sorted()
                == abandoned.sorted())
        #expect(try names() == kept)
        #expect(
            AbandonedFiles.remove(in: [directory.file("nowhere")], store: directory.file("nowhere/nectar.sqlite")) == []
        )
    }

    @Test("what a restoration left is beside what a linked store leads to")
    func linkedStore() throws {
        for name in ["far", "data"] {
            try FileManager.default.createDirectory(atPath: directory.file(name), withIntermediateDirectories: false)
        }
        for name in ["far/store.db", "far/store.db.restoring", "far/store.db.restoring-wal", "far/other.db.restoring"] {
            try directory.write(Data([1]), to: name)
        }
        let link = directory.file("data/nectar.sqlite")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../far/store.db")
        let removed = AbandonedFiles.remove(in: [directory.file("data")], store: link)
        #expect(removed.map { $0.split(separator: "/").last } == ["store.db.restoring", "store.db.restoring-wal"])
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.file("far")).sorted()
        #expect(left == ["other.db.restoring", "store.db"])
    }

    @Test("what somebody is still making stays, its companions and its description too")
    func underWay() throws {
        let file = try UnfinishedFile(for: directory.file("nectar-1.sqlite"))
        try file.write([1, 2, 3])
        let name = String(file.path.split(separator: "/").last ?? "")
        try directory.write(Data([1]), to: "\(name)-journal")
        try directory.write(Data([1]), to: "nectar-1.sqlite.json")
        #expect(AbandonedFiles.remove(in: [directory.path], store: directory.file("nectar.sqlite")) == [])
        #expect(try directory.bytes(name) == Data([1, 2, 3]))
        file.remove()
        #expect(try names() == ["nectar-1.sqlite.json"])
    }

    @Test("a backup and a store that were made leave no unfinished file")
    func finished() throws {
        let store = try SQLiteInteractionStore(path: directory.file("nectar.sqlite"))
        _ = try store.backUp(to: directory.file("b.sqlite"), at: 0)
        try store.close()
        #expect(
            try names().filter { !$0.contains("nectar.sqlite-") } == ["b.sqlite", "b.sqlite.json", "nectar.sqlite"])
        #expect(throws: StoreError.self) { try store.backUp(to: directory.file("c.sqlite"), at: 0) }
        #expect(
            try names().filter { !$0.contains("nectar.sqlite-") } == ["b.sqlite", "b.sqlite.json", "nectar.sqlite"])
    }
}
