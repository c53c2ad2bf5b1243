import Foundation
import Logging
import TestSupport
import Testing

@testable import RecommendationService

@Suite("In which hour a row came, and its interaction happened")
struct ArrivalHoursTests {
    private static let hour = ArrivalHours.hourLength

    /// Rows 5 to 7 came in hour 10, 8 and 9 at a time that nobody knows, from 10 on in hour 20.
    private static func example() -> ArrivalHours {
        var hours = ArrivalHours()
        hours.note(10, from: 5)
        hours.note(nil, from: 8)
        hours.note(20, from: 10)
        return hours
    }

    @Test(
        "without a time of its own: when it came, where that is known",
        arguments: [(1, nil), (4, nil), (5, 10), (7, 10), (8, nil), (9, nil), (10, 20), (1000, 20)] as [(Int64, Int?)])
    func untimed(row: Int64, hour: Int?) {
        #expect(Self.example().hour(of: row, at: nil) == hour)
    }

    @Test(
        "with a time: that, but never later than it came, or than the next hour known",
        arguments: [
            (1, 3, 3), (1, 10, 10), (1, 11, 10), (5, 9, 9), (5, 11, 10), (8, 15, 15), (8, 30, 20), (10, 20, 20),
            (10, 21, 20), (10, -4, -4),
        ] as [(Int64, Int64, Int)])
    func timed(row: Int64, time: Int64, hour: Int) {
        #expect(Self.example().hour(of: row, at: time * Self.hour) == hour)
        #expect(Self.example().hour(of: row, at: time * Self.hour + Self.hour - 1) == hour)
    }

    @Test("hours begin on the hour, also before 1970")
    func boundaries() {
        #expect([0, Self.hour - 1, Self.hour, -1, -Self.hour].map { ArrivalHours.hour(of: $0) } == [0, 0, 1, -1, -1])
        #expect(ArrivalHours().hour(of: 1, at: 7 * Self.hour) == 7 && ArrivalHours().hour(of: 1, at: nil) == nil)
        #expect(ArrivalHours.hour(of: .min) < 0 && ArrivalHours.hour(of: .max) > 0)
    }

    @Test("the same hour again is no news, nor is one of before")
    func repeated() {
        var hours = Self.example()
        #expect(!hours.note(20, from: 12) && !hours.note(19, from: 12) && !hours.note(21, from: 9))
        #expect(hours == Self.example())
        #expect(hours.note(21, from: 10) && hours.hour(of: 10, at: nil) == 21 && hours.entries.count == 3)
        #expect(hours.note(nil, from: 11) && hours.note(21, from: 12) && hours.entries.count == 5)
    }

    @Test("what is forgotten was long ago, and stays so")
    func forgotten() {
        var hours = Self.example()
        hours.forget(before: 20)
        #expect(hours == Self.example())
        hours.note(30, from: 15)
        hours.forget(before: 21)
        #expect(hours.entries.map(\.firstRow) == [10, 15])
        #expect(hours.hour(of: 8, at: 25 * Self.hour) == 20 && hours.hour(of: 8, at: nil) == nil)
        #expect(hours.hour(of: 12, at: 25 * Self.hour) == 20 && hours.hour(of: 15, at: 25 * Self.hour) == 25)
    }

    @Test("a file keeps it, as far as the rows are there")
    func file() throws {
        let directory = try TemporaryDirectory()
        let file = ArrivalFile(directory: directory.path)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(file.read(upTo: 100, logger).entries.isEmpty)
        file.write(Self.example(), logger)
        #expect(file.read(upTo: 9, logger) == Self.example())
        #expect(file.read(upTo: 8, logger).entries == Array(Self.example().entries.prefix(2)))
        #expect(file.read(upTo: 0, logger).entries.isEmpty)
    }

    @Test("what is stored while no server is at work came at no time that is known, also after one that was killed")
    func end() throws {
        let directory = try TemporaryDirectory()
        let file = ArrivalFile(directory: directory.path)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        // Where nothing was noted, nothing has to be taken back.
        file.end(after: 5, logger)
        #expect(!FileManager.default.fileExists(atPath: file.path))
        var hours = ArrivalHours()
        hours.note(100, from: 1)
        hours.note(101, from: 4)
        file.write(hours, logger)
        file.end(after: 6, logger)
        let ended = file.read(upTo: 100, logger)
        #expect([3, 4, 6].map { ended.hour(of: $0, at: nil) } == [100, 101, 101])
        #expect(ended.hour(of: 7, at: nil) == nil && ended.hour(of: 7, at: 99 * Self.hour) == 99)
        file.end(after: 9, logger)
        #expect(file.read(upTo: 100, logger) == ended)
    }

    @Test(
        "a file that makes no sense is left aside",
        arguments: ["5", "5 10 3", "x 10", "5 ten", "-1 10", "0 10", "5 10\n5 11", "5 10\n4 11", "\u{0}", "5 1e3"])
    func damagedFile(text: String) throws {
        let directory = try TemporaryDirectory()
        let file = ArrivalFile(directory: directory.path)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(file.read(upTo: 100, logger).entries.isEmpty)
    }
}
