import JSON
import NCF

extension TrainingRequest {
    private static let measuringMembers = [
        "model", "cutoffs", "sampled_negatives", "resamples", "measured_users", "yardstick", "wait",
    ]

    /// The largest value of each setting of an evaluation.
    private enum Limit {
        static let cutoffs = 20
        static let cutoff = 1000
        static let negatives = 100_000
    }

    /// Reads the body of `POST /evaluate`; every fault of it goes into one problem.
    ///
    /// Without `model` it takes what `POST /train` takes, but for what becomes of the model; with it, a model that is there
    /// is measured, and nothing can be said of its training.
    init(
        evaluating document: JSONDocument, of models: ModelStore, threads: Int,
        learning: LearningRules = LearningRules()
    ) throws(Problem) {
        var faults = JSONFaults()
        let isOfModel = document.root.kind == .object && document.root["model"] != nil
        let training = Self.members.filter {
            !["interactions", "publish", "refit", "yardstick", "resamples", "measured_users", "wait"].contains($0)
        }
        guard
            let body = JSONObjectDecoder(
                document.root, knownMembers: Self.measuringMembers + (isOfModel ? ["seed"] : training), faults: &faults)
        else { throw Problem(faults: faults) }
        purpose = .evaluation(of: nil)
        if isOfModel {
            readVersion(body, models, &faults)
            readSeed(body, &faults)
        } else {
            readTraining(body, learning, &faults)
            if holdout == .none { faults.add("/holdout", "with nothing held out there is nothing to measure on") }
        }
        readCommon(body, threads: threads, &faults)
        readMeasuring(body, &faults)
        if !isOfModel { checkBounds(&faults) }
        guard faults.isEmpty else { throw Problem(faults: faults) }
    }

    private mutating func readVersion(_ body: JSONObjectDecoder, _ models: ModelStore, _ faults: inout JSONFaults) {
        guard let name = body.string("model", &faults) else { return }
        guard let version = name == "current" ? models.current?.version : ModelVersion.number(of: name) else {
            let reason = name == "current" ? "there is no model yet" : "expected a version such as v17, or current"
            return faults.add("/model", reason)
        }
        guard models.has(version: version) else {
            return faults.add("/model", "there is no model \(ModelVersion.name(of: version))")
        }
        purpose = .evaluation(of: version)
    }

    private mutating func readMeasuring(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        if let list = body.array("cutoffs", count: 1...Limit.cutoffs, &faults) {
            let cutoffs = list.elements.compactMap { $0.decodeInteger(in: 1...Limit.cutoff, &faults) }
            evaluation.cutoffs = Set(cutoffs).sorted()
        }
        if let count = body.integer("sampled_negatives", in: 1...Limit.negatives, &faults) {
            evaluation.sampledNegatives = count
        }
    }
}
