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

    /// Makes the folder if it is missing.
    static func make(_ configuration: ServiceConfiguration) throws {
        try Fatal.unless {
            try FileManager.default.createDirectory(
                atPath: configuration.dataDirectory, withIntermediateDirectories: true)
        }
    }

    /// Opens the folder, making what is missing.
    init(_ configuration: ServiceConfiguration) throws {
        let path = configuration.dataDirectory
        try Self.make(configuration)
        store = try Fatal.unless { try SQLiteInteractionStore(path: "\(path)/nectar.sqlite") }
        models = try Fatal.unless {
            try ModelStore(directory: "\(path)/models", keep: configuration.keptModels, serving: configuration.serving)
        }
    }
}
