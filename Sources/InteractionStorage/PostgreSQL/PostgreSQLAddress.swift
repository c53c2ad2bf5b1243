#if PostgreSQL
    internal import CPostgreSQL

    /// Where a database is and who asks for it: a URL, and the password apart from it.
    ///
    /// Neither is ever part of an error or a description: only the host, the port, the database and the user are told.
    @safe
    public struct PostgreSQLAddress: Sendable, CustomStringConvertible {
        /// As libpq takes it.
        let url: String
        /// Goes before what the URL, `PGPASSWORD` or libpq's password file say; nil leaves it to them.
        let password: String?
        /// `user@host:port/database`, as far as the URL names them.
        public let description: String

        /// Reads a URL of the form `postgresql://USER@HOST:PORT/DATABASE?…` (libpq, "Connection URIs").
        ///
        /// - Throws: ``StoreError/failed(operation:reason:)`` where it is none. The reason does not repeat it: it may hold a password.
        public init(url: String, password: String? = nil) throws(StoreError) {
            guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://"), !url.utf8.contains(0),
                Self.isUnmistakable(url),
                let parts = Self.parts(of: url), (parts["port"] ?? "").utf8.allSatisfy({ Self.portBytes.contains($0) })
            else {
                throw .failed(
                    operation: "reading the URL of the database",
                    reason:
                        "it is not of the form postgresql://USER@HOST:PORT/DATABASE, or holds what libpq does not know, or a "
                        + "character that has to be encoded (@ as %40, / as %2F)")
            }
            self.url = url
            self.password = password
            let user = parts["user"].map { "\($0)@" } ?? ""
            let port = parts["port"].map { ":\($0)" } ?? ""
            description = "\(user)\(parts["host"] ?? parts["hostaddr"] ?? "")\(port)/\(parts["dbname"] ?? "")"
        }

        /// Digits, and what separates the ports of several hosts.
        private static let portBytes = Array("0123456789,".utf8)

        /// Whether a password cannot be taken for something else, which would be told: after one with a bare `@` or `/` libpq takes the rest
        /// of it for the host or the database.
        private static func isUnmistakable(_ url: String) -> Bool {
            let rest = url.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
            guard let at = rest.firstIndex(of: UInt8(ascii: "@")) else { return true }
            return !rest[..<at].contains(UInt8(ascii: "/")) && !rest[at...].dropFirst().contains(UInt8(ascii: "@"))
        }

        /// What the URL says, by libpq's keywords; nil where libpq does not understand it.
        private static func parts(of url: String) -> [String: String]? {
            var fault: UnsafeMutablePointer<CChar>?
            let options = unsafe PQconninfoParse(url, &fault)
            // It repeats the URL.
            if let fault = unsafe fault { unsafe PQfreemem(fault) }
            guard let options = unsafe options else { return nil }
            defer { unsafe PQconninfoFree(options) }
            var parts: [String: String] = [:]
            var option = unsafe options
            // The list ends with an option without a keyword.
            while let keyword = unsafe option.pointee.keyword {
                if let value = unsafe option.pointee.val {
                    unsafe parts[String(cString: keyword)] = unsafe String(cString: value)
                }
                unsafe option += 1
            }
            parts["password"] = nil
            return parts
        }
    }
#endif
