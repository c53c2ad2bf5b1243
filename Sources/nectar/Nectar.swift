import ArgumentParser
import RecommendationService

/// The command line of Nectar.
@main
struct Nectar: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nectar",
        abstract: "A recommendation server in one process: collect, train, publish, serve.",
        discussion: """
            Settings come from a file (--config or NECTAR_CONFIG), the environment (NECTAR_…) and flags, in rising order.
            `nectar settings` lists them all with their defaults.
            """,
        version: Build.version,
        subcommands: [
            Serve.self, Train.self, Evaluate.self, Inspect.self, Import.self, Export.self, Backup.self, Restore.self,
            Generate.self, Healthcheck.self, Settings.self,
        ]
    )

    static func main() {
        Allocator.giveBackLargeBlocks()
        main(nil)
    }
}
