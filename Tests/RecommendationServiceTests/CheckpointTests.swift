import Foundation
import InteractionStorage
import Locking
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Checkpoints of a job", .timeLimit(.minutes(1)))
struct CheckpointTests {
    @Test("its two trainings have each a file, also where the holdout decides nothing", arguments: [0, 1])
    func twoFiles(earlyStopping: Int) throws {
        let folder = try TemporaryDirectory()
        let service = try TestService()
        try service.loadCheckerboard()
        var request = TrainingRequest()
        request.hyperparameters = Hyperparameters(
            architecture: .mf, embeddingDimension: 4, epochs: 3, batchSize: 64, earlyStopping: earlyStopping)
        request.given = [.architecture, .embeddingDimension, .epochs, .batchSize, .earlyStopping]
        request.evaluation.trainsYardstick = false
        request.checkpoint = folder.file("mark")
        let files = Lock<[[String]]>([])
        let job = OfflineTraining.run(
            request, store: service.store, models: service.models,
            follow: { _ in
                let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
                files.withLock { $0.append(names.sorted()) }
            }, followSearch: { _ in })
        #expect(job.state == .succeeded)
        let seen = files.withLock { $0 }
        #expect(!seen.contains { $0 == ["mark.refit"] }, "\(seen)")
        // The last epoch of the second training comes after both have written theirs.
        #expect(seen.last == ["mark", "mark.refit"], "\(seen)")
    }
}
