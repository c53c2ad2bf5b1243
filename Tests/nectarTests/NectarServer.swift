import Foundation
import TestSupport

/// `nectar serve` as it runs, on a free port of the loopback and with data of its own; ended with its last reference.
final class NectarServer {
    struct NotStarted: Error { var errors: String }

    let port: UInt16
    private let process: Process
    private let errors: FileHandle
    private var log = ""

    /// Returns when the server listens, or when the log has other `words` before an address.
    init(
        in folder: TemporaryDirectory, _ arguments: String..., environment: [String: String] = [:],
        awaiting words: String = "listens on"
    ) throws {
        let pipe = Pipe()
        errors = pipe.fileHandleForReading
        process = try NectarProcess.start(
            ["serve", "--data", folder.file("data"), "--port", "0"] + arguments, environment: environment,
            errors: pipe.fileHandleForWriting)
        port = try Self.await(words, in: errors, &log)
    }

    /// Returns when the log has `words` before the address.
    func await(_ words: String) throws {
        let port = try Self.await(words, in: errors, &log)
        guard port == self.port else { throw NotStarted(errors: log) }
    }

    /// The port of the address that follows `words`.
    private static func await(_ words: String, in errors: FileHandle, _ log: inout String) throws -> UInt16 {
        while true {
            for line in log.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                let port = line.split(separator: ":").last.flatMap { UInt16($0) }
                if line.contains("\(words) http"), let port { return port }
            }
            let more = errors.availableData
            guard !more.isEmpty else { throw NotStarted(errors: log) }
            log += String(decoding: more, as: UTF8.self)
        }
    }

    var processIdentifier: Int32 { process.processIdentifier }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Has it end as the system would (SIGTERM), while nobody reads what it writes; returns its exit status. One
    /// that has not ended after 20 seconds is killed.
    func stopWithoutReading() -> Int32 {
        let end = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in end.signal() }
        process.terminate()
        if end.wait(timeout: .now() + .seconds(20)) == .timedOut { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Has it end as the system would (SIGTERM), and returns its exit status and everything it has written.
    func stop() -> (status: Int32, log: String) {
        process.terminate()
        return awaitEnd()
    }

    /// Waits for the end that it has been asked for, and returns its exit status and everything it has written.
    func awaitEnd() -> (status: Int32, log: String) {
        log += String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, log)
    }
}
