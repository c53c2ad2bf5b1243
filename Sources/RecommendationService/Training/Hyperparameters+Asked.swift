public import NCF

extension Hyperparameters {
    /// Checks settings that somebody asked for: every bound, and that an epoch is trained unless the closed form is the
    /// whole model, which it is of `mf` alone. Whether an epoch improves on the closed form of another architecture is for
    /// the holdout to say.
    ///
    /// - Parameter given: What was asked for: of it nothing may be without effect.
    /// - Throws: ``HyperparameterFaults``, listing every bad one.
    public func validateAsAsked(_ given: GivenSettings = []) throws(HyperparameterFaults) {
        var asked = self
        if epochs == 0, architecture != .mf { asked.start = .none }
        var faults: [HyperparameterFaults.Fault] = []
        do {
            try asked.validate()
        } catch {
            faults = error.faults
        }
        // One fault of a setting is enough.
        faults += given.irrelevant(to: self).filter { fault in !faults.contains { $0.name == fault.name } }
        if !faults.isEmpty { throw HyperparameterFaults(faults: faults) }
    }
}
