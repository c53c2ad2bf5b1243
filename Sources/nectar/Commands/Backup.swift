import ArgumentParser
import Foundation
import InteractionStorage
import RecommendationService

/// `nectar backup`: a verified copy of the store, also while a server writes to it.
struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copies the store into one file, as of one moment, and verifies the copy.",
        discussion: """
            May be used beside a server. The copy is in one file with a description beside it (….json); both are wanted by
            `nectar restore`. Models are not copied: they can be trained again, or copied file by file.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The file to write; made up in the folder backups of the data folder if it is not given.")
    var path: String?

    func run() throws {
        let configuration = try options.load()
        let data = try DataDirectory(existing: configuration)
        let backup = try Fatal.unless {
            if let path {
                return (path: path, description: try data.store.backUp(to: path, at: WallClock.system.milliseconds()))
            }
            return try BackupFolder(configuration).backUp(data.store, clock: .system)
        }
        try Fatal.unless { try data.store.close() }
        let made = backup.description
        print(
            "Backed up \(made.interactions) interactions of \(made.users) users with \(made.items) items, \(made.userRecords) records "
                + "of users and \(made.catalogueItems) of items to \(backup.path): \(made.bytes) bytes, verified.")
    }
}
