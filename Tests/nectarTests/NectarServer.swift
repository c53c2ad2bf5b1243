import Foundation
import TestSupport

/// `nectar serve` as it runs, on a free port of the loopback and with data of its own; ended with its last reference.
final class NectarServer {
    struct NotStarted: Error { var errors: String }

    let port: UInt16
    private let process: Process
    private let errors: FileHandle
    private var log = ""

    /// Returns when the server listens.
    init(in folder: TemporaryDirectory, _ arguments: String..., environment: [String: String] = [:]) throws {
        let pipe = Pipe()
        errors = pipe.fileHandleForReading
        process = try NectarProcess.start(
            ["serve", "--data", folder.file("data"), "--port", "0"] + arguments, environment: environment,
            errors: pipe.fileHandleForWriting)
        var log = ""
        var found: UInt16?
        while found == nil {
            let more = errors.availableData
            guard !more.isEmpty else { throw NotStarted(errors: log) }
            log += String(decoding: more, as: UTF8.self)
            found = log.firstMatch(of: /listens on .*:([0-9]+)\n/).flatMap { UInt16($0.1) }
        }
        guard let found else { throw NotStarted(errors: log) }
        port = found
        self.log = log
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
        log += String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, log)
    }
}
