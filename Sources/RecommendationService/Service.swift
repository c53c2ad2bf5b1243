import Dispatch
import HTTP
public import HTTPServer
public import InteractionStorage
public import Logging
public import NCF

/// The recommendation service: everything between a parsed request and its answer.
///
/// It owns the store, the models, the training queue and the memory of recent interactions; the server that carries
/// requests to its ``router`` belongs to the caller.
public final class Service: Sendable {
    /// Counts what the server does.
    public var observer: any ServerObserver { metrics }
    /// What the bodies of requests may take of the memory, for the server to keep to as well.
    public let contentBudget: ContentBudget
    /// Keeps a line about every request; nil unless the settings ask for it.
    public var accessLog: (any AccessLog)? { bufferedAccessLog }

    private let configuration: ServiceConfiguration
    private let store: any InteractionStore
    private let models: ModelStore
    private let logger: Logger
    private let clock: WallClock
    private let uploadBatchSize: Int
    private let catalog = Catalog()
    private let recent: RecentInteractions
    private let activity: ItemActivity
    private let newcomers: Newcomers
    private let batcher: WriteBatcher
    private let coordinator: TrainingCoordinator
    private let metrics: ServiceMetrics
    private let lifecycle = Lifecycle()
    private let erasures = ErasureLedger()
    private let reserve: DiskReserve
    private let outcome = WriteOutcome()
    let eraser: UserEraser
    let retention: RetentionKeeper
    let emptier: LogEmptier
    private let bufferedAccessLog: BufferedAccessLog?

    /// Builds a service over an open store and an open folder of models.
    ///
    /// - Parameters:
    ///   - freeBytes: Tells how much space is free on the disk; nil for who asks the system.
    ///   - uploadBatchSize: Rows of an upload in one transaction; nil for the number that must never change for a store.
    public init(
        configuration: ServiceConfiguration,
        store: any InteractionStore,
        models: ModelStore,
        logger: Logger,
        clock: WallClock = .system,
        freeBytes: (@Sendable () -> Int64?)? = nil,
        uploadBatchSize: Int? = nil
    ) {
        self.configuration = configuration
        self.uploadBatchSize = uploadBatchSize ?? InteractionUpload.usualBatchSize
        reserve = DiskReserve(configuration, measure: freeBytes)
        contentBudget = ContentBudget(limit: configuration.server.heldBodyBytes)
        self.store = store
        self.models = models
        self.logger = logger
        self.clock = clock
        let metrics = ServiceMetrics(kinds: configuration.kinds)
        self.metrics = metrics
        metrics.watchQuarantine(of: store)
        bufferedAccessLog =
            configuration.log.access
            ? BufferedAccessLog(
                to: logger, wantsTargets: configuration.log.personalIDs, dropped: metrics.accessLinesDropped)
            : nil
        let recent = RecentInteractions(
            capacity: configuration.recommendation.recentInteractions, kinds: configuration.kinds, clock: clock)
        self.recent = recent
        let activity = ItemActivity(
            store: store, kinds: configuration.kinds, settings: configuration.trending,
            file: ArrivalFile(directory: configuration.dataDirectory), clock: clock, logger: logger)
        self.activity = activity
        metrics.watch(activity)
        let newcomers = Newcomers(catalog: catalog, models: models, itemLimit: configuration.features.newItems)
        self.newcomers = newcomers
        batcher = WriteBatcher(
            store: store, maximumDelay: .milliseconds(configuration.storage.batchDelayMilliseconds),
            queueLimit: configuration.storage.writeQueue)
        let coordinator = TrainingCoordinator(
            pipeline: TrainingPipeline(
                store: store, models: models, kinds: configuration.kinds,
                memoryLimit: configuration.trainingMemory, features: configuration.features, clock: clock),
            configuration: configuration.training,
            numbers: JobNumbers(directory: configuration.dataDirectory, logger: logger)
        ) { [metrics] job in
            metrics.jobEnded(job)
            Self.log(job, to: logger)
            guard job.current.isPublished, let current = models.current else { return }
            recent.forget(upTo: current.lineage.dataWatermark)
            do throws(StoreError) {
                try newcomers.follow(store)
            } catch {
                logger.error("Items and users that came after the model cannot be read: \(error)")
            }
            if configuration.erasure.policy == .retrain { Self.retireModels(before: current, in: models, logger) }
        }
        self.coordinator = coordinator
        let emptier = LogEmptier(store: store, logger: logger)
        self.emptier = emptier
        retention = RetentionKeeper(
            store: store, models: models, recent: recent, activity: activity, emptier: emptier,
            retention: configuration.retention, metrics: metrics, logger: logger, clock: clock)
        let retraining = ErasureRetraining(
            retireOutdated: { [erasures] in
                if let current = models.current { Self.retireModels(before: current, in: models, logger) }
                return models.versions().contains { Self.isOutdated($0.lineage, erasures.last) }
            },
            mayStart: { [erasures] in
                // A newer model is no remedy for an old one that cannot be removed, nor is there one without data.
                if let lineage = models.current?.lineage, lineage.erasures >= erasures.last { return false }
                return (try? store.counts.interactions) ?? 0 > 0
                    && !coordinator.jobs.contains { !$0.state.hasEnded && $0.request.willBePublished }
            },
            start: {
                coordinator.retrainWithoutErased(
                    threads: configuration.trainingThreads, configuration.learning, logger)
            })
        eraser = UserEraser(
            store: store, models: models, recent: recent, activity: activity, newcomers: newcomers, ledger: erasures,
            emptier: emptier, retraining: configuration.erasure.policy == .retrain ? retraining : nil,
            logger: logger, clock: clock, forget: { coordinator.forget(userID: $0) })
    }

    /// Loads all that is served, and serves.
    ///
    /// - Throws: If the store cannot be read.
    public func start() throws(StoreError) {
        try load()
        beginServing()
    }

    /// Loads the newest valid model, the catalogue and what happened since the model was trained. Until then only the
    /// ``startingRouter()`` can be asked.
    ///
    /// - Throws: If the store cannot be read.
    public func load() throws(StoreError) {
        let report = models.loadNewestValid()
        for refusal in report.refused { logger.error("A model was refused: \(refusal)") }
        if let current = models.current {
            logger.notice("Model \(current.name) serves: \(current.userCount) users, \(current.itemCount) items.")
        } else {
            logger.notice("There is no model yet; POST /train makes one.")
        }
        if let shortage = reserve.shortage { logger.warning("\(shortage) What would be stored is refused.") }
        // The last process may have ended before.
        emptier.empty()
        try eraser.finishPending()
        try catalog.load(from: store)
        let current = models.current
        try recent.reload(
            from: store, after: current?.lineage.dataWatermark ?? 0, for: current.map { [$0] } ?? [])
        if recent.forgottenCount > 0 {
            logger.warning(
                """
                \(recent.forgottenCount) interactions newer than the model are not held in memory, where \(recent.count) are \
                (recommendation.recent_interactions): a training takes in all.
                """)
        }
        try newcomers.follow(store)
        try activity.start()
    }

    /// From now on probes are told that requests are answered; after ``load()``, when the ``router()`` is asked.
    public func beginServing() {
        lifecycle.enter(.serving)
        retention.begin()
        eraser.resumeRetraining()
    }

    /// From now on probes are told to send requests elsewhere.
    public func beginDraining() {
        lifecycle.enter(.draining)
    }

    /// Ends training, writes what is queued, and closes the store. Call it when the server has drained.
    public func shutDown() throws(StoreError) {
        bufferedAccessLog?.finish(until: .now() + .seconds(2))
        coordinator.shutDown()
        batcher.drain()
        eraser.drain()
        retention.end()
        activity.end()
        emptier.end()
        try store.flush()
        try store.close()
    }

    /// Every route, ready to be served.
    public func router() -> Router {
        var router = Router()
        router.problem = { status, detail, _ in Problem(status, detail).response() }
        // Who is erased while the content of a request is on its way is kept out of what it stores.
        router.stamp = { [erasures] in erasures.last }
        let recorder = InteractionRecorder(
            batcher: batcher, recent: recent, activity: activity, metrics: metrics,
            maximumCount: configuration.storage.writeQueue,
            reserve: reserve, outcome: outcome)
        RecommendationRoutes(
            recommender: Recommender(
                catalog: catalog, recent: recent, activity: activity, newcomers: newcomers, clock: clock),
            models: models,
            configuration: configuration
        ).register(in: &router)
        PopularityRoutes(activity: activity, catalog: catalog, clock: clock, configuration: configuration)
            .register(in: &router)
        SimilarityRoutes(
            models: models, catalog: catalog, recent: recent, newcomers: newcomers, store: store, clock: clock,
            configuration: configuration
        ).register(in: &router)
        PredictionRoutes(models: models, recent: recent, newcomers: newcomers, configuration: configuration)
            .register(in: &router)
        TrainingRoutes(
            coordinator: coordinator, recorder: recorder, clock: clock, threads: configuration.trainingThreads,
            limits: configuration.kinds.limits, learning: configuration.learning
        ).register(in: &router)
        EvaluationRoutes(
            coordinator: coordinator, models: models, clock: clock, threads: configuration.trainingThreads,
            learning: configuration.learning
        ).register(in: &router)
        DatasetRoutes(store: store, kinds: configuration.kinds, cleaning: configuration.cleaning, clock: clock)
            .register(in: &router)
        InteractionRoutes(
            store: store, configuration: configuration, contentBudget: contentBudget,
            setting: InteractionDocument.Setting(
                recorder: recorder, maximumLength: configuration.server.bodyBytes, limits: configuration.kinds.limits,
                quarantine: Quarantine(
                    store: store, settings: configuration.quarantine, metrics: metrics, clock: clock)),
            uploadBatchSize: uploadBatchSize
        ).register(in: &router)
        QuarantineRoutes(store: store, configuration: configuration).register(in: &router)
        ExportRoutes(store: store).register(in: &router)
        CatalogRoutes(
            store: store, catalog: catalog, newcomers: newcomers, configuration: configuration, reserve: reserve
        )
        .register(in: &router)
        UserRoutes(
            store: store, models: models, newcomers: newcomers, eraser: eraser, configuration: configuration,
            reserve: reserve
        ).register(in: &router)
        ModelRoutes(
            models: models,
            remember: { [store, recent] watermark, models throws(StoreError) in
                try recent.reload(from: store, after: watermark, for: models)
            }, published: { [store, newcomers] () throws(StoreError) in try newcomers.follow(store) }
        ).register(in: &router)
        FeatureRoutes(models: models).register(in: &router)
        WeightsRoutes(
            models: models, store: store, configuration: configuration, clock: clock, reserve: reserve,
            contentBudget: contentBudget
        ).register(in: &router)
        AdminRoutes(store: store, backups: BackupFolder(configuration), clock: clock, logger: logger, reserve: reserve)
            .register(in: &router)
        healthRoutes.register(in: &router)
        return router
    }

    /// What can be asked before ``load()`` has ended: the probes. All else is answered 503, by the head of a request alone.
    public func startingRouter() -> Router {
        var router = Router()
        router.problem = { status, detail, _ in
            guard status == .notFound || status == .methodNotAllowed else { return Problem(status, detail).response() }
            return Problem(.serviceUnavailable, Lifecycle.startingReason, retryAfterSeconds: 1).response()
        }
        healthRoutes.register(in: &router)
        return router
    }

    private var healthRoutes: HealthRoutes {
        HealthRoutes(
            store: store, models: models, lifecycle: lifecycle, metrics: metrics, recent: recent, reserve: reserve,
            outcome: outcome)
    }

    /// Whether a model was trained when fewer users had been erased.
    private static func isOutdated(_ lineage: Lineage, _ erasures: Int64) -> Bool {
        lineage.origin == .trained && lineage.erasures < erasures
    }

    /// Removes the models that were trained when fewer users had been erased than before `current`.
    private static func retireModels(before current: ModelSnapshot, in models: ModelStore, _ logger: Logger) {
        do {
            let retired = try models.retire { model in
                isOutdated(model.lineage, current.lineage.erasures)
            }
            guard !retired.isEmpty else { return }
            logger.notice(
                "Models trained on users who were erased are gone.",
                metadata: ["models": "\(retired.map(ModelVersion.name).joined(separator: " "))"])
        } catch {
            logger.error("Models trained on users who were erased could not be removed: \(error)")
        }
    }

    private static func log(_ job: TrainingJob, to logger: Logger) {
        let progress = job.current
        guard job.request.purpose == .model else {
            return logger.notice(
                "Evaluation job \(job.id) \(progress.state.rawValue).",
                metadata: progress.message.map { ["detail": "\($0)"] })
        }
        let version = progress.version.map(ModelVersion.name) ?? "no model"
        logger.notice(
            "Training job \(job.id) \(progress.state.rawValue): \(version)\(progress.isPublished ? ", published" : "").",
            metadata: progress.message.map { ["detail": "\($0)"] })
    }
}
