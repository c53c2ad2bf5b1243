import ArgumentParser
import Foundation
import InteractionFormats
import InteractionStorage
import RecommendationService

/// `nectar import`: a dataset's files into the store.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads a dataset into the store: MovieLens (100K, 1M, CSV), RecBole's atomic files, CSV or NDJSON.",
        discussion: """
            All or nothing unless --partial: the files are read twice, once to check every row and once to store them.
            A server that serves from the folder would not learn of it: send it the rows by POST /interactions instead.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "A dataset's folder, or its file of interactions; .gz is read too.")
    var path: String

    @Option(help: "Layout of the files: auto, csv or ndjson.")
    var layout = "auto"

    @Flag(help: "Store the good rows and report the others.")
    var partial = false

    @Flag(help: "Check every row; store nothing.")
    var dryRun = false

    private static let batchSize = 20_000
    private static let faultsShown = 10

    func run() throws {
        let configuration = try options.load()
        let folder = configuration.dataDirectory
        // Before the rows are read, which may take a while; the folder is made only when they were good.
        var lock = dryRun ? nil : try ServingLock(folder: folder, for: .importing, makingIt: false)
        defer { withExtendedLifetime(lock) {} }
        let reader = try Fatal.unless { try makeReader(configuration.kinds.limits) }
        print("Reading \(reader.files.layout.rawValue) from \(path).")
        if !partial || dryRun {
            let faults = try check(reader)
            guard faults == 0 || (partial && dryRun) else {
                throw Fatal(description: "\(faults) rows are faulty; nothing was stored. --partial stores the others.")
            }
        }
        guard !dryRun else { return print("Nothing stored: this was a dry run.") }
        let data = try DataDirectory(configuration, for: .importing)
        if lock == nil { lock = try ServingLock(folder: folder, for: .importing) }
        let outcome = try Fatal.unless { try store(reader, into: data.store) }
        try Fatal.unless { try data.store.close() }
        let erased = outcome.erased > 0 ? "; \(outcome.erased) were of users who have been erased" : ""
        print(
            "Stored \(outcome.interactions) interactions (\(outcome.duplicates) were there already), \(outcome.items) items, "
                + "\(outcome.users) users\(outcome.faults > 0 ? "; \(outcome.faults) rows were faulty" : "")\(erased).")
    }

    private func makeReader(_ limits: InteractionLimits) throws -> DatasetReader {
        switch layout {
        case "auto": return try DatasetReader(path: path, limits: limits)
        case "csv": return DatasetReader(layout: .csv, path: path, limits: limits)
        case "ndjson": return DatasetReader(layout: .ndjson, path: path, limits: limits)
        default: throw ValidationError("--layout must be auto, csv or ndjson, not \"\(layout)\".")
        }
    }

    private struct Outcome {
        var interactions = 0
        var duplicates = 0
        var erased = 0
        var items = 0
        var users = 0
        var faults = 0
    }

    /// Reads everything once; returns how many rows are faulty.
    private func check(_ reader: DatasetReader) throws -> Int {
        var bar = ProgressBar("checking")
        var faults = 0
        var rows = 0
        func note(_ fault: DatasetFault) {
            faults += 1
            if faults <= Self.faultsShown { print(fault) }
        }
        try Fatal.unless {
            try reader.readItems(faults: note) { _ in }
            try reader.readUsers(faults: note) { _ in }
            try reader.readInteractions(
                progress: { bar.show(share: Double($0.bytesRead) / Double(max(1, $0.bytesTotal)), rows: rows) },
                faults: note
            ) { _ in rows += 1 }
        }
        bar.end()
        if faults > Self.faultsShown { print("… and \(faults - Self.faultsShown) more.") }
        return faults
    }

    private func store(_ reader: DatasetReader, into store: any InteractionStore) throws -> Outcome {
        var outcome = Outcome()
        // Whoever is erased from now on, by a server beside this, is kept out.
        let erasures = try store.tombstones(after: .max).last
        let known = try store.counts
        if known.interactions > 0 {
            print("The store already holds \(known.interactions) interactions; these are added.")
        }
        func note(_ fault: DatasetFault) {
            outcome.faults += 1
            if outcome.faults <= Self.faultsShown { print(fault) }
        }
        var items: [Item] = []
        try reader.readItems(faults: note) { items.append($0) }
        try store.putItems(items)
        outcome.items = items.count
        var users: [User] = []
        try reader.readUsers(faults: note) { users.append($0) }
        try store.putUsers(users)
        outcome.users = users.count

        var bar = ProgressBar("storing ")
        var batch: [Interaction] = []
        func flush() throws {
            let request = AppendRequest(interactions: batch, begunAfter: erasures)
            let receipt = try store.append(group: [request])[0].get()
            outcome.interactions += receipt.stored
            outcome.duplicates += receipt.duplicates
            outcome.erased += receipt.erased
            batch.removeAll(keepingCapacity: true)
        }
        try reader.readInteractions(
            progress: { progress in
                bar.show(
                    share: Double(progress.bytesRead) / Double(max(1, progress.bytesTotal)), rows: outcome.interactions)
            },
            faults: note
        ) { interaction in
            batch.append(interaction)
            if batch.count == Self.batchSize { try flush() }
        }
        if !batch.isEmpty { try flush() }
        bar.end()
        return outcome
    }
}
