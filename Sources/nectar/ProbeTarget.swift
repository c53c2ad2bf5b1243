import Foundation

/// Where `nectar healthcheck` asks.
struct ProbeTarget: Equatable, CustomStringConvertible {
    var isSecure: Bool
    /// A name or an address, without the brackets of IPv6.
    var host: String
    var port: Int
    /// The path, with the query if there is one.
    var path: String

    /// What is asked where no path is given.
    static let usualPath = "/readyz"

    init(isSecure: Bool, host: String, port: Int, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// What an `http` or `https` URL names, `/readyz` where it has no path; nil where it is none. A fragment is not for the
    /// server, and a name with a password is not for this program.
    init?(url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, ["http", "https"].contains(scheme), parts.user == nil, parts.fragment == nil
        else { return nil }
        let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        guard !name.isEmpty else { return nil }
        isSecure = scheme == "https"
        self.host = name
        port = parts.port ?? (isSecure ? 443 : 80)
        let path = parts.percentEncodedPath
        let asked = path.isEmpty || path == "/" ? Self.usualPath : path
        self.path = asked + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
    }

    /// As a `Host` field says it; a port that goes without saying is said too.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }
}
