import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage
import RecommendationService

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
            let interactions = try write(
                .interactions, as: RecordExport.Format(rawValue: format) ?? .ndjson, of: data.store)
            let items = try write(.items, as: .ndjson, of: data.store)
            let users = try write(.users, as: .ndjson, of: data.store)
            let withdrawn = items.withdrawn > 0 ? " (and \(items.withdrawn) that are withdrawn)" : ""
            print(
                "Wrote \(interactions.count) interactions, \(items.count) items\(withdrawn) and \(users.count) users to "
                    + "\(folder).")
        }
    }

    /// Writes one file; returns the export, which knows how many records that were.
    private func write(
        _ what: RecordExport.What, as format: RecordExport.Format, of store: any InteractionStore
    ) throws -> RecordExport {
        var file = try OutputFile("\(folder)/\(what.rawValue).\(format.rawValue)")
        var export = try RecordExport(of: what, as: format, from: store)
        while let piece = try export.next() { try file.write(piece) }
        try file.close()
        return export
    }
}
