import HTTP
import HTTPServer
import InteractionStorage
import Locking
import Metrics
import NCF

/// Counts what the server and the service do, for `/metrics`.
final class ServiceMetrics: ServerObserver {
    private let registry = MetricsRegistry()
    private let connections: Gauge
    private let accepted: Counter
    private let refused: Counter
    private let interactions: Counter
    /// By kind: their number is bounded by the configuration, whatever kinds are sent.
    private let interactionsByKind: [ExactName: Counter]
    private let interactionsOfOtherKinds: Counter
    private let interactionsWithoutKind: Counter
    private let expired: Counter
    /// Lines of the access log that found no room in its buffer.
    let accessLinesDropped: Counter
    private let freeBytes: Gauge
    private let recent: Gauge
    private let recentForgotten: Gauge
    private let quarantinedRows: Counter
    private let quarantineDropped: Counter
    private let modelVersion: Gauge
    private let modelUsers: Gauge
    private let modelItems: Gauge
    /// Counters by route and status: their number is bounded by the routes, whatever paths are asked for.
    private let requests = Lock<[RequestKey: RequestFigures]>([:])

    private struct RequestKey: Hashable {
        let method: HTTPMethod
        let route: String
        let status: Int
    }

    private struct RequestFigures {
        let count: Counter
        let duration: Histogram
    }

    init(kinds: InteractionKinds) {
        connections = registry.gauge("nectar_http_connections", help: "Connections open now.")
        accepted = registry.counter("nectar_http_connections_accepted_total", help: "Connections accepted.")
        refused = registry.counter("nectar_http_connections_refused_total", help: "Connections refused at the limit.")
        interactions = registry.counter("nectar_interactions_stored_total", help: "Interactions stored.")
        let registry = registry
        interactionsByKind = Dictionary(
            uniqueKeysWithValues: kinds.names.map { ($0, Self.counter(ofKind: $0.text, in: registry)) })
        interactionsOfOtherKinds = Self.counter(ofKind: "other", in: registry)
        interactionsWithoutKind = Self.counter(ofKind: "", in: registry)
        expired = registry.counter(
            "nectar_interactions_expired_total", help: "Interactions removed because they were too old.")
        accessLinesDropped = registry.counter(
            "nectar_access_log_dropped_total", help: "Lines of the access log that found no room.")
        freeBytes = registry.gauge("nectar_storage_free_bytes", help: "Bytes free on the disk of the data folder.")
        recent = registry.gauge(
            "nectar_recent_interactions", help: "Interactions newer than the model that are held in memory.")
        recentForgotten = registry.gauge(
            "nectar_recent_interactions_forgotten",
            help:
                "Interactions newer than the model that were forgotten for want of room (recommendation.recent_interactions)."
        )
        quarantinedRows = registry.counter(
            "nectar_quarantined_rows_total", help: "Rows that were refused and kept in quarantine.")
        quarantineDropped = registry.counter(
            "nectar_quarantine_dropped_total", help: "Rows that left the quarantine to make room for newer ones.")
        modelVersion = registry.gauge("nectar_model_version", help: "Version of the model that serves, 0 for none.")
        modelUsers = registry.gauge("nectar_model_users", help: "Users the model knows.")
        modelItems = registry.gauge("nectar_model_items", help: "Items the model knows.")
    }

    /// The Prometheus text of all figures.
    func text(model: ModelSnapshot?, recent: RecentInteractions, freeBytes: Int64?) -> [UInt8] {
        if let freeBytes { self.freeBytes.set(Double(freeBytes)) }
        self.recent.set(Double(recent.count))
        recentForgotten.set(Double(recent.forgottenCount))
        modelVersion.set(Double(model?.version ?? 0))
        modelUsers.set(Double(model?.userCount ?? 0))
        modelItems.set(Double(model?.itemCount ?? 0))
        return registry.prometheusText()
    }

    /// Interactions were committed.
    func interactionsStored(_ stored: [Interaction]) {
        interactions.increment(by: UInt64(stored.count))
        for interaction in stored { counter(of: interaction.kind).increment() }
    }

    /// A write of interactions was answered; those that were not stored for the store's reasons are counted.
    func writeAnswered(_ result: Result<AppendReceipt, StoreError>) {
        guard case .failure(let error) = result else { return }
        let reason: String
        switch error {
        case .noSpace: reason = "no_space"
        case .full: reason = "queue"
        case .unavailable, .outcomeUnknown, .corrupt, .unusableBackup, .newerSchema: reason = "store"
        case .failed, .keyReused: return
        }
        registry.counter(
            "nectar_writes_failed_total", help: "Writes of interactions that the store did not take.",
            labels: [("reason", reason)]
        ).increment()
    }

    /// Interactions were too old, and are gone.
    func interactionsExpired(_ count: Int) { expired.increment(by: UInt64(count)) }

    private func counter(of kind: String?) -> Counter {
        guard let kind else { return interactionsWithoutKind }
        return interactionsByKind[ExactName(kind)] ?? interactionsOfOtherKinds
    }

    private static func counter(ofKind kind: String, in registry: MetricsRegistry) -> Counter {
        registry.counter(
            "nectar_interactions_by_kind_total",
            help: "Interactions stored, by kind; other is every kind that is not configured, none has an empty label.",
            labels: [("kind", kind)])
    }

    /// Rows were given into quarantine.
    func quarantined(_ receipt: QuarantineReceipt) {
        quarantinedRows.increment(by: UInt64(receipt.kept))
        quarantineDropped.increment(by: UInt64(receipt.dropped))
    }

    /// Has the quarantine's extent read from `store` at every scrape; 0 while the store does not answer.
    func watchQuarantine(of store: any InteractionStore) {
        registry.gauge("nectar_quarantine_rows", help: "Rows in quarantine.") {
            Double((try? store.quarantineCounts.rows) ?? 0)
        }
        registry.gauge("nectar_quarantine_bytes", help: "Bytes of the rows in quarantine.") {
            Double((try? store.quarantineCounts.bytes) ?? 0)
        }
    }

    /// Has the extent of the counts read at every scrape.
    func watch(_ activity: ItemActivity) {
        registry.gauge("nectar_counted_interactions", help: "Interactions that GET /popular rests on.") {
            Double(activity.figures.interactions)
        }
        registry.gauge("nectar_trending_counts", help: "Items in hours that are counted (trending.counts).") {
            Double(activity.figures.counts)
        }
        registry.gauge("nectar_trending_reach_hours", help: "How many hours back interactions are counted by the hour.")
        {
            Double(activity.figures.hours)
        }
    }

    /// A training or an evaluation ended.
    func jobEnded(_ job: TrainingJob) {
        guard job.request.purpose == .model else {
            return registry.counter(
                "nectar_evaluation_jobs_total", help: "Evaluation jobs that ended.",
                labels: [("state", job.state.rawValue)]
            ).increment()
        }
        registry.counter(
            "nectar_training_jobs_total", help: "Training jobs that ended.", labels: [("state", job.state.rawValue)]
        ).increment()
        guard let last = job.current.reports.last else { return }
        registry.gauge("nectar_training_samples_per_second", help: "Speed of the last epoch trained.")
            .set(last.samplesPerSecond)
    }

    // MARK: ServerObserver

    func connectionAccepted() {
        accepted.increment()
        connections.add(1)
    }

    func connectionClosed() { connections.add(-1) }

    func connectionRefused() { refused.increment() }

    func handshakeFailed(reason: String) {
        registry.counter("nectar_tls_handshakes_failed_total", help: "TLS handshakes that came to nothing.").increment()
    }

    func certificatesReloaded(error: String?) {
        registry.counter(
            "nectar_tls_certificate_reloads_total", help: "Certificates read again because their files have changed.",
            labels: [("result", error == nil ? "taken" : "refused")]
        ).increment()
    }

    func parseFailed(status: Int) {
        registry.counter(
            "nectar_http_malformed_requests_total", help: "Requests that were not HTTP as the RFC says.",
            labels: [("status", "\(status)")]
        ).increment()
    }

    func requestFinished(
        method: HTTPMethod, route: String, status: Int, duration: Duration, bytesIn: Int, bytesOut: Int
    ) {
        let key = RequestKey(method: method, route: route, status: status)
        let figures = requests.withLock { known in
            if let figures = known[key] { return figures }
            let figures = makeFigures(key)
            known[key] = figures
            return figures
        }
        figures.count.increment()
        figures.duration.observe(Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
    }

    private func makeFigures(_ key: RequestKey) -> RequestFigures {
        let labels = [("method", key.method.rawValue), ("route", key.route)]
        return RequestFigures(
            count: registry.counter(
                "nectar_http_requests_total", help: "Requests answered.",
                labels: labels + [("status", "\(key.status)")]),
            duration: registry.histogram(
                "nectar_http_request_duration_seconds",
                help: "From the first byte of a request to the end of its answer.",
                labels: labels, buckets: Histogram.secondsBuckets))
    }
}
