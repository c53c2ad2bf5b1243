import Foundation
import InteractionStorage
import Logging
import RecommendationService

/// What `nectar serve` makes sure of before it opens anything: a folder that is there, may be written to and is nobody else's, and
/// nothing in it that a killed process has left unfinished.
struct StartChecks {
    private let configuration: ServiceConfiguration
    private let logger: Logger

    init(_ configuration: ServiceConfiguration, _ logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    private var folder: String { configuration.dataDirectory }

    /// Makes the folder where there is none, and takes the right to serve from it.
    ///
    /// - Throws: ``Fatal``, with what to do.
    func takeFolder() throws -> ServingLock? {
        try Fatal.unless { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        // All that is written to; the store's log and index come and go with a process, and its folder has to let them.
        try WritableFolder.check([folder, "\(folder)/nectar.sqlite", "\(folder)/models"])
        let lock = try ServingLock(folder: folder, for: .serving)
        removeAbandoned()
        return lock
    }

    private func removeAbandoned() {
        let removed = AbandonedFiles.remove(
            in: [folder, BackupFolder(configuration).path], store: "\(folder)/nectar.sqlite")
        guard !removed.isEmpty else { return }
        logger.notice(
            "What a process that was killed had left unfinished is removed.",
            metadata: ["files": "\(removed.joined(separator: " "))"])
    }
}
