/// What this program is.
public enum Build {
    /// The version of Nectar.
    public static let version = "0.1.0"

    /// The compiler it was built with.
    #if compiler(>=6.4)
        static let compiler = "6.4 or newer"
    #else
        static let compiler = "6.3"
    #endif
}
