import ArgumentParser
import JSON
import NCF

/// `EngineSpeed training-speed`: samples a second of NeuMF-8, the drawing of negatives included, in the last of some epochs;
/// and samples for each second of CPU, over the whole training.
struct TrainingSpeed: ParsableCommand {
    @Option(help: "A dataset; anything that nectar import reads.")
    var from: String

    @Option(help: "Samples per step.")
    var batchSize = 4096

    @Option(help: "Passes over the data; the last one is timed.")
    var epochs = 2

    @Option(help: "Threads.")
    var threads = 2

    func run() throws {
        let dataset = try EngineSpeed.dataset(at: from)
        let settings = Hyperparameters.neumf8(batchSize: batchSize, epochs: epochs, threads: threads)
        let before = EngineSpeed.cpuSeconds
        let result = try Trainer(dataset: dataset, hyperparameters: settings).train()
        let spent = EngineSpeed.cpuSeconds - before
        guard let last = result.reports.last else { throw ExitCode.failure }
        EngineSpeed.report { report in
            report.member("samples_per_second", last.samplesPerSecond)
            report.member("samples_per_cpu_second", Double(result.reports.reduce(0) { $0 + $1.samples }) / spent)
        }
    }
}
