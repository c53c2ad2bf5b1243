import Locking
import Networking

/// How many connections the whole server has over all its loops, and how many of them each client.
final class ConnectionCount: Sendable {
    /// What becomes of one more.
    enum Verdict {
        case served
        /// Told 503: there are too many in all, or of this client.
        case refused
        /// Not even that.
        case dropped
    }

    private struct Counts {
        var open = 0
        var byClient: [ClientAddress: Int] = [:]
    }

    private let counts = Lock(Counts())
    private let maximum: Int
    private let maximumRefusals: Int
    private let maximumPerClient: Int

    init(_ configuration: ServerConfiguration) {
        maximum = configuration.maximumConnections
        maximumRefusals = configuration.maximumRefusals
        maximumPerClient = configuration.maximumConnectionsPerClient
    }

    /// Counts a connection unless it is to be dropped, and says what becomes of it.
    func add(_ client: ClientAddress?) -> Verdict {
        counts.withLock { counts in
            guard counts.open < maximum + maximumRefusals else { return .dropped }
            var ofClient = 1
            if let client {
                ofClient = counts.byClient[client, default: 0] + 1
                // One client's refusals may not take the room of all.
                guard ofClient <= maximumPerClient + maximumRefusals else { return .dropped }
                counts.byClient[client] = ofClient
            }
            counts.open += 1
            return counts.open > maximum || ofClient > maximumPerClient ? .refused : .served
        }
    }

    /// Counts one less.
    func remove(_ client: ClientAddress?) {
        counts.withLock { counts in
            counts.open -= 1
            guard let client, let count = counts.byClient[client] else { return }
            counts.byClient[client] = count == 1 ? nil : count - 1
        }
    }
}
