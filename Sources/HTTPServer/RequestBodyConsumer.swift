public import HTTP

/// A handler that takes a body piece by piece, however long it is.
///
/// Its methods are called on the bulk pool, never two at once, and reading from the client stops while one runs: a slow
/// consumer slows the sender down, and a slow sender holds no thread. It ends with exactly one of: an answer from
/// ``consume(_:)``, the answer of ``finish(_:)``, or ``cancel()``. What is short and has come whole is taken on the loop
/// instead, by one call of ``consume(_:)`` and one of ``finish(_:)``, if the consumer says so (``loopLimit``).
public protocol RequestBodyConsumer: AnyObject, Sendable {
    /// Octets up to which content that has come with its head is taken on the loop, which serves others too: for what takes
    /// microseconds and waits for nothing. To hand content to another thread and back costs four wake-ups. 0, unless a
    /// consumer says otherwise: everything is taken on the pool.
    var loopLimit: Int { get }
    /// Takes the next piece, which is not empty. An answer ends the request at once; unless the whole body had come,
    /// the connection is closed after it.
    func consume(_ chunk: [UInt8]) -> HTTPResponse?
    /// The whole body has come; `respond` takes its answer, now or later, on any thread. A second answer is ignored; letting
    /// go of `respond` without a call answers 500.
    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void)
    /// The client went away, was too slow or broke the framing: nothing of the message may be kept, unless it asked for what
    /// comes to be kept as it comes.
    func cancel()
    /// What a client that was too slow or broke the framing is told before ``cancel()``, who may want to know what was kept;
    /// nil: the problem of this status and detail. Called on the loop, when no piece is with the consumer.
    func refusal(_ status: HTTPStatus, _ detail: String) -> HTTPResponse?
}

extension RequestBodyConsumer {
    /// 0: everything is taken on the pool.
    public var loopLimit: Int { 0 }

    /// Nil: there is nothing to add.
    public func refusal(_ status: HTTPStatus, _ detail: String) -> HTTPResponse? { nil }
}

/// What a route that streams makes of a request when only its head has come.
public enum RequestBodyDecision: Sendable {
    /// The consumer takes the content as it comes.
    case taken(by: any RequestBodyConsumer)
    /// The head decides: this is the answer, and the content is not asked for.
    case refused(HTTPResponse)
}
