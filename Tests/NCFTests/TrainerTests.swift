import Locking
import Synchronization
import Testing

@testable import NCF

@Suite("Trainer")
struct TrainerTests {
    /// Small enough for debug builds, with several slices to a batch.
    private func settings(
        _ architecture: Architecture, _ objective: Objective = .implicit, epochs: Int = 2, threads: Int = 1
    ) -> Hyperparameters {
        Hyperparameters(
            architecture: architecture, objective: objective, embeddingDimension: 5, mlpEmbeddingDimension: 4,
            hiddenLayerSizes: [8, 4], epochs: epochs, batchSize: 800, learningRate: 0.01, weightDecay: 0.001,
            earlyStopping: 0, threads: threads
        )
    }

    @Test(
        "the bytes are the same for any number of threads", arguments: Architecture.allCases, trainableObjectives)
    func deterministic(architecture: Architecture, objective: Objective) throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, rated: true, seed: 1)
        let (train, holdout) = data.split(.leaveOneOut, seed: 1)
        let results = try [1, 2, 3].map { threads in
            let settings = settings(architecture, objective, threads: threads)
            return try Trainer(dataset: train, hyperparameters: settings).train(holdout: holdout)
        }
        for other in results.dropFirst() {
            #expect(other.parameters == results[0].parameters)
            #expect(other.reports.map(\.loss) == results[0].reports.map(\.loss))
            #expect(other.reports.map(\.validation) == results[0].reports.map(\.validation))
        }
        #expect(results[0].parameters.isFinite)
        var reseeded = settings(architecture, objective)
        reseeded.seed += 1
        let other = try Trainer(dataset: train, hyperparameters: reseeded).train(holdout: holdout)
        #expect(other.parameters != results[0].parameters)
    }

    /// Remembers what it is told, and cancels when it has been asked often enough.
    private final class RecordingObserver: TrainingObserver {
        let cancelAfter: Int
        let questions = Atomic<Int>(0)
        let reports = Lock<[EpochReport]>([])

        init(cancelAfter: Int = .max) {
            self.cancelAfter = cancelAfter
        }

        func epochFinished(_ report: EpochReport) { reports.withLock { $0.append(report) } }

        var isCancelled: Bool {
            questions.wrappingAdd(1, ordering: .relaxed).newValue >= cancelAfter
        }
    }

    @Test(
        "a cancelled run ends within the mini-batch, wherever in it: no more than what is left of its slices asks again",
        arguments: [Architecture.mf, .neumf], [1, 2, 3, 7, 11, 20, 41])
    func cancel(architecture: Architecture, after questions: Int) throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 2)
        let observer = RecordingObserver(cancelAfter: questions)
        var settings = settings(architecture, epochs: 50)
        settings.batchSize = 3 * 255
        settings.threads = 1
        #expect(throws: TrainingError.cancelled) {
            try Trainer(dataset: data, hyperparameters: settings).train(observer: observer)
        }
        // Of the four slices, in each of which there are three questions with a tower, three ask once more, and the trainer.
        let more = architecture == .mf ? 4 : 6
        #expect((questions...questions + more).contains(observer.questions.load(ordering: .relaxed)))
    }

    @Test("a run that is cancelled while it is validated ends without a report of that epoch")
    func cancelInValidation() throws {
        let (train, holdout) = randomDataset(users: 60, items: 40, perUser: 15, seed: 2).split(.leaveOneOut, seed: 2)
        let all = RecordingObserver()
        var settings = settings(.neumf, epochs: 1)
        settings.threads = 1
        _ = try Trainer(dataset: train, hyperparameters: settings).train(holdout: holdout, observer: all)
        // The last question comes after the validation, those before it from within.
        let observer = RecordingObserver(cancelAfter: all.questions.load(ordering: .relaxed) - 2)
        #expect(throws: TrainingError.cancelled) {
            try Trainer(dataset: train, hyperparameters: settings).train(holdout: holdout, observer: observer)
        }
        #expect(observer.reports.withLock { $0.isEmpty })
    }

    @Test("the observer gets a report for each epoch, the same as the result's, and the loss falls")
    func reports() throws {
        let data = randomDataset(users: 60, items: 40, perUser: 15, seed: 3)
        let observer = RecordingObserver()
        let result = try Trainer(dataset: data, hyperparameters: settings(.neumf, epochs: 6)).train(observer: observer)
        let reports = observer.reports.withLock { $0 }
        #expect(reports == result.reports)
        #expect(reports.map(\.epoch) == Array(1...6))
        #expect(reports.allSatisfy { $0.of == 6 && $0.samples == 5 * data.interactionCount && $0.validation == nil })
        #expect(reports[5].loss < reports[0].loss)
        #expect(result.bestEpoch == 6)
    }

    @Test("a loss that is no longer finite ends the run as an error")
    func divergence() {
        var builder = InteractionDataset.Builder()
        for user in 0..<4 {
            for item in 0..<4 {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: (user + item) % 2 == 0 ? 3e38 : -3e38)
            }
        }
        let data = builder.build()
        #expect(throws: TrainingError.diverged(epoch: 1)) {
            try Trainer(dataset: data, hyperparameters: settings(.mf, .rating)).train()
        }
    }

    @Test("early stopping ends after its patience and gives back the best epoch's weights")
    func earlyStopping() throws {
        let data = randomDataset(users: 20, items: 20, perUser: 5, seed: 4)
        var settings = settings(.gmf, epochs: 20)
        settings.earlyStopping = 3
        let scripted: [Double] = [0.1, 0.4, 0.3, .nan, 0.4, 0.9, 0.9]
        var seen: [ModelParameters] = []
        let result = try Trainer(dataset: data, hyperparameters: settings).train { parameters in
            seen.append(parameters)
            return ValidationReport(criterion: "scripted", value: scripted[seen.count - 1], higherIsBetter: true)
        }
        #expect(result.bestEpoch == 2)
        #expect(result.reports.count == 5)
        #expect(result.parameters == seen[1])
        #expect(result.parameters != seen[4])
    }

    @Test("without patience all epochs are trained, and the best one's weights given back")
    func noPatience() throws {
        let data = randomDataset(users: 20, items: 20, perUser: 5, seed: 4)
        var seen: [ModelParameters] = []
        let result = try Trainer(dataset: data, hyperparameters: settings(.mf, epochs: 4)).train { parameters in
            seen.append(parameters)
            return ValidationReport(criterion: "error", value: [3, 1, 2, 4][seen.count - 1], higherIsBetter: false)
        }
        #expect(result.reports.count == 4)
        #expect(result.bestEpoch == 2)
        #expect(result.parameters == seen[1])
    }

    @Test("a dataset with nothing to learn from is refused with a sentence", arguments: trainableObjectives)
    func nothingToTrain(objective: Objective) {
        var oneCell = InteractionDataset.Builder()
        oneCell.add(userID: "u", itemID: "i", rating: nil)
        var weightless = InteractionDataset.Builder()
        weightless.add(userID: "u", itemID: "i", rating: 3, weight: 0)
        weightless.add(userID: "v", itemID: "j", rating: 3, weight: 0)
        for data in [InteractionDataset.Builder().build(), oneCell.build(), weightless.build()] {
            do throws(TrainingError) {
                _ = try Trainer(dataset: data, hyperparameters: settings(.neumf, objective)).train()
                Issue.record("trained on nothing")
            } catch {
                guard case .nothingToTrain(let sentence) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!sentence.isEmpty)
            }
        }
    }

    @Test("one user or one item is enough where there is something to tell apart", arguments: Architecture.allCases)
    func smallest(architecture: Architecture) throws {
        var oneUser = InteractionDataset.Builder()
        oneUser.add(userID: "u", itemID: "a", rating: 1)
        oneUser.add(userID: "u", itemID: "b", rating: 5)
        var oneItem = InteractionDataset.Builder()
        oneItem.add(userID: "u", itemID: "a", rating: 1)
        oneItem.add(userID: "v", itemID: "a", rating: 5)
        for data in [oneUser.build(), oneItem.build()] {
            let settings = settings(architecture, .rating, epochs: 400)
            let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
            let last = (parameters.userCount - 1, parameters.itemCount - 1)
            #expect(parameters.logit(user: last.0, item: last.1) > parameters.logit(user: 0, item: 0) + 2)
            #expect(parameters.globalBias == 3)
        }
    }

    @Test("a user who has seen every item trains beside others", arguments: Architecture.allCases)
    func sawEverything(architecture: Architecture) throws {
        var builder = InteractionDataset.Builder()
        for item in 0..<10 {
            builder.add(userID: "all", itemID: "\(item)", rating: nil)
            if item < 5 { builder.add(userID: "half", itemID: "\(item)", rating: nil) }
        }
        let settings = settings(architecture, epochs: 60)
        let parameters = try Trainer(dataset: builder.build(), hyperparameters: settings).train().parameters
        #expect(parameters.isFinite)
        #expect(parameters.logit(user: 0, item: 9) > parameters.logit(user: 1, item: 9))
    }

    @Test("bad settings are refused before anything is trained")
    func badSettings() {
        var bad = settings(.mf)
        bad.epochs = 0
        bad.embeddingDimension = 0
        do throws(TrainingError) {
            _ = try Trainer(dataset: randomDataset(users: 3, items: 9, perUser: 2, seed: 1), hyperparameters: bad)
                .train()
            Issue.record("trained")
        } catch {
            guard case .invalidHyperparameters(let faults) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(faults.faults.map(\.name) == ["embedding_dimension", "epochs"])
        }
    }
}
