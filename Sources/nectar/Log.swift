import Dispatch
import Logging

/// How the program writes its log: one line an event on standard error.
enum Log {
    /// The logger for `level` and everything more severe.
    static func logger(level: String) -> Logger {
        var logger = Logger(label: "nectar") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: level) ?? .info
        return logger
    }

    /// Does `work`, which logs, and returns when it is done, or after a second: who reads the log, and has stopped to,
    /// must not keep the program from ending. Whether it was done.
    @discardableResult
    static func briefly(_ work: @escaping @Sendable () -> Void) -> Bool {
        let end = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            work()
            end.signal()
        }
        return end.wait(timeout: .now() + .seconds(1)) == .success
    }
}
