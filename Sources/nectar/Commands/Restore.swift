import ArgumentParser
import Foundation
import InteractionStorage
import JSON
import NCF
import RecommendationService

/// `nectar restore`: puts a backup in the place of the store.
struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Verifies a backup and puts it in the place of the store, which stays under another name.",
        discussion: """
            No server may be at work in the data folder, or in the database that storage.url names: the backup may come from
            either and go into either. Users who were erased since the backup was made are erased from it
            before it takes its place. The models stay.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The backup, as nectar backup or POST /admin/backup wrote it.")
    var path: String

    @Flag(help: "Only verify the backup: every octet, page and count.")
    var verifyOnly = false

    func run() throws {
        let configuration = try options.load()
        if verifyOnly {
            let description = try Fatal.unless {
                let description = try StoreBackup(describing: path)
                try description.verify(path)
                return description
            }
            return print("\(path) is whole: \(description.interactions) interactions.")
        }
        let folder = configuration.dataDirectory
        try Fatal.unless { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        let lock = try ServingLock(folder: folder, for: .serving)
        let outcome = try Fatal.unless {
            let restoration = StoreRestoration(
                backup: path, path: "\(folder)/nectar.sqlite", lowestRow: try newestWatermark(configuration),
                now: WallClock.system.milliseconds())
            return try restore(restoration, to: StorePlace(configuration))
        }
        if let row = outcome.movedAfter {
            ArrivalFile(directory: folder).end(after: row, Log.logger(level: configuration.log.level))
        }
        withExtendedLifetime(lock) {}
        tell(outcome)
    }

    private func tell(_ outcome: StoreRestoration.Outcome) {
        let erased = outcome.erased > 0 ? "; \(outcome.erased) users erased since are not among them" : ""
        let replaced = outcome.replaced.map { " The store that was there is \($0) now." } ?? ""
        print(
            "Restored \(outcome.counts.interactions) interactions of \(outcome.counts.users) users\(erased).\(replaced)"
        )
        if let row = outcome.movedAfter {
            print(
                "It is of another store: its rows stand after row \(row) now. Models learn of them in the next training."
            )
        }
        if let warning = Self.warning(outcome) { FileHandle.standardError.write(Data((warning + "\n").utf8)) }
    }

    /// What the operator has to see to; nil where nothing is in doubt.
    private static func warning(_ outcome: StoreRestoration.Outcome) -> String? {
        let former = outcome.damage.map { "The store that was there could not be opened (\($0)). " } ?? ""
        guard !outcome.knowsErasures else {
            return outcome.damage.map { _ in former + "Who had been erased could be read from it in full." }
        }
        let reason =
            outcome.damage == nil
            ? "There was no store in the place to tell who was erased since. "
            : former + "Who had been erased could not be read from it in full. "
        let time = RFC3339.format(milliseconds: outcome.backedUpAt)
        return "WARNING: \(reason)Users who were erased after \(time), when the backup was made, may be in the record "
            + "again: erase them anew (DELETE /users/ID)."
    }

    private func restore(
        _ restoration: StoreRestoration, to place: StorePlace
    ) throws -> StoreRestoration.Outcome {
        #if PostgreSQL
            if case .database(let storage) = place {
                let store = try StorePlace.connect(storage, for: .serving)
                defer { try? store.close() }
                return try restoration.restore(into: store)
            }
        #endif
        if case .database = place { _ = try place.open(for: .serving) }
        return try restoration.restore()
    }

    /// Rows that a model has seen must not be given out again for others.
    private func newestWatermark(_ configuration: ServiceConfiguration) throws -> Int64 {
        let models = try ModelStore(directory: "\(configuration.dataDirectory)/models", keep: configuration.keptModels)
        return models.versions().map(\.lineage.dataWatermark).max() ?? 0
    }
}
