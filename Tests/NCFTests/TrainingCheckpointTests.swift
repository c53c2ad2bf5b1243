import Locking
import Synchronization
import Testing

@testable import NCF

@Suite("Checkpoints of a training")
struct TrainingCheckpointTests {
    /// Cancels a training when so many of its epochs have ended, or so often after it was asked.
    private final class Interruption: TrainingObserver {
        let epochs: Int
        let questions: Int
        let asked = Atomic<Int>(0)
        let reports = Lock<[EpochReport]>([])

        /// - Parameter questions: How often it may be asked in the epoch after those.
        init(afterEpochs epochs: Int = .max, questions: Int = 0) {
            self.epochs = epochs
            self.questions = questions
        }

        func epochFinished(_ report: EpochReport) { reports.withLock { $0.append(report) } }

        var isCancelled: Bool {
            guard reports.withLock({ $0.count >= epochs }) else { return false }
            return asked.wrappingAdd(1, ordering: .relaxed).newValue > questions
        }
    }

    private func settings(
        _ architecture: Architecture, _ change: (inout Hyperparameters) -> Void = { _ in }
    )
        -> Hyperparameters
    {
        var settings = Hyperparameters(
            architecture: architecture, objective: .implicit, embeddingDimension: 5, mlpEmbeddingDimension: 4,
            hiddenLayerSizes: [8, 4], epochs: 5, batchSize: 800, learningRate: 0.01, weightDecay: 0.001,
            earlyStopping: 0)
        change(&settings)
        return settings
    }

    /// Trains until it is interrupted, goes on, and compares with a training that never ended.
    private func check(
        _ settings: Hyperparameters, epochs: Int, questions: Int = 3, holdout: HoldoutStrategy = .leaveOneOut
    ) throws {
        let folder = ScratchDirectory()
        let path = "\(folder.path)/training"
        let data = randomDataset(users: 60, items: 40, perUser: 15, rated: true, seed: 1)
        let (train, held) = data.split(holdout, seed: 1)
        let whole = try Trainer(dataset: train, hyperparameters: settings).train(holdout: held)
        #expect(throws: TrainingError.cancelled) {
            try Trainer(dataset: train, hyperparameters: settings).train(
                holdout: held, observer: Interruption(afterEpochs: epochs, questions: questions), checkpoint: path)
        }
        var other = settings
        other.threads = 2
        let observer = Interruption()
        let resumed = try Trainer(dataset: train, hyperparameters: other).train(
            holdout: held, observer: observer, checkpoint: path)
        #expect(resumed.parameters == whole.parameters)
        #expect(resumed.bestEpoch == whole.bestEpoch)
        #expect(resumed.reports.map(\.loss) == whole.reports.map(\.loss))
        #expect(resumed.reports.map(\.validation) == whole.reports.map(\.validation))
        #expect(observer.reports.withLock { $0 } == resumed.reports)
        // Where it has ended there is nothing left to train.
        let last = try Trainer(dataset: train, hyperparameters: settings).train(holdout: held, checkpoint: path)
        #expect(last.parameters == whole.parameters && last.reports == resumed.reports)
    }

    @Test(
        "a training that goes on ends with the bytes of one that never stopped", arguments: Architecture.allCases, 1...4
    )
    func bytes(architecture: Architecture, epochs: Int) throws {
        try check(settings(architecture), epochs: epochs)
    }

    @Test("so it does with histories from a closed form, whatever else is chosen")
    func everything() throws {
        let choices: [(inout Hyperparameters) -> Void] = [
            { $0.dropout = 0.3 }, { $0.optimizer = .adagrad }, { ($0.optimizer, $0.momentum) = (.sgd, 0.9) },
            { $0.optimizer = .sgd }, { ($0.objective, $0.negativeSampling) = (.softmax, .inBatch) },
            { ($0.warmUp, $0.learningRateSchedule, $0.negativeSampling) = (2.5, .cosine, .popularity) },
        ]
        for choose in choices {
            let settings = settings(.neumf) {
                $0.start = ClosedFormStart(sweeps: 2)
                $0.history = HistoryBag(dimension: 3)
                choose(&$0)
            }
            for epochs in [1, 2, 4] { try check(settings, epochs: epochs) }
        }
        var ratings = settings(.neumf) { $0.objective = .rating }
        try check(ratings, epochs: 3)
        ratings.ratingOutput = .bounded
        try check(ratings, epochs: 3)
        var cosines = settings(.mf)
        (cosines.objective, cosines.weightDecay) = (.cosineContrastive, 0)
        try check(cosines, epochs: 2)
    }

    @Test(
        "so it does without a holdout, and where the best epoch was long ago",
        arguments: [HoldoutStrategy.none, .random])
    func holdouts(holdout: HoldoutStrategy) throws {
        // Steps far too long: the first epochs are the best ones.
        let settings = settings(.gmf) { ($0.learningRate, $0.epochs, $0.earlyStopping) = (0.3, 9, 4) }
        for epochs in 1...4 { try check(settings, epochs: epochs, holdout: holdout) }
    }

    @Test("a checkpoint of other data or settings, or a damaged one, is as good as none")
    func unfit() throws {
        let folder = ScratchDirectory()
        let path = "\(folder.path)/training"
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 1)
        let other = randomDataset(users: 60, items: 40, perUser: 15, seed: 2)
        func leave(_ data: InteractionDataset, _ settings: Hyperparameters) throws {
            folder.write([], to: "training")
            #expect(throws: TrainingError.cancelled) {
                try Trainer(dataset: data, hyperparameters: settings).train(
                    observer: Interruption(afterEpochs: 2), checkpoint: path)
            }
        }
        let own = settings(.neumf)
        let whole = try Trainer(dataset: data, hyperparameters: own).train()
        func checkAfresh(_ words: Comment) throws {
            let result = try Trainer(dataset: data, hyperparameters: own).train(checkpoint: path)
            #expect(result.parameters == whole.parameters, words)
            #expect(result.reports.map(\.loss) == whole.reports.map(\.loss), words)
        }
        try leave(other, own)
        try checkAfresh("other data")
        try leave(data, settings(.neumf) { $0.seed = 5 })
        try checkAfresh("another seed")
        try leave(data, settings(.neumf) { $0.optimizer = .adagrad })
        try checkAfresh("another optimiser")
        try leave(data, own)
        let file = try MappedFile(path: path).contents()
        for place in [0, 9, file.count / 2, file.count - 1] {
            var damaged = file
            damaged[place] ^= 0x40
            folder.write(damaged, to: "training")
            try checkAfresh("byte \(place)")
        }
        for length in [0, file.count / 2, file.count - 1] {
            folder.write(Array(file.prefix(length)), to: "training")
            try checkAfresh("\(length) bytes")
        }
    }

    @Test("what is no checkpoint is not replaced: nothing is trained, and it stays as it was")
    func foreign() throws {
        let folder = ScratchDirectory()
        let model = try Trainer(
            dataset: randomDataset(users: 9, items: 9, perUser: 3, seed: 1), hyperparameters: settings(.mf)
        ).train(checkpoint: "\(folder.path)/own")
        #expect(model.bestEpoch == 5)
        let own = try MappedFile(path: "\(folder.path)/own").contents()
        let contents = [Array("my notes".utf8), Array(own.prefix(20)), Array("\u{1}\u{2}".utf8) + own.dropFirst(4000)]
        for content in contents {
            folder.write(content, to: "file")
            #expect(
                throws: TrainingError.checkpoint(
                    "\(folder.path)/file: there is a file that is no checkpoint; name another, or remove it")
            ) {
                try Trainer.checkCheckpoint(at: "\(folder.path)/file")
            }
            try refuses("\(folder.path)/file", "no checkpoint")
            #expect(try MappedFile(path: "\(folder.path)/file").contents() == content)
        }
        try refuses(folder.path, "no file")
        try refuses("/dev/null", "no file")
        try refuses("", "empty")
        try refuses("\(folder.path)/none/training", "none/training")
        try refuses("\(folder.path)/training/", "training/")
    }

    /// A training with a checkpoint there ends before it begins.
    private func refuses(_ path: String, _ words: String) throws {
        let observer = Interruption()
        do throws(TrainingError) {
            _ = try Trainer(
                dataset: randomDataset(users: 9, items: 9, perUser: 3, seed: 1), hyperparameters: settings(.mf)
            ).train(observer: observer, checkpoint: path)
            Issue.record("trained with a checkpoint at \"\(path)\"")
        } catch {
            guard case .checkpoint(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains(words), "\(reason)")
        }
        #expect(observer.reports.withLock { $0.isEmpty })
    }

    @Test("a checkpoint that cannot be written ends the training with a sentence")
    func unwritable() throws {
        let folder = ScratchDirectory()
        do throws(TrainingError) {
            _ = try Trainer(
                dataset: randomDataset(users: 9, items: 9, perUser: 3, seed: 1), hyperparameters: settings(.mf)
            ).train(checkpoint: "\(folder.path)/none/training")
            Issue.record("trained")
        } catch {
            guard case .checkpoint(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("none/training"))
        }
    }
}
