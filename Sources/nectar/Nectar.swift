import ArgumentParser

/// The command line of Nectar.
@main
struct Nectar: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nectar",
        abstract: "A recommendation server in one process: collect, train, publish, serve."
    )
}
