public import NCF

extension TrainingError {
    /// Why there is no model, for people.
    public var sentence: String {
        switch self {
        case .cancelled: "The training was cancelled."
        case .nothingToTrain(let reason): "There is nothing to train on: \(reason)."
        case .diverged(let epoch):
            "The training diverged in epoch \(epoch): the loss is not a number. A lower learning_rate helps."
        case .needsMemory(let bytes, let limit):
            "The training would take about \(Self.megabytes(bytes)) MB of memory and may take \(Self.megabytes(limit)) MB "
                + "(training.memory_megabytes). Smaller hidden_layers, embedding_dimension or batch_size take less."
        case .checkpoint(let reason): "The checkpoint could not be written: \(reason)."
        case .invalidHyperparameters(let faults):
            faults.faults.map { "\($0.name) \($0.detail)" }.joined(separator: "; ")
        }
    }

    private static func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 }
}
