import ArgumentParser
import Foundation
import InteractionFormats

/// `nectar generate`: interactions with planted taste groups, of any size, for trials and load tests.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes made-up interactions and items into a folder that nectar import reads; same seed, same files."
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

    func run() throws {
        try Fatal.unless {
            var made = try SyntheticInteractions(
                .init(
                    users: users, items: items, interactions: interactions, groups: groups, affinity: affinity,
                    zipfExponent: zipf, seed: seed))
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var catalogue = try OutputFile("\(folder)/items.ndjson")
            var records = NDJSONWriter()
            for item in made.items {
                records.write(item)
                if records.bytes.count > 1 << 20 { try catalogue.write(records.takeBytes()) }
            }
            try catalogue.write(records.takeBytes())
            try catalogue.close()

            var file = try OutputFile("\(folder)/interactions.csv")
            var rows = CSVInteractionWriter()
            var bar = ProgressBar("writing")
            var count = 0
            while let interaction = made.next() {
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
            print("Wrote \(count) interactions of \(users) users with \(items) items to \(folder).")
        }
    }
}
