import ArgumentParser

/// Why a command ended, as one sentence on standard error and exit status 1.
struct Fatal: Error, CustomStringConvertible {
    let description: String

    /// What `work` returns; what it throws becomes the sentence.
    static func unless<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            throw Fatal(description: "\(error)")
        }
    }
}
