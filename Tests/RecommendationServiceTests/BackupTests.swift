import Foundation
import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("POST /admin/backup", .timeLimit(.minutes(1)))
struct BackupTests {
    private func service(keep: Int = 7) throws -> TestService {
        let directory = try TemporaryDirectory()
        let store = try SQLiteInteractionStore(path: directory.file("nectar.sqlite"))
        return try TestService(store: store, directory: directory) { $0.backup.keep = keep }
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
