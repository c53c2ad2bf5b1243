import Foundation
import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("POST /admin/backup", .timeLimit(.minutes(1)))
struct BackupTests {
    /// - Parameter folder: Where backups go; in the data folder unless it is given.
    private func service(keep: Int = 7, backups folder: String = "") throws -> TestService {
        let directory = try TemporaryDirectory()
        let store = try SQLiteInteractionStore(path: directory.file("nectar.sqlite"))
        return try TestService(store: store, directory: directory) {
            $0.backup.keep = keep
            $0.backup.directory = folder
        }
    }

    private func names(_ service: TestService) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: service.directory.file("backups"))) ?? []).sorted()
    }

    @Test("a backup is made, verified and described, and can be restored")
    func backsUp() throws {
        let service = try service()
        _ = try service.post("/interactions", #"{"user_id": "u", "item_id": "i"}"#)
        let reply = try service.ask("POST", "/admin/backup")
        #expect(reply.status == 201)
        let file = try #require(reply.json["file"]?.string)
        #expect(reply.json["interactions"]?.int == 1 && reply.json["watermark"]?.int == 1)
        // The same words as in /healthz, which counts whom interactions name; records are something else.
        #expect(reply.json["users"]?.int == 1 && reply.json["items"]?.int == 1)
        #expect(reply.json["user_records"]?.int == 0 && reply.json["catalogue_items"]?.int == 0)
        let backup = try StoreBackup(describing: file)
        #expect(reply.json["bytes"]?.int == Int(backup.bytes) && reply.json["checksum"]?.string == backup.checksum)
        try backup.verify(file)
        #expect(names(service).count == 2)
    }

    @Test("the newest stay, with what describes them")
    func keeps() throws {
        let service = try service(keep: 2)
        var files: [String] = []
        for _ in 0..<4 {
            files.append(try #require(try service.ask("POST", "/admin/backup").json["file"]?.string))
            service.time.advance(milliseconds: 1)
        }
        let expected = files.suffix(2).map { String($0.split(separator: "/").last ?? "") }
        #expect(names(service) == expected.flatMap { [$0, "\($0).json"] })
    }

    @Test("of several servers' backups in one folder each removes its own, and none that does not say whose it is")
    func sharedFolder() throws {
        let folder = try TemporaryDirectory()
        let services = try [service(keep: 2, backups: folder.path), service(keep: 2, backups: folder.path)]
        var files: [[String]] = [[], []]
        for round in 0..<4 {
            for (index, service) in services.enumerated() where index == 0 || round == 0 {
                files[index].append(try #require(try service.ask("POST", "/admin/backup").json["file"]?.string))
            }
            services[0].time.advance(milliseconds: 10)
        }
        // From before backups said so.
        let unnamed = files[0][2]
        let text = try String(contentsOfFile: "\(unnamed).json", encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.contains("\"store\"") }
        try lines.joined(separator: "\n").write(toFile: "\(unnamed).json", atomically: true, encoding: .utf8)
        #expect(try StoreBackup(describing: unnamed).store == nil)
        for _ in 0..<2 {
            files[0].append(try #require(try services[0].ask("POST", "/admin/backup").json["file"]?.string))
            services[0].time.advance(milliseconds: 10)
        }
        let expected = (files[0].suffix(2) + [unnamed] + files[1]).flatMap { [$0, "\($0).json"] }
        #expect(try Set(folder.names().map { folder.file($0) }) == Set(expected))
    }

    @Test("what cannot be backed up, or is asked for wrongly, is a problem document")
    func refusals() throws {
        let memory = try TestService()
        try memory.ask("POST", "/admin/backup").expectProblem(500)
        let service = try service()
        try service.ask("POST", "/admin/backup?to=/etc").expectProblem(400)
        try service.post("/admin/backup", "{}").expectProblem(400)
        #expect(names(service) == [])
    }
}
