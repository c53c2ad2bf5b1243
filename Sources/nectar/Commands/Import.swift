import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage
import RecommendationService

/// `nectar import`: a dataset's files into the store.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Reads a dataset into the store: MovieLens (100K, 1M, CSV), RecBole's atomic files, Gorse, Recombee, CSV or NDJSON.",
        discussion: """
            All or nothing unless --partial: everything is stored in one transaction, which a row with a fault undoes. With \
            --partial interactions with faults, in NDJSON or CSV, go into quarantine, as those of POST /interactions?partial=true.
            A server that serves from the folder would not learn of it: send it the rows by POST /interactions instead.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "A dataset's folder, or its file of interactions; .gz is read too.")
    var path: String

    @Option(help: "Layout of the files: auto, csv, ndjson, gorse or recombee.")
    var layout = "auto"

    @Flag(help: "Store the good rows and report the others.")
    var partial = false

    @Flag(help: "Check every row; store nothing.")
    var dryRun = false

    @Option(help: "A file that gets every row with a fault, one JSON object on a line.")
    var faultsTo: String?

    func run() throws {
        let configuration = try options.load()
        let folder = configuration.dataDirectory
        // Before the rows are read, which may take a while.
        var lock = dryRun ? nil : try ServingLock(folder: folder, for: .importing, makingIt: false)
        defer { withExtendedLifetime(lock) {} }
        var reader = try Fatal.unless { try makeReader(configuration) }
        print("Reading \(reader.files.layout.rawValue) from \(path).")
        tellPassedOver(by: reader.files)
        let files = [reader.files.items, reader.files.users].compactMap(\.self) + reader.files.interactions
        var faults = try ImportFaults(writingTo: faultsTo, reading: files, data: folder)
        guard !dryRun else {
            let rows = try check(reader, &faults)
            return print("Nothing stored: this was a dry run of \(rows) interactions.")
        }
        let data = try DataDirectory(configuration, for: .importing)
        if lock == nil { lock = try ServingLock(folder: folder, for: .importing) }
        try Fatal.unless {
            ArrivalFile(directory: folder)
                .end(after: try data.store.watermark, Log.logger(level: configuration.log.level))
        }
        if reader.files.items != nil { reader.known = try Fatal.unless { try KnownItems(of: data.store) } }
        let outcome = try store(reader, into: data.store, configuration, &faults)
        print(outcome)
        do {
            // The log is as long as all that was stored.
            try data.store.flush()
            try data.store.close()
        } catch {
            throw Fatal(
                description:
                    "All of that is stored, in the log beside the store. It cannot be moved to its place yet: \(error)."
            )
        }
    }

    private func makeReader(_ configuration: ServiceConfiguration) throws -> DatasetReader {
        var limits = configuration.kinds.limits
        if partial || faultsTo != nil { limits.refusedTextLength = configuration.quarantine.textBytes }
        var isFolder: ObjCBool = false
        let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if layout != "auto", isThere, isFolder.boolValue {
            throw ValidationError("--layout is for a file; of a folder the names of its files say it: leave it out.")
        }
        switch layout {
        case "auto": return try DatasetReader(path: path, limits: limits)
        case "csv": return DatasetReader(layout: .csv, path: path, limits: limits)
        case "ndjson": return DatasetReader(layout: .ndjson, path: path, limits: limits)
        case "gorse": return DatasetReader(layout: .gorse, path: path, limits: limits)
        case "recombee": return DatasetReader(layout: .recombee, path: path, limits: limits)
        default:
            throw ValidationError("--layout must be auto, csv, ndjson, gorse or recombee, not \"\(layout)\".")
        }
    }

    /// Names what is in a dataset's folder and not in the dataset.
    private func tellPassedOver(by files: DatasetFiles) {
        let names = files.passedOver(inFolder: path)
        guard !names.isEmpty else { return }
        let more = names.count > Self.namesShown ? " and \(names.count - Self.namesShown) more" : ""
        print(
            "Not read, for no file of \(files.layout.rawValue) has that name: "
                + "\(names.prefix(Self.namesShown).joined(separator: ", "))\(more).")
    }

    private static let namesShown = 10

    /// Reads everything and stores nothing; returns how many good rows there are.
    private func check(_ reader: DatasetReader, _ faults: inout ImportFaults) throws -> Int {
        var bar = ProgressBar("checking")
        var rows = 0
        try Fatal.unless {
            try ImportPipeline(reader).run { piece in
                rows += piece.interactions.count
                for fault in piece.faults { try faults.add(fault) }
                bar.show(piece.progress, rows: rows)
            }
        }
        bar.end()
        try faults.end()
        guard faults.count == 0 || partial else { throw refusal(faults.count) }
        return rows
    }

    private func refusal(_ count: Int) -> Fatal {
        Fatal(
            description:
                "\(count) row\(count == 1 ? " is" : "s are") faulty; nothing was stored. --partial stores the others.")
    }

    private func store(
        _ reader: DatasetReader, into store: any InteractionStore, _ configuration: ServiceConfiguration,
        _ faults: inout ImportFaults
    ) throws -> ImportOutcome {
        let settings = configuration.quarantine
        // Whoever is erased from now on, by a server beside this, is kept out.
        let erasures = try Fatal.unless { try store.tombstones(after: .max).last }
        let intake = partial && settings.rows > 0 ? ImportQuarantine(settings, reader.files) : nil
        if let store = store as? SQLiteInteractionStore {
            return try storeAtOnce(
                reader, into: store, begunAfter: erasures, intake, DiskReserve(configuration), &faults)
        }
        // In pieces, of which those before a fault would stay: so it is looked at first.
        if !partial { _ = try check(reader, &faults) }
        var outcome = ImportOutcome()
        try Fatal.unless {
            var load = try PiecewiseLoad(into: store, begunAfter: erasures)
            try fill(&load, from: reader, intake, nil, &outcome, &faults)
            try faults.end()
        }
        outcome.faults = faults.count
        return outcome
    }

    /// In one transaction.
    private func storeAtOnce(
        _ reader: DatasetReader, into store: SQLiteInteractionStore, begunAfter erasures: Int64,
        _ intake: ImportQuarantine?, _ reserve: DiskReserve, _ faults: inout ImportFaults
    ) throws -> ImportOutcome {
        var outcome = ImportOutcome()
        // The store knows its own errors only.
        var cause: (any Error)?
        do {
            try store.load(begunAfter: erasures) { load in
                do {
                    try fill(&load, from: reader, intake, reserve, &outcome, &faults)
                    try faults.end()
                    outcome.faults = faults.count
                    guard faults.count == 0 || partial else { throw refusal(faults.count) }
                } catch {
                    cause = error
                    throw error
                }
            }
        } catch {
            // What the store knows of its own errors is clearer than what they were made of.
            guard case .failed = error else { throw Fatal(description: "\(error).") }
            throw Fatal(description: "\(cause ?? error)")
        }
        return outcome
    }

    /// Takes every piece; after a fault only to count those that follow, unless the good rows are wanted.
    ///
    /// - Parameter reserve: What has to stay free on the disk; nil where the record is elsewhere.
    private func fill(
        _ load: inout some RecordLoad, from reader: DatasetReader, _ intake: ImportQuarantine?, _ reserve: DiskReserve?,
        _ outcome: inout ImportOutcome, _ faults: inout ImportFaults
    ) throws {
        let known = try load.interactionCount
        if known > 0 { print("The store already holds \(known) interactions; these are added.") }
        var bar = ProgressBar("storing ")
        var rows = 0
        try ImportPipeline(reader).run { piece in
            for fault in piece.faults { try faults.add(fault) }
            rows += piece.interactions.count
            bar.show(piece.progress, rows: rows)
            guard faults.count == 0 || partial else { return }
            if let shortage = reserve?.shortage { throw Fatal(description: "\(shortage) Nothing was stored.") }
            outcome.add(try load.append(piece.interactions))
            outcome.add(piece.items)
            outcome.users += piece.users.count
            _ = try load.changeItems(piece.items)
            try load.putUsers(piece.users)
            try intake?.keep(piece.faults, in: &load, &outcome)
        }
        outcome.settle(erasedUsers: try load.settleUsers())
        bar.end()
    }
}
