import ArgumentParser
import Foundation
import Glibc
import InteractionFormats
import InteractionStorage
import JSON

/// Measures what a client of the server cannot see of the store, for `scripts/bench storage`: each subcommand prints one JSON
/// object.
@main
struct StorageSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the store; scripts/bench storage puts the figures together.",
        subcommands: [Commits.self, Scan.self, Decode.self]
    )

    /// Prints the members that `body` writes as one object on one line.
    static func report(_ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.object(body)
        print(String(decoding: writer.bytes, as: UTF8.self))
    }

    /// Seconds on the clock and of the process's CPU that `body` takes.
    static func timed(_ body: () throws -> Void) rethrows -> (seconds: Double, cpu: Double) {
        let (wall, cpu) = (now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID))
        try body()
        return (now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - cpu)
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Commits of one interaction each, one after the other: what requests would cost without a group.
struct Commits: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Durable commits of one interaction each, ungrouped.")

    @Argument(help: "The store's file; made if it is missing.")
    var path: String

    @Option(help: "Seconds to go on for.")
    var seconds = 2.0

    func run() throws {
        let store = try SQLiteInteractionStore(path: path)
        var count = 0
        let time = try StorageSpeed.timed {
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                let interaction = Interaction(userID: "u\(count % 1_000)", itemID: "i\(count % 777)", rating: 4)
                _ = try store.append([interaction], idempotencyKey: nil)
                count += 1
            }
        }
        try store.close()
        StorageSpeed.report { $0.member("per_second", Double(count) / time.seconds) }
    }
}

/// A reading of all interactions as a training makes it.
struct Scan: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Reads all interactions, as a training does.")

    @Argument(help: "The store's file.")
    var path: String

    func run() throws {
        let store = try SQLiteInteractionStore(path: path)
        var sum = 0.0
        var rows = 0
        let time = try StorageSpeed.timed {
            // Every member is looked at, or the compiler might not have it read.
            rows = try store.scan(
                after: 0, begin: { sum += Double($0.userIDs.count + $0.itemIDs.count) },
                row: { row in
                    sum += Double(row.userKey &+ row.itemKey &+ row.kindKey) + (row.rating ?? 0) + (row.weight ?? 1)
                    sum += Double(row.timestamp ?? 0)
                    return true
                })
        }
        try store.close()
        StorageSpeed.report { report in
            report.member("rows", rows)
            report.member("per_second", Double(rows) / time.seconds)
            report.member("per_cpu_second", Double(rows) / time.cpu)
            report.member("sum", sum)
        }
    }
}

/// From the bytes of a body to typed interactions, by the code that reads bodies.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads NDJSON, or one JSON document of the same rows, into typed interactions.")

    @Argument(help: "A file of NDJSON, of which the beginning is held in memory.")
    var path: String

    @Flag(help: "As one JSON document rather than rows.")
    var document = false

    private static let length = 200 << 20
    /// A JSON document may have 16 MiB.
    private static let documentLength = 15 << 20

    func run() throws {
        guard let file = FileHandle(forReadingAtPath: path) else { throw ValidationError("\(path) cannot be read.") }
        let limit = document ? Self.documentLength : Self.length
        var bytes = [UInt8](try file.read(upToCount: limit) ?? Data())
        bytes.removeLast(bytes.reversed().firstIndex(of: UInt8(ascii: "\n")).map { bytes.count - $0.base } ?? 0)
        var count = 0
        let length: Int
        let time: (seconds: Double, cpu: Double)
        if document {
            let rows = bytes.split(separator: UInt8(ascii: "\n")).joined(separator: [UInt8(ascii: ",")])
            let body = Array("{\"interactions\":[".utf8) + rows + Array("]}".utf8)
            length = body.count
            time = try StorageSpeed.timed { count = try Self.decode(body) }
        } else {
            length = bytes.count
            time = try StorageSpeed.timed { count = try Self.read(bytes) }
        }
        StorageSpeed.report { report in
            report.member("rows", count)
            report.member("megabytes_per_second", Double(length) / 1e6 / time.seconds)
            report.member("megabytes_per_cpu_second", Double(length) / 1e6 / time.cpu)
        }
    }

    /// As the body of a request that is one document.
    private static func decode(_ body: [UInt8]) throws -> Int {
        var faults = JSONFaults()
        var interactions: [Interaction] = []
        interactions.reserveCapacity(body.count / 64)
        let decoder = FlatInteractionDecoder(limits: InteractionLimits())
        let place = JSONPointer("/interactions")
        let document = try JSONParser().parse(body, eachElementOf: "interactions") { index, element in
            let interaction = decoder.decode(element, at: place.appending(index), faults: &faults)
            if let interaction { interactions.append(interaction) }
        }
        let object = JSONObjectDecoder(
            document.root, knownMembers: ["interactions", "partial"], faults: &faults)
        _ = object?.require("interactions", &faults)?.decodeArray(&faults)
        guard faults.isEmpty else { throw ValidationError("\(faults.faults)") }
        return interactions.count
    }

    /// In pieces, as they come from a connection.
    private static func read(_ bytes: [UInt8]) throws -> Int {
        var reader = NDJSONInteractionReader()
        var count = 0
        var position = 0
        while position < bytes.count {
            let end = min(position + 262_144, bytes.count)
            try reader.consume(
                bytes.span.extracting(position..<end), into: { _ in count += 1 }, faults: { throw $0 })
            position = end
        }
        try reader.finish(into: { _ in count += 1 }, faults: { throw $0 })
        return count
    }
}
