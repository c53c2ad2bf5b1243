import Testing

@testable import NCF

@Suite("Training memory")
struct TrainingMemoryTests {
    /// Megabytes of `settings` on data of the size of ML-1M.
    private func megabytes(_ settings: Hyperparameters) -> Int {
        TrainingMemory(settings, userCount: 6040, itemCount: 3706, interactionCount: 994_169).bytes / 1_000_000
    }

    private func settings(_ change: (inout Hyperparameters) -> Void) -> Hyperparameters {
        var settings = Hyperparameters.defaults(for: .neumf, objective: .implicit)
        change(&settings)
        return settings
    }

    @Test("what is usual takes some hundred megabytes")
    func usual() {
        for architecture in Architecture.allCases {
            let bytes = megabytes(.defaults(for: architecture, objective: .implicit))
            #expect((40...250).contains(bytes), "\(architecture): \(bytes) MB")
        }
    }

    @Test("wide layers take their parameters for every slice of a mini-batch")
    func layers() {
        let wide = settings { $0.hiddenLayerSizes = Array(repeating: 8192, count: 5) }
        // Five matrices of 8192 × 8192, transposed too, with two moments and two copies, and a gradient for each of 16 slices:
        // 455 groups of 9 samples, 29 a slice.
        let matrices = 5 * 8192 * 8192 * 4 / 1_000_000 * (2 + 2 + 2 + 16)
        #expect((matrices...matrices * 11 / 10).contains(megabytes(wide)))
    }

    @Test("there are as many gradients as the samples fill slices, however long a group is")
    func longGroups() {
        let (short, long) = (127, 128)
        func bytes(_ negatives: Int) -> Int {
            megabytes(
                settings {
                    $0.architecture = .mlp
                    $0.hiddenLayerSizes = [1024, 512]
                    $0.mlpEmbeddingDimension = 512
                    $0.batchSize = 32_768
                    $0.start = .none
                    $0.negativesPerPositive = negatives
                })
        }
        #expect((bytes(short) * 9 / 10...bytes(short) * 11 / 10).contains(bytes(long)))
    }

    @Test("every setting that costs memory counts, and no settings overflow")
    func grows() {
        let usual = megabytes(settings { _ in })
        for change: (inout Hyperparameters) -> Void in [
            { $0.embeddingDimension = 4096 }, { $0.history.dimension = 4096 }, { $0.mlpEmbeddingDimension = 4096 },
            { $0.batchSize = 1 << 20 },
            {
                $0.negativesPerPositive = 1000; $0.batchSize = 1 << 20
            },
            {
                $0.threads = 1024; $0.hiddenLayerSizes = [1024]
            },
        ] {
            #expect(megabytes(settings(change)) > usual + 50)
        }
        let greatest = settings {
            $0.embeddingDimension = 4096
            $0.history.dimension = 4096
            $0.mlpEmbeddingDimension = 4096
            $0.hiddenLayerSizes = Array(repeating: 8192, count: 16)
            $0.batchSize = 1 << 20
            $0.threads = 1024
        }
        let bytes = TrainingMemory(greatest, userCount: 1 << 31, itemCount: 1 << 31, interactionCount: 1 << 40).bytes
        #expect(bytes > 1 << 40)
    }

    @Test("sampling by popularity takes 8 bytes an interaction more; what an optimiser does not remember takes none")
    func options() {
        let usual = megabytes(settings { _ in })
        #expect(megabytes(settings { $0.negativeSampling = .popularity }) >= usual + 7)
        // Of a parameter there were five numbers: itself, two moments and two copies.
        let parameters = 4 * (6040 + 3706 + 3706) * (64 + 192 + 32) / 1_000_000
        let (adagrad, plain) = (
            megabytes(settings { $0.optimizer = .adagrad }), megabytes(settings { $0.optimizer = .sgd })
        )
        #expect(usual - adagrad >= parameters && adagrad - plain >= parameters)
    }

    @Test("a trainer that may take less refuses, and one that may take as much trains")
    func limit() throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 2)
        let settings = settings { $0.epochs = 1 }
        let bytes = TrainingMemory(
            {
                var copy = settings; copy.objective = .implicit; return copy
            }(), userCount: data.userCount,
            itemCount: data.itemCount, interactionCount: data.interactionCount
        ).bytes
        #expect(throws: TrainingError.needsMemory(bytes: bytes, limit: bytes - 1)) {
            try Trainer(dataset: data, hyperparameters: settings, memoryLimit: bytes - 1).train()
        }
        _ = try Trainer(dataset: data, hyperparameters: settings, memoryLimit: bytes).train()
    }
}
