/// Which server a client trusts, and who it says it is.
public struct TLSClientConfiguration: Sendable, Equatable {
    /// A PEM file; its first certificate is the one that the server has to show. Nothing else is trusted, and nothing
    /// else of it is looked at, neither the names nor the dates: whoever has the file knows the server.
    public var certificateFile: String
    /// What is shown to a server that asks for it.
    public var identity: TLSConfiguration.Identity?

    /// A client that trusts this certificate.
    public init(certificateFile: String, identity: TLSConfiguration.Identity? = nil) {
        self.certificateFile = certificateFile
        self.identity = identity
    }
}
