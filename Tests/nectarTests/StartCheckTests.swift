import Foundation
import Glibc
import InteractionStorage
import TestSupport
import Testing

@Suite("What nectar serve makes sure of")
struct StartCheckTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var data: String { folder.file("data") }

    /// A closed store with one interaction.
    private func makeStore() throws {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let store = try SQLiteInteractionStore(path: "\(data)/nectar.sqlite")
        _ = try store.append([Interaction(userID: "u", itemID: "i")], idempotencyKey: nil)
        try store.close()
    }

    /// What a start that is refused says.
    private func refusal() throws -> String {
        let error = try #require(throws: NectarServer.NotStarted.self) { try NectarServer(in: folder) }
        return error.errors
    }

    @Test("a damaged store is refused, says what to do, and stays as it is")
    func damaged() throws {
        try makeStore()
        let damaged = try folder.content("data/nectar.sqlite").dropLast(1000)
        try folder.write("data/nectar.sqlite", Data(damaged))
        let sentence = try refusal()
        #expect(sentence.contains("damaged") && sentence.contains("nectar restore"), "\(sentence)")
        #expect(try folder.content("data/nectar.sqlite") == damaged)
    }

    @Test("a store of a newer version is refused, says what to do, and stays as it is")
    func newer() throws {
        try makeStore()
        var bytes = try folder.content("data/nectar.sqlite")
        // `user_version`, big-endian (SQLite's file format, section 1.3).
        bytes[62] = 1
        try folder.write("data/nectar.sqlite", bytes)
        let sentence = try refusal()
        #expect(sentence.contains("newer version") && sentence.contains("restore a backup"), "\(sentence)")
        #expect(try folder.content("data/nectar.sqlite") == bytes)
    }

    @Test("a folder that is a file is named")
    func folderIsFile() throws {
        try folder.write("data", "no folder")
        let sentence = try refusal()
        #expect(sentence.contains(data), "\(sentence)")
    }

    @Test("what may not be written is named, and who would have to", arguments: ["", "/nectar.sqlite", "/models"])
    func permissions(path: String) throws {
        try makeStore()
        try FileManager.default.createDirectory(atPath: "\(data)/models", withIntermediateDirectories: true)
        // To root nothing is forbidden: another user is asked. What that one is not shown is all else in the folder.
        #expect(unsafe chmod(folder.path, 0o755) == 0)
        for open in ["", "/nectar.sqlite", "/models"] where open != path {
            #expect(unsafe chmod(data + open, 0o777) == 0)
        }
        #expect(unsafe chmod(data + path, 0o555) == 0)
        defer { _ = unsafe chmod(data + path, 0o755) }
        let outcome = try NectarProcess.runAsNobody(["serve", "--port", "0", "--data", data])
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("\(data + path) cannot be read and written: Permission denied"), "\(outcome.errors)"
        )
        #expect(outcome.errors.contains("user "))
    }

    @Test(
        "a command that cannot open the store says what is in its way, and not only a server",
        arguments: ["", "/nectar.sqlite"])
    func commandPermissions(path: String) throws {
        try makeStore()
        #expect(unsafe chmod(folder.path, 0o777) == 0)
        for open in ["", "/nectar.sqlite"] where open != path { #expect(unsafe chmod(data + open, 0o777) == 0) }
        #expect(unsafe chmod(data + path, 0o555) == 0)
        defer { _ = unsafe chmod(data + path, 0o755) }
        for arguments in [["export", folder.file("out")], ["inspect"], ["backup", folder.file("b.sqlite")]] {
            let outcome = try NectarProcess.runAsNobody(arguments + ["--data", data])
            #expect(outcome.status == 1)
            #expect(
                outcome.errors.contains("\(data + path) cannot be read and written: Permission denied"),
                "\(arguments): \(outcome.errors)")
        }
    }

    @Test("what a killed process left is removed and told; what a backup is making stays")
    func abandoned() throws {
        try makeStore()
        try folder.write("data/backups/nectar-1.sqlite.new-1-2", "half")
        try folder.write("data/nectar.sqlite.restoring", "half")
        try folder.write("data/upload-abcdef", "half")
        try folder.write("data/models/v000001.safetensors.x.writing", "half")
        let server = try NectarServer(in: folder)
        let outcome = server.stop()
        #expect(outcome.status == 0)
        #expect(outcome.log.contains("nectar-1.sqlite.new-1-2") && outcome.log.contains("upload-abcdef"))
        let left = try FileManager.default.subpathsOfDirectory(atPath: data).sorted()
        let stores = ["nectar.sqlite", "nectar.sqlite-shm", "nectar.sqlite-wal"]
        #expect(
            left.filter { !stores.contains($0) } == ["arrivals", "backups", "models", "models/lock", "serving.lock"])
    }

    @Test("with less space than is to stay free it starts and says so, and a write is answered 507")
    func noSpace() throws {
        let server = try NectarServer(
            in: folder, environment: ["NECTAR_STORAGE_MINIMUM_FREE_MEGABYTES": "1000000000"])
        let client = try RawClient(port: server.port)
        let row = #"{"user_id": "u", "item_id": "i"}"#
        client.send(
            "POST /interactions HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: \(row.utf8.count)\r\n\r\n\(row)"
        )
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 507 "))
        let outcome = server.stop()
        #expect(outcome.status == 0 && outcome.log.contains("minimum_free_megabytes"))
    }
}
