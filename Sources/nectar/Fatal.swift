import Foundation
import Networking

/// Why a command ended, as one sentence on standard error and exit status 1.
struct Fatal: Error, CustomStringConvertible {
    let description: String

    /// What `work` returns; what it throws becomes the sentence.
    static func unless<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            throw Fatal(description: sentence(for: error))
        }
    }

    /// What `error` says. Foundation's own errors are dumps of their fields: of those, the file and the system's reason.
    private static func sentence(for error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        let reason = (error.underlying as? POSIXError).map { SystemError(code: $0.code.rawValue, operation: "").reason }
        return "\(error.filePath ?? "The file"): \(reason ?? error.localizedDescription)"
    }
}
