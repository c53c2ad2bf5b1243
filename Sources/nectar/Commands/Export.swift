import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage

/// `nectar export`: what is stored, as files that `nectar import` reads.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes all that is stored into a folder: interactions, items.ndjson and users.ndjson."
    )

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The folder to write into; made if it is missing.")
    var folder: String

    @Option(help: "Format of the interactions: ndjson or csv.")
    var format = "ndjson"

    private static let pageSize = 20_000

    func validate() throws {
        guard ["ndjson", "csv"].contains(format) else {
            throw ValidationError("--format must be ndjson or csv, not \"\(format)\".")
        }
    }

    func run() throws {
        let data = try DataDirectory(existing: try options.load())
        let rivals = DatasetFiles.rivals(ofExport: "interactions.\(format)", inFolder: folder)
        guard rivals.isEmpty else {
            throw Fatal(
                description:
                    "The folder \(folder) holds \(rivals.joined(separator: " and ")) already, which nectar import could not "
                    + "tell from this export; take it away first, or name another folder.")
        }
        try Fatal.unless {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let interactions = try exportInteractions(of: data.store)
            let items = try exportItems(of: data.store)
            let users = try exportUsers(of: data.store)
            print("Wrote \(interactions) interactions, \(items) items and \(users) users to \(folder).")
        }
    }

    private func exportInteractions(of store: any InteractionStore) throws -> Int {
        var file = try OutputFile("\(folder)/interactions.\(format)")
        var csv = CSVInteractionWriter()
        var ndjson = NDJSONWriter()
        var last: Int64?
        var count = 0
        while true {
            let page = try store.interactions(userID: nil, itemID: nil, kind: nil, after: last, limit: Self.pageSize)
            for stored in page {
                if format == "csv" { csv.write(stored.interaction) } else { ndjson.write(stored.interaction) }
            }
            // Also without any interaction: the header of a CSV file.
            try file.write(format == "csv" ? csv.takeBytes() : ndjson.takeBytes())
            guard let end = page.last else { break }
            count += page.count
            last = end.rowID
        }
        try file.close()
        return count
    }

    private func exportItems(of store: any InteractionStore) throws -> Int {
        try exportRecords(
            to: "items.ndjson", page: { try store.items(after: $0, limit: Self.pageSize) }, id: \.id,
            write: { $0.write($1) })
    }

    private func exportUsers(of store: any InteractionStore) throws -> Int {
        try exportRecords(
            to: "users.ndjson", page: { try store.users(after: $0, limit: Self.pageSize) }, id: \.id,
            write: { $0.write($1) })
    }

    private func exportRecords<Record>(
        to name: String, page: (String?) throws -> [Record], id: (Record) -> String,
        write: (inout NDJSONWriter, Record) -> Void
    ) throws -> Int {
        var file = try OutputFile("\(folder)/\(name)")
        var writer = NDJSONWriter()
        var last: String?
        var count = 0
        while true {
            let records = try page(last)
            guard let end = records.last else { break }
            for record in records { write(&writer, record) }
            try file.write(writer.takeBytes())
            count += records.count
            last = id(end)
        }
        try file.close()
        return count
    }
}
