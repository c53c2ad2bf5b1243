import Glibc
import HTTP
import Networking

/// Takes connections from one listening socket, and keeps calm when descriptors run out.
///
/// A descriptor is held in reserve. When none is left, it is given up for a moment to take the waiting connection, tell
/// it 503 and close it: left waiting, it would make the loop spin, and the client would never know.
final class Acceptor: EventHandler {
    private var listener: ListeningSocket?
    private var reserve: FileDescriptor?
    private var registration: EventLoop.Registration?
    private unowned let server: ServerLoop
    /// Connections taken in one turn; the rest wait for the next, behind the established ones.
    private static let acceptsPerTurn = 64
    /// How long accepting rests when not even the reserve helps.
    private static let pause = Duration.milliseconds(100)

    init(_ listener: consuming ListeningSocket, server: ServerLoop) throws(SystemError) {
        self.server = server
        let number = listener.number
        self.listener = consume listener
        reserve = Self.openReserve()
        registration = try server.loop.register(number, interest: .readable, handler: self)
    }

    func descriptorReady(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard acceptOne() else { return }
        }
    }

    func deadlinePassed() { setInterest(.readable) }

    /// Takes what is waiting, because closing the listener would reset it, and closes the listener.
    ///
    /// No more than can have been waiting: clients that keep coming must not keep the server from its end.
    func drain() {
        for _ in 0...server.configuration.backlog {
            guard acceptOne() else { break }
        }
        if let registration { server.loop.deregister(registration) }
        registration = nil
        listener = nil
    }

    /// Gives the listener away, with who is waiting in it; nil where there is none any more.
    func release() -> Int32? {
        if let registration { server.loop.deregister(registration) }
        registration = nil
        return listener.take()?.release()
    }

    /// Whether it is worth trying again at once.
    private func acceptOne() -> Bool {
        switch takeNext() {
        case .connection(let connection):
            server.admit(connection)
            return true
        case .wouldBlock: return false
        case .transientFailure: return true
        case .exhausted: return refuseWithReserve()
        }
    }

    private func takeNext() -> ListeningSocket.Accepted {
        switch listener {
        case .some(let open): open.accept()
        case .none: .wouldBlock
        }
    }

    private func refuseWithReserve() -> Bool {
        reserve = nil
        var isRefused = false
        if case .connection(let connection) = takeNext() {
            if !server.isEncrypted { tellBusy(Transport(connection.takeDescriptor())) }
            server.observer.connectionRefused()
            isRefused = true
        }
        reserve = Self.openReserve()
        if !isRefused { rest() }
        return isRefused
    }

    private func tellBusy(_ transport: Transport) {
        var text: [UInt8] = []
        server.writeBusy(into: &text)
        _ = transport.write(text.span)
        transport.shutdownWriting()
        // What the client has sent already is read, or the close would reset the connection and eat the answer.
        // There is no descriptor to wait with, so what comes later is not.
        var discarded = [UInt8](repeating: 0, count: 4096)
        _ = transport.read(into: &discarded, at: 0)
        transport.close()
    }

    private func rest() {
        setInterest([])
        guard let registration else { return }
        server.loop.setDeadline(server.loop.now.advanced(by: Self.pause), of: registration)
    }

    private func setInterest(_ interest: Readiness) {
        if let registration { server.loop.setInterest(interest, of: registration) }
    }

    private static func openReserve() -> FileDescriptor? {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        return number >= 0 ? FileDescriptor(owning: number) : nil
    }
}
