/// What the server proves its identity with, and what it asks of its clients.
public struct TLSConfiguration: Sendable, Equatable {
    /// A certificate and the key that belongs to it, as PEM files.
    public struct Identity: Sendable, Equatable {
        /// The certificate, followed by those that lead from it towards an authority.
        public var certificateFile: String
        /// The private key, unencrypted.
        public var keyFile: String

        /// An identity of these files.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// What is asked of the client.
    public enum ClientCertificates: Sendable, Equatable {
        /// Nothing.
        case ignored
        /// A certificate is asked for; one that is sent must lead to an authority in this PEM file.
        case optional(authorityFile: String)
        /// Without such a certificate there is no connection.
        case required(authorityFile: String)

        /// The file of the authorities, where certificates are asked for.
        public var authorityFile: String? {
            switch self {
            case .ignored: nil
            case .optional(let file), .required(let file): file
            }
        }
    }

    /// The oldest version of the protocol that is spoken.
    public enum Version: Sendable, Equatable {
        /// TLS 1.2 and 1.3.
        case tls12
        /// TLS 1.3 alone.
        case tls13
    }

    /// Who the server is. A client that names a host (SNI) is shown the first whose certificate is for that host, every
    /// other the first of all.
    public var identities: [Identity]
    /// What is asked of the client.
    public var clientCertificates = ClientCertificates.ignored
    /// The oldest version of the protocol that is spoken.
    public var minimumVersion = Version.tls12

    /// A configuration with these identities, of which there is at least one, and the defaults.
    public init(identities: [Identity]) {
        self.identities = identities
    }

    /// Every file that it is read from.
    var files: [String] {
        identities.flatMap { [$0.certificateFile, $0.keyFile] } + [clientCertificates.authorityFile].compactMap { $0 }
    }
}

/// What is wrong with a TLS configuration, in a sentence.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error that says this.
    public init(_ description: String) {
        self.description = description
    }
}
