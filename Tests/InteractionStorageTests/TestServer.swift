#if PostgreSQL
    import Foundation
    import Testing

    @testable import InteractionStorage

    /// A PostgreSQL server of a test's own, which it may stop and start (`scripts/support/postgresql`).
    final class TestServer {
        let address: PostgreSQLAddress
        private let folder: String

        init() throws {
            folder = NSTemporaryDirectory() + "nectar-postgresql-\(UUID().uuidString)"
            address = try PostgreSQLAddress(url: try Self.control("start", folder))
        }

        /// Runs `start`, `stop` or `crash`.
        func control(_ command: String) throws {
            _ = try Self.control(command, folder)
        }

        /// Ends the server and takes its folder away.
        func remove() {
            _ = try? Self.control("crash", folder)
            try? FileManager.default.removeItem(atPath: folder)
        }

        private static func control(_ command: String, _ folder: String) throws -> String {
            let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized
            let process = Process()
            process.executableURL = root.appending(path: "scripts/support/postgresql")
            process.arguments = [command, folder]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "scripts/support/postgresql \(command) failed")
            return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
#endif
