import ArgumentParser
import Foundation
import RecommendationService

/// The flags that every command with a configuration shares.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "Configuration file (JSON); see config/nectar.json.")
    var file: String?

    @Option(name: .customLong("data"), help: "Folder of the store and the models.")
    var dataDirectory: String?

    @Option(
        name: .customLong("log"), help: "Least severe log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel: String?

    /// The configuration, with `flags` (by key) on top of the file and the environment.
    ///
    /// - Throws: `ValidationError` with the sentence that names the bad place.
    func load(flags: [String: Setting.Value] = [:]) throws -> ServiceConfiguration {
        var flags = flags
        if let dataDirectory { flags["storage.directory"] = .string(dataDirectory) }
        if let logLevel { flags["log.level"] = .string(logLevel) }
        let loader = ConfigurationLoader(
            file: file, environment: ProcessInfo.processInfo.environment, flags: flags)
        do {
            return try loader.load()
        } catch {
            throw ValidationError(error.description)
        }
    }
}
