extension Hyperparameters {
    /// The settings that suit an architecture when nothing is said.
    public static func defaults(for architecture: Architecture) -> Hyperparameters {
        Hyperparameters(architecture: architecture)
    }
}
