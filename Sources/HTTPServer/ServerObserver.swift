public import HTTP

/// Who counts and logs what the server does. Called on loop threads: be quick, and do not block.
public protocol ServerObserver: Sendable {
    /// A connection was accepted to be served.
    func connectionAccepted()
    /// A connection that had been accepted to be served is closed.
    func connectionClosed()
    /// A connection was turned away, because there are too many or no descriptor is left.
    func connectionRefused()
    /// A client and the server did not come to terms on TLS; `reason` is a sentence.
    func handshakeFailed(reason: String)
    /// The certificates were loaded again because their files have changed; with an `error` the old ones stay in use.
    func certificatesReloaded(error: String?)
    /// A request was answered to the end, or its connection broke after the answer had begun.
    ///
    /// `route` is the template, `""` where none matched. Octets include heads; `duration` begins with the last octet
    /// of the request's head.
    func requestFinished(
        method: HTTPMethod, route: String, status: Int, duration: Duration, bytesIn: Int, bytesOut: Int)
    /// A request was refused with this status because it was malformed or came too slowly.
    func parseFailed(status: Int)
}

extension ServerObserver {
    /// Nothing.
    public func connectionAccepted() {}
    /// Nothing.
    public func connectionClosed() {}
    /// Nothing.
    public func connectionRefused() {}
    /// Nothing.
    public func handshakeFailed(reason: String) {}
    /// Nothing.
    public func certificatesReloaded(error: String?) {}
    /// Nothing.
    public func requestFinished(
        method: HTTPMethod, route: String, status: Int, duration: Duration, bytesIn: Int, bytesOut: Int
    ) {}
    /// Nothing.
    public func parseFailed(status: Int) {}
}

/// An observer that ignores everything.
public struct NoObserver: ServerObserver {
    /// The only one there is.
    public init() {}
}
