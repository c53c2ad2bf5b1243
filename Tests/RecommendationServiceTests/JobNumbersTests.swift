import Foundation
import InteractionStorage
import JSON
import Logging
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Jobs are told apart", .timeLimit(.minutes(1)))
struct JobNumbersTests {
    private static let body =
        #"{"interactions": [{"user_id": "1", "item_id": "x"}], \#(TestService.smallModel), "wait": true}"#

    private func numbers(_ directory: TemporaryDirectory) -> JobNumbers {
        JobNumbers(directory: directory.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("no number is given twice, by the next process neither, however this one ends")
    func numbers() throws {
        let directory = try TemporaryDirectory()
        let first = numbers(directory)
        #expect((0..<250).map { _ in first.next() } == Array(1...250))
        first.end()
        let second = numbers(directory)
        #expect(second.next() == 251 && second.next() == 252)
        // Killed.
        let third = numbers(directory)
        #expect(third.next() > 252)
        third.end()
    }

    @Test("a process without jobs leaves the numbers as they were, and a damaged file is no end")
    func odd() throws {
        let directory = try TemporaryDirectory()
        numbers(directory).end()
        #expect(numbers(directory).next() == 1)
        try "no number".write(toFile: directory.file("jobs"), atomically: true, encoding: .utf8)
        #expect(numbers(directory).next() == 1)
        let nowhere = JobNumbers(
            directory: directory.file("missing"), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(nowhere.next() == 1 && nowhere.next() == 2)
        // The next one tries to write it again.
        try FileManager.default.createDirectory(atPath: directory.file("missing"), withIntermediateDirectories: false)
        #expect(nowhere.next() == 3)
        #expect(try String(contentsOfFile: directory.file("missing/jobs"), encoding: .utf8) == "102\n")
    }

    @Test("after a restart a job of before is not another's")
    func restart() throws {
        let directory = try TemporaryDirectory()
        func job() throws -> Reply { try TestService(directory: directory).post("/train", Self.body) }
        #expect(try job().json["job"]?.string == "1")
        #expect(try job().json["job"]?.string == "2")
        #expect(try TestService(directory: directory).get("/train/1").status == 404)
    }

    @Test("a training that is asked for again with its key is the one of before, and stores nothing twice")
    func repeated() throws {
        let service = try TestService()
        func train(_ body: String, key: String) throws -> Reply {
            try service.post("/train", body, fields: "Idempotency-Key: \(key)\r\n")
        }
        let first = try train(Self.body, key: "k")
        #expect(first.status == 200 && first.json["job"]?.string == "1")
        let again = try train(Self.body, key: "k")
        #expect(again.status == 200 && again.json["job"]?.string == "1")
        #expect(try service.store.counts.interactions == 1)
        let other = try train("{\(TestService.smallModel)}", key: "k")
        #expect(other.status == 422 && other.text.contains("of which job 1 came"))
        #expect(try train(Self.body, key: "l").json["job"]?.string == "2")
        // Keys that only look alike.
        #expect(try train("{\(TestService.smallModel), \"wait\": true}", key: "\u{E9}").json["job"]?.string == "3")
        #expect(try train("{\(TestService.smallModel)}", key: "e\u{301}").json["job"]?.string == "4")
        #expect(try service.store.counts.interactions == 2)
        #expect(try service.get("/train").json["jobs"]?.count == 4)
        let bad = try service.post("/train", Self.body, fields: "Idempotency-Key: a\r\nIdempotency-Key: b\r\n")
        #expect(bad.status == 400)
    }
}
