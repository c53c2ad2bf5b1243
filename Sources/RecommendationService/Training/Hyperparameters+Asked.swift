public import NCF

extension Hyperparameters {
    /// Checks settings that somebody asked for: every bound, and that an epoch is trained unless the closed form is the
    /// whole model, which it is of `mf` alone. Whether an epoch improves on the closed form of another architecture is for
    /// the holdout to say.
    ///
    /// - Throws: ``HyperparameterFaults``, listing every bad one.
    public func validateAsAsked() throws(HyperparameterFaults) {
        var asked = self
        if epochs == 0, architecture != .mf { asked.start = .none }
        try asked.validate()
    }
}
