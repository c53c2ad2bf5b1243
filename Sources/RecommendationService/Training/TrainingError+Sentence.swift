public import NCF

extension TrainingError {
    /// Why there is no model, for people.
    public var sentence: String {
        switch self {
        case .cancelled: "The training was cancelled."
        case .nothingToTrain(let reason): "There is nothing to train on: \(reason)."
        case .diverged(let epoch):
            "The training diverged in epoch \(epoch): the loss is not a number. A lower learning_rate helps."
        case .invalidHyperparameters(let faults):
            faults.faults.map { "\($0.name) \($0.detail)" }.joined(separator: "; ")
        }
    }
}
