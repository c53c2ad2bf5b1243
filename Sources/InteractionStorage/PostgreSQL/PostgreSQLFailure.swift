#if PostgreSQL
    /// What PostgreSQL, or the way to it, has against a statement.
    struct PostgreSQLFailure: Error {
        /// The five characters that class it (SQLSTATE, Appendix A of PostgreSQL's manual); empty where no server has spoken.
        var state: String
        /// In PostgreSQL's words, on one line.
        var message: String
        /// Whether the connection is of no use any more.
        var isConnectionLost: Bool

        init(state: String = "", _ message: String, isConnectionLost: Bool) {
            self.state = state
            // Hints and details come as further lines.
            self.message = message.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
                .joined(separator: "; ")
            self.isConnectionLost = isConnectionLost
        }

        /// For one of the connection's own: nobody answered in time, or the bytes make no sense.
        static func lost(_ message: String) -> PostgreSQLFailure {
            PostgreSQLFailure(message, isConnectionLost: true)
        }
    }

    extension StoreError {
        /// Puts what came out of PostgreSQL into the terms a caller can act on; the one place that does.
        init(_ failure: PostgreSQLFailure, during operation: String) {
            let reason = "\(operation): \(failure.message)"
            if failure.isConnectionLost {
                self = .unavailable(reason)
                return
            }
            switch failure.state {
            case "53100":
                self = .noSpace(reason)
            case "XX001", "XX002":
                self = .corrupt(failure.message)
            // Ended by an operator, a crash or a time limit; what cannot be had for now; a lock or a deadlock; no permission;
            // a server that only reads; its disk.
            case "57P01", "57P02", "57P03", "57014", "25P03", "55P03", "40001", "40P01", "42501", "25006", "58030",
                "58000":
                self = .unavailable(reason)
            case let state where ["08", "28", "3D", "53"].contains(state.prefix(2)):
                self = .unavailable(reason)
            default:
                self = .failed(operation: operation, reason: failure.message)
            }
        }
    }
#endif
