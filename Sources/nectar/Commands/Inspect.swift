import ArgumentParser
import InteractionFormats
import InteractionStorage
import JSON
import NCF
import RecommendationService

/// `nectar inspect`: what is wrong with the data, or odd about them.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what is wrong with the interactions, or odd about them; changes nothing.",
        discussion: """
            Of the store (--data), or of a dataset's files (--from). The same report is in every training job and in the answer of
            POST /datasets/inspect; docs/cleaning.md explains each finding. Rows of --from that cannot be read at all are counted;
            nectar import --dry-run names them.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var cleaning: CleaningOptions

    @Option(help: "A dataset to read instead of the store; anything that nectar import reads.")
    var from: String?

    @Flag(help: "Print the report as JSON, with all examples.")
    var json = false

    @Flag(help: "Exit with status 3 where a finding is serious, or a row cannot be read.")
    var strict = false

    /// What --strict exits with.
    static let seriousStatus: Int32 = 3

    func run() throws {
        let configuration = try options.load()
        let now = WallClock.system.milliseconds()
        let (dataset, unreadable) =
            try from.map { try read($0, configuration.kinds, now) }
            ?? (stored(configuration, now), 0)
        let summary = DataSummary(dataset.inspected(by: cleaning.rules(instead: configuration.cleaning)).dataset)
        if json {
            var writer = JSONWriter()
            writer.object { answer in
                if from != nil { answer.member("unreadable_rows", unreadable) }
                summary.write(into: &answer)
            }
            print(String(decoding: writer.bytes, as: UTF8.self))
        } else {
            Report.inspection(summary, unreadable: unreadable)
        }
        if strict, unreadable > 0 || !summary.cleaning.serious.isEmpty { throw ExitCode(Self.seriousStatus) }
    }

    private func stored(_ configuration: ServiceConfiguration, _ now: Int64) throws -> InteractionDataset {
        let data = try DataDirectory(existing: configuration)
        defer { try? data.store.close() }
        return try Fatal.unless {
            try OfflineTraining.dataset(of: data.store, kinds: configuration.kinds, now: now)
        }
    }

    /// Kinds that are refused are a finding here, not a fault.
    private func read(
        _ path: String, _ kinds: InteractionKinds, _ now: Int64
    ) throws -> (InteractionDataset, unreadable: Int) {
        var assembly = DatasetAssembly(kinds: kinds, now: now)
        var unreadable = 0
        _ = try Fatal.unless {
            try DatasetReader(path: path).readInteractions(faults: { _ in unreadable += 1 }) { assembly.add($0) }
        }
        return (assembly.build(), unreadable)
    }
}
