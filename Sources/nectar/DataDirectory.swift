import Foundation
import InteractionStorage
import NCF
import RecommendationService

/// The folder that holds everything a Nectar knows: the store and the models.
struct DataDirectory {
    let store: SQLiteInteractionStore
    let models: ModelStore

    /// Opens the folder of a command that can do nothing without what is in it: a mistyped one is told rather than made.
    init(existing configuration: ServiceConfiguration) throws {
        let path = configuration.dataDirectory
        guard FileManager.default.fileExists(atPath: "\(path)/nectar.sqlite") else {
            throw Fatal(description: "There is no store in the folder \(path); --data names another one.")
        }
        try self.init(configuration)
    }

    /// Opens the folder, making what is missing.
    init(_ configuration: ServiceConfiguration) throws {
        let path = configuration.dataDirectory
        try Fatal.unless { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        do throws(StoreError) {
            store = try SQLiteInteractionStore(path: "\(path)/nectar.sqlite")
        } catch {
            throw Fatal(description: "\(error).\(Self.advice(on: error))")
        }
        models = try Fatal.unless {
            try ModelStore(directory: "\(path)/models", keep: configuration.keptModels, serving: configuration.serving)
        }
    }

    /// What to do about a store that cannot be opened; it has been left as it is.
    private static func advice(on error: StoreError) -> String {
        switch error {
        case .corrupt:
            " Nothing was changed. Restore a backup with nectar restore, which keeps what is there beside it, or let --data name "
                + "another folder."
        case .newerSchema: " Nothing was changed. Run the newer version, or restore a backup that this one has made."
        case .noSpace: " Make space on the disk and start again."
        case .unavailable, .full, .keyReused, .failed: ""
        }
    }
}
