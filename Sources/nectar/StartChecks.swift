import Foundation
import Glibc
import InteractionStorage
import Logging
import Networking
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
        try checkWritable()
        let lock = try ServingLock(folder: folder, for: .serving)
        removeAbandoned()
        return lock
    }

    /// All that is written to; the store's log and index come and go with a process, and its folder has to let them.
    private func checkWritable() throws {
        for path in [folder, "\(folder)/nectar.sqlite", "\(folder)/models"] {
            guard unsafe access(path, R_OK | W_OK) != 0, errno != ENOENT else { continue }
            let error = SystemError(code: errno, operation: "")
            let advice =
                error.code == EROFS
                ? "Its file system is mounted to be read only; storage.directory (--data) names another folder."
                : "The server runs as user \(geteuid()), who has to be its owner or be allowed to write to it."
            throw Fatal(description: "\(path) cannot be read and written: \(error.reason). \(advice)")
        }
    }

    private func removeAbandoned() {
        let removed = AbandonedFiles.remove(in: [folder, BackupFolder(configuration).path])
        guard !removed.isEmpty else { return }
        logger.notice(
            "What a process that was killed had left unfinished is removed.",
            metadata: ["files": "\(removed.joined(separator: " "))"])
    }
}
