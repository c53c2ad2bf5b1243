import ArgumentParser
import InteractionFormats
import JSON
import NCF
import RecommendationService
import Synchronization

/// `EngineSpeed time-to-quality`: seconds of training until the held-out items of the NCF paper's split rank well enough.
///
/// Measured after the closed form and after each epoch of a training with the defaults, which the measuring does not steer;
/// what the measuring takes is not counted, nor is reading the files.
struct TimeToQuality: ParsableCommand {
    @Option(help: "File of training pairs.")
    var trainPairs: String

    @Option(help: "File of held-out pairs.")
    var heldOut: String

    @Option(help: "File of negatives.")
    var heldOutNegatives: String

    @Option(help: "mf, gmf, mlp or neumf.")
    var architecture = Architecture.mf

    @Option(help: "HR@10 among the given negatives to reach.")
    var target = 0.72

    @Option(help: "Threads.")
    var threads = 2

    /// What one measuring found, and what the training before it had taken.
    private struct Point {
        var seconds: Double
        var cpuSeconds: Double
        var hitRate: Double
    }

    func run() throws {
        let (train, test) = PaperProtocol.dataset(
            of: try LeaveOneOutSplit(
                trainingPath: trainPairs, heldOutPath: heldOut, negativesPath: heldOutNegatives))
        var settings = Hyperparameters.defaults(for: architecture, objective: .implicit)
        settings.threads = threads
        settings.earlyStopping = 0
        let stop = Stop()
        var curve: [Point] = []
        let clock = ContinuousClock()
        var (started, startedCPU) = (clock.now, EngineSpeed.cpuSeconds)
        do throws(TrainingError) {
            _ = try Trainer(dataset: train, hyperparameters: settings).train(observer: stop) { parameters in
                let (trained, trainedCPU) = (clock.now, EngineSpeed.cpuSeconds)
                let model = ModelSnapshot(measuring: parameters, on: train, settings)
                let hitRate = Evaluation.ranking(
                    scorer: model, train: train, holdout: test, cutoffs: [10], protocol: .fixedNegatives
                ).hitRate(at: 10)
                curve.append(
                    Point(
                        seconds: (trained - started) / .seconds(1), cpuSeconds: trainedCPU - startedCPU,
                        hitRate: hitRate))
                if hitRate >= target { stop.now() }
                started += clock.now - trained
                startedCPU += EngineSpeed.cpuSeconds - trainedCPU
                return nil
            }
        } catch {
            guard error == .cancelled else { throw error }
        }
        EngineSpeed.report { report in
            report.member("curve", array: { list in for point in curve { Self.write(point, into: &list) } })
        }
    }

    private static func write(_ point: Point, into writer: inout JSONWriter) {
        writer.array { numbers in
            numbers.value(point.seconds)
            numbers.value(point.cpuSeconds)
            numbers.value(point.hitRate)
        }
    }

    /// Ends the training once told.
    private final class Stop: TrainingObserver {
        private let told = Atomic(false)

        var isCancelled: Bool { told.load(ordering: .relaxed) }

        func now() { told.store(true, ordering: .relaxed) }
    }
}
