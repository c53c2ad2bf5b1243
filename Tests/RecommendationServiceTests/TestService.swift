import InteractionStorage
import JSON
import Locking
import Logging
import NCF
import Networking
import RecommendationService
import TestSupport

@testable import HTTPServer

/// A clock that stands still until the test moves it.
final class ManualWallClock: Sendable {
    private let now = Lock<Int64>(1_767_225_600_000)

    var clock: WallClock { WallClock { [now] in now.withLock { $0 } } }
    var milliseconds: Int64 { now.withLock { $0 } }
    func advance(milliseconds: Int64) { now.withLock { $0 += milliseconds } }
}

/// A disk with as much space as the test says.
final class ManualDisk: Sendable {
    private let space: Lock<Int64>

    init(freeBytes: Int64) { space = Lock(freeBytes) }

    var measure: @Sendable () -> Int64? { { self.freeBytes } }

    var freeBytes: Int64 {
        get { space.withLock { $0 } }
        set { space.withLock { $0 = newValue } }
    }
}

/// The whole service behind a real server on loopback, as `nectar serve` puts it together; ended when the test lets go.
final class TestService: Sendable {
    let store: any InteractionStore
    let models: ModelStore
    let directory: TemporaryDirectory
    let service: Service
    let server: HTTPServer
    let port: UInt16
    let time = ManualWallClock()

    /// - Parameters:
    ///   - directory: Given where another service left its models there.
    ///   - isStarted: False for a service that has not loaded anything yet.
    ///   - clock: What the connections' deadlines are measured on.
    ///   - uploadBatchSize: Rows of an upload in one transaction; nil for as many as usual.
    init(
        store: any InteractionStore = InMemoryInteractionStore(), directory: TemporaryDirectory? = nil,
        isStarted: Bool = true, clock: any MonotonicClock = SystemMonotonicClock(),
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        disk: ManualDisk? = nil,
        uploadBatchSize: Int? = nil,
        _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws {
        let directory = try directory ?? TemporaryDirectory()
        var configuration = ServiceConfiguration()
        configuration.dataDirectory = directory.path
        configuration.training.threads = 1
        configuration.storage.batchDelayMilliseconds = 0
        configure(&configuration)
        self.store = store
        self.directory = directory
        models = try ModelStore(
            directory: directory.file("models"), keep: configuration.keptModels, serving: configuration.serving)
        service = Service(
            configuration: configuration, store: store, models: models, logger: logger, clock: time.clock,
            freeBytes: disk?.measure, uploadBatchSize: uploadBatchSize)
        if isStarted { try service.start() }
        var http = ServerConfiguration()
        http.maximumBodyLength = configuration.server.bodyBytes
        http.contentBudget = service.contentBudget
        http.offloadThreads = 2
        http.bulkThreads = 2
        http.lingerTimeout = .milliseconds(200)
        server = HTTPServer(
            configuration: http, router: service.router(), observer: service.observer,
            accessLog: service.accessLog, clock: clock)
        port = try server.start()
    }

    deinit {
        server.stop()
        server.wait()
        try? service.shutDown()
    }

    func client() throws -> RawClient { try RawClient(port: port) }

    /// One request on a connection of its own.
    func ask(_ method: String, _ path: String, _ body: String? = nil, fields: String = "") throws -> Reply {
        try client().ask(method, path, body.map { Array($0.utf8) }, fields: fields)
    }

    func get(_ path: String) throws -> Reply { try ask("GET", path) }

    func post(_ path: String, _ body: String, type: String? = nil, fields: String = "") throws -> Reply {
        try ask("POST", path, body, fields: fields + (type.map { "Content-Type: \($0)\r\n" } ?? ""))
    }

    /// Trains a small model, with `settings` before the defaults of the tests, and answers the job as it ended.
    @discardableResult
    func train(_ settings: String = "") throws -> Reply {
        try post("/train", "{\(settings.isEmpty ? "" : settings + ",")\(Self.smallModel), \"wait\": true}")
    }

    static let smallModel =
        "\"architecture\": \"mf\", \"embedding_dimension\": 4, \"epochs\": 2, \"learning_rate\": 0.05, \"resamples\": 20"

    /// Everything that a refused request must leave as it was.
    func holdings() throws -> Holdings {
        Holdings(
            counts: try store.counts, watermark: try store.watermark, items: try store.items(after: nil, limit: .max),
            jobs: try get("/train").json["jobs"]?.count ?? -1, current: models.current?.version,
            versions: models.versions().map(\.version))
    }

    struct Holdings: Equatable {
        var counts: StoreCounts
        var watermark: Int64
        var items: [Item]
        var jobs: Int
        var current: Int?
        var versions: [Int]
    }
}
