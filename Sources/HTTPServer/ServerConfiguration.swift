public import HTTP
public import Networking

/// Everything about the server that an operator may set. Every limit has its name here, and its default.
public struct ServerConfiguration: Sendable {
    /// The numeric address to listen on, or `localhost`.
    public var host = "127.0.0.1"
    /// The TCP port; 0 has the kernel choose.
    public var port: UInt16 = 0
    /// Certificates, if the server is to speak HTTPS rather than HTTP.
    public var tls: TLSConfiguration?
    /// Event loops, each a thread with a listening socket of its own.
    public var loopCount = 1
    /// Connections the kernel keeps waiting for each listening socket.
    public var backlog = 4096
    /// How much of everything the parser takes.
    public var limits = HTTPRequestParser.Limits()
    /// Octets of content a request may have, on routes that do not stream; more are answered 413.
    public var maximumBodyLength = 16 << 20
    /// Content that handlers get whole, over all connections; more is answered 503.
    public var contentBudget = ContentBudget(limit: 512 << 20)
    /// How long a TLS handshake may take; then the connection is cut.
    public var handshakeTimeout = Duration.seconds(10)
    /// Octets that each octet of gzip content may expand to, beyond the first mebibyte; more are answered 413.
    public var maximumExpansion = 200
    /// Octets from which on an answer of text or JSON is sent as gzip to clients that accept it.
    public var compressionThreshold = 1024
    /// From the first octet of a head to its last one; then 408.
    public var fieldSectionTimeout = Duration.seconds(10)
    /// How long a connection may rest between requests; then it is closed.
    public var idleTimeout = Duration.seconds(60)
    /// How long a body may take for the next ``minimumProgress`` octets; then 408.
    public var bodyTimeout = Duration.seconds(30)
    /// How long a client may take to accept the next ``minimumProgress`` octets; then the connection is cut.
    public var writeTimeout = Duration.seconds(30)
    /// How many octets count as progress, so that a trickle of single ones does not hold a connection for ever.
    public var minimumProgress = 1024
    /// How long a closed connection is read and discarded for the client's end; a reset would eat the last answer.
    public var lingerTimeout = Duration.seconds(2)
    /// How long a drain waits for what is in flight.
    public var drainTimeout = Duration.seconds(30)
    /// How long a drain waits for the first request of a connection that was accepted just before it.
    public var drainGrace = Duration.milliseconds(500)
    /// Open connections; one more is answered 503 and closed.
    public var maximumConnections = 10_000
    /// Open connections from one client (an IPv4 address, an IPv6 /64); one more is answered 503 and closed. By default
    /// no stricter than the limit for all, because behind a proxy everybody comes from one address.
    public var maximumConnectionsPerClient = 10_000
    /// Connections that may be open beyond the maximum, only to be told 503; one more is closed without a word.
    public var maximumRefusals = 256
    /// Seconds a refused client is asked to wait (`Retry-After`).
    public var retryAfter = 1
    /// Threads for handlers that a loop cannot wait for.
    public var offloadThreads = 4
    /// Threads for handlers that take their time, for consumers of bodies and for content that is made as it is sent.
    public var bulkThreads = 4
    /// Requests that may wait for such a thread; one more is answered 503.
    public var offloadQueueLimit = 1024
    /// Octets of answers that may wait on one connection before no further request is looked at.
    public var outputLimit = 64 << 10
    /// Octets read at once from a connection.
    public var readSize = 16 << 10

    /// The defaults.
    public init() {}
}
