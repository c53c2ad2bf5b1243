import Foundation
import InteractionStorage
import NCF
import RecommendationService

/// The folder that holds everything a Nectar knows: the store and the models.
struct DataDirectory {
    let store: SQLiteInteractionStore
    let models: ModelStore

    /// Opens the folder, making what is missing.
    init(_ configuration: ServiceConfiguration) throws {
        let path = configuration.dataDirectory
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Fatal(description: "The folder \(path) cannot be made: \(error.localizedDescription)")
        }
        store = try Fatal.unless { try SQLiteInteractionStore(path: "\(path)/nectar.sqlite") }
        models = try Fatal.unless { try ModelStore(directory: "\(path)/models", keep: configuration.keptModels) }
    }
}
