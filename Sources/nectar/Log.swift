import Logging

/// How the program writes its log: one line an event on standard error.
enum Log {
    /// The logger for `level` and everything more severe.
    static func logger(level: String) -> Logger {
        var logger = Logger(label: "nectar") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: level) ?? .info
        return logger
    }
}
