import Dispatch
import JSON
import Locking
import NCF
import RecommendationService
import TestSupport
import Testing

@Suite("One answer, one model", .timeLimit(.minutes(1)))
struct ConsistencyTests {
    /// What a client found wrong, and how many answers it looked at.
    private struct Findings: Sendable {
        var answers = 0
        var versions: Set<String> = []
        var faults: [String] = []
    }

    /// Asks for the same batch until `isOver`, and checks that every answer comes whole from one model: all scores are
    /// those that model gave before.
    private static func watch(
        _ service: TestService, _ known: [String: String], _ isOver: Lock<Bool>, _ findings: Lock<Findings>
    ) {
        guard let client = try? service.client() else { return }
        var last = 0
        repeat {
            let reply = client.ask("POST", "/recommend", Array(batch.utf8))
            let name = reply.field("Nectar-Model") ?? "none"
            let version = Int(name.dropFirst()) ?? -1
            var faults: [String] = []
            if reply.status != 200 { faults.append("\(reply.status)") }
            if reply.json["model"]?.string != name { faults.append("\(name) in the field, another in the body") }
            if let expected = known[name], fingerprint(reply) != expected {
                faults.append("scores that \(name) has not")
            }
            if version < last { faults.append("v\(last), then \(name)") }
            last = version
            findings.withLock { [faults] findings in
                findings.answers += 1
                findings.versions.insert(name)
                findings.faults += faults
            }
        } while !isOver.withLock { $0 }
    }

    private static let batch =
        #"{"users": [{"user_id": "u0"}, {"user_id": "u5"}, {"user_id": "stranger"}, {"history": ["i2"]}], "limit": 5}"#

    /// Every item and score of an answer, and the model that each of its lists names.
    private static func fingerprint(_ reply: Reply) -> String {
        let results = reply.json["results"]?.elements.map { $0 } ?? []
        return results.map { list in
            let items =
                list["items"]?.elements.map { "\($0["item_id"]?.string ?? "")=\($0["score"]?.double ?? -1)" } ?? []
            return "\(list["model"]?.string ?? "none"): \(items.joined(separator: " "))"
        }
        .joined(separator: "\n")
    }

    @Test("while models are trained and swapped, every answer is of one model, and no connection goes back")
    func swaps() throws {
        let service = try TestService.trained { $0.keptModels = 20 }
        // Different seeds make models that differ in every score.
        var known = ["v1": Self.fingerprint(try service.post("/recommend", Self.batch))]
        let names = (2...8).map { "v\($0)" }
        for name in names {
            try service.train("\"publish\": \"always\", \"seed\": \(name.dropFirst())")
            known[name] = Self.fingerprint(try service.post("/recommend", Self.batch))
        }
        #expect(Set(known.values.map { $0.drop { $0 != ":" } }).count == 8)
        _ = try service.post("/models/v1/publish", "")
        let isOver = Lock(false)
        let findings = Lock(Findings())
        let watchers = DispatchGroup()
        for _ in 0..<3 {
            DispatchQueue.global().async(group: watchers) { [known] in
                Self.watch(service, known, isOver, findings)
            }
        }
        for name in names { #expect(try service.post("/models/\(name)/publish", "").status == 200) }
        for seed in 9...10 { try service.train("\"publish\": \"always\", \"seed\": \(seed)") }
        isOver.withLock { $0 = true }
        watchers.wait()
        let found = findings.withLock { $0 }
        #expect(found.faults.isEmpty)
        #expect(found.answers >= 3)
    }
}
