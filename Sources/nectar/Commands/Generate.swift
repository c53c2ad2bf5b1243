import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage

/// `nectar generate`: interactions with planted taste groups, of any size, for trials and load tests.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Writes made-up interactions and items into a folder that nectar import reads; same seed, same files.",
        discussion: """
            With --faults rows with faults of every sort stand between the good ones, and faults.csv lists their lines.
            """
    )

    @Argument(help: "The folder to write into; made if it is missing.")
    var folder: String

    @Option(help: "Users.")
    var users = 1_000

    @Option(help: "Items.")
    var items = 2_000

    @Option(help: "Interactions.")
    var interactions = 100_000

    @Option(help: "Taste groups.")
    var groups = 8

    @Option(help: "Share of a user's interactions within their group.")
    var affinity = 0.8

    @Option(help: "How steeply popularity falls: 0 is flat, 1 is Zipf's law.")
    var zipf = 1.0

    @Option(help: "Where every random decision starts.")
    var seed: UInt64 = 42

    @Option(help: "Format of the interactions: csv or ndjson.")
    var format = "csv"

    @Option(help: "Share of the rows that have a fault.")
    var faults = 0.0

    func validate() throws {
        guard SyntheticFaults.Format(rawValue: format) != nil else {
            throw ValidationError("--format must be csv or ndjson, not \"\(format)\".")
        }
        guard faults >= 0 && faults < 1 else { throw ValidationError("--faults must be at least 0 and below 1.") }
    }

    func run() throws {
        try Fatal.unless {
            var made = try SyntheticInteractions(
                .init(
                    users: users, items: items, interactions: interactions, groups: groups, affinity: affinity,
                    zipfExponent: zipf, seed: seed))
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try writeCatalogue(made)
            let (rows, bad) = try writeInteractions(&made)
            let faulty = bad > 0 ? ", and \(bad) rows with faults between them," : ""
            print("Wrote \(rows) interactions\(faulty) of \(users) users with \(items) items to \(folder).")
        }
    }

    private func writeCatalogue(_ made: SyntheticInteractions) throws {
        var catalogue = try OutputFile("\(folder)/items.ndjson")
        var records = NDJSONWriter()
        for item in made.items {
            records.write(item)
            if records.bytes.count > 1 << 20 { try catalogue.write(records.takeBytes()) }
        }
        try catalogue.write(records.takeBytes())
        try catalogue.close()
    }

    private func writeInteractions(_ made: inout SyntheticInteractions) throws -> (rows: Int, bad: Int) {
        let format = SyntheticFaults.Format(rawValue: format) ?? .csv
        var file = try OutputFile("\(folder)/interactions.\(format.rawValue)")
        var rows = InteractionRows(format)
        var bad = SyntheticFaults(share: faults, format: format, seed: seed)
        var list = Array("line,sort\n".utf8)
        var bar = ProgressBar("writing")
        var count = 0
        var badCount = 0
        while let interaction = made.next() {
            for row in bad.rows(before: interaction) {
                badCount += 1
                rows.write(row.bytes)
                list += Array("\(rows.headerLines + count + badCount),\(row.sort)\n".utf8)
            }
            rows.write(interaction)
            count += 1
            if rows.bytes.count > 1 << 20 {
                try file.write(rows.takeBytes())
                bar.show(share: Double(count) / Double(max(1, interactions)), rows: count)
            }
        }
        try file.write(rows.takeBytes())
        try file.close()
        bar.end()
        if faults > 0 {
            var lines = try OutputFile("\(folder)/faults.csv")
            try lines.write(list)
            try lines.close()
        }
        return (count, badCount)
    }
}

/// Rows of either format, good and bad, in a buffer that its owner empties.
private struct InteractionRows {
    private var csv: CSVInteractionWriter?
    private var ndjson = NDJSONWriter()
    private(set) var bytes: [UInt8] = []

    init(_ format: SyntheticFaults.Format) {
        csv = format == .csv ? CSVInteractionWriter() : nil
        bytes = csv?.takeBytes() ?? []
    }

    /// Lines before the first row.
    var headerLines: Int { csv == nil ? 0 : 1 }

    mutating func write(_ interaction: Interaction) {
        if csv == nil { ndjson.write(interaction) } else { csv?.write(interaction) }
        bytes += csv?.takeBytes() ?? ndjson.takeBytes()
    }

    mutating func write(_ row: [UInt8]) {
        bytes += row
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func takeBytes() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }
}
