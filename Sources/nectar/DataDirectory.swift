import Foundation
import InteractionStorage
import NCF
import RecommendationService

/// The store and the folder of the models: everything a Nectar knows.
struct DataDirectory {
    let store: any InteractionStore
    let models: ModelStore

    /// Opens what a command needs that can do nothing without what is in it: a mistyped folder is told rather than made.
    init(existing configuration: ServiceConfiguration) throws {
        let path = configuration.dataDirectory
        guard !configuration.storage.url.isEmpty || FileManager.default.fileExists(atPath: "\(path)/nectar.sqlite")
        else {
            throw Fatal(description: "There is no store in the folder \(path); --data names another one.")
        }
        try self.init(configuration, for: .reading)
    }

    /// Opens both, making what is missing.
    init(_ configuration: ServiceConfiguration, for use: StorePlace.Use) throws {
        let path = configuration.dataDirectory
        try Fatal.unless { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        store = try StorePlace(configuration).open(for: use)
        models = try Fatal.unless {
            try ModelStore(directory: "\(path)/models", keep: configuration.keptModels, serving: configuration.serving)
        }
    }
}
