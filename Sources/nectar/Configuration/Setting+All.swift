import NCF
import RecommendationService

extension Setting {
    /// Every setting there is, in the order of `config/nectar.json`.
    static let all: [Setting] =
        server + storage + quarantine + interactions + retention + cleaning + models + erasure + backup + training
        + recommendation + trending + features + log

    private static let server: [Setting] = [
        .string(
            "server.host", expected: "an IP address to listen on", \.server.host,
            "address to listen on; 0.0.0.0 for every interface", isValid: { !$0.isEmpty }),
        .integer("server.port", in: 0...65_535, \.server.port, "TCP port; 0 takes any free one"),
        .string(
            "server.tls_certificate", expected: "the path of a PEM file", \.server.tlsCertificate,
            "PEM file of the certificate and its chain; empty serves HTTP, not HTTPS", isValid: { _ in true }),
        .string(
            "server.tls_key", expected: "the path of a PEM file", \.server.tlsKey,
            "PEM file of the certificate's private key", isValid: { _ in true }),
        .string(
            "server.tls_client_authorities", expected: "the path of a PEM file", \.server.tlsClientAuthorities,
            "PEM file of the authorities whose certificates clients have to show; empty asks for none",
            isValid: { _ in true }),
        .integer("server.event_loops", in: 0...256, \.server.eventLoops, "event loops; 0 is one per core"),
        .integer(
            "server.backlog", in: 1...65_535, \.server.backlog, "connections the kernel holds until they are accepted"),
        .integer(
            "server.connections", in: 1...1_000_000, \.server.connections, "connections open at once; one more gets 503"
        ),
        .integer(
            "server.connections_per_client", in: 1...1_000_000, \.server.connectionsPerClient,
            "connections open at once from one address (IPv6: one /64); one more gets 503"),
        .integer(
            "server.request_line_bytes", in: 256...1_048_576, \.server.requestLineBytes,
            "bytes of a request line; one more gets 414"),
        .integer(
            "server.field_section_bytes", in: 1024...1_048_576, \.server.fieldSectionBytes,
            "bytes of a field section; one more gets 431"),
        .integer(
            "server.field_count", in: 8...10_000, \.server.fieldCount, "fields of a field section; one more gets 431"),
        .integer(
            "server.body_bytes", in: 1024...1_073_741_824, \.server.bodyBytes,
            "bytes of a JSON body; one more gets 413 (NDJSON and CSV are streamed, without a limit)"),
        .integer(
            "server.held_body_bytes", in: 1024...1_099_511_627_776, \.server.heldBodyBytes,
            "bytes of bodies held in memory at once, over all connections, half at most of uploads; one more gets 503"),
        .integer(
            "server.field_section_seconds", in: 1...3600, \.server.fieldSectionSeconds,
            "seconds a client may take to send a field section"),
        .integer(
            "server.idle_seconds", in: 1...86_400, \.server.idleSeconds,
            "seconds a connection may be idle between requests"),
        .integer("server.body_seconds", in: 1...86_400, \.server.bodySeconds, "seconds a body may stand still"),
        .integer(
            "server.write_seconds", in: 1...86_400, \.server.writeSeconds,
            "seconds a client may take nothing of its answer"),
        .integer(
            "server.drain_seconds", in: 0...3600, \.server.drainSeconds,
            "seconds that requests in flight get to finish when the server is told to stop"),
        .integer(
            "server.offload_threads", in: 1...256, \.server.offloadThreads,
            "threads for work that may take longer than a millisecond"),
        .integer(
            "server.bulk_threads", in: 1...256, \.server.bulkThreads,
            "threads for what goes through much of the data: uploads, exports, inspections, backups"),
        .integer(
            "server.offload_queue", in: 1...1_000_000, \.server.offloadQueue,
            "requests waiting for such a thread; one more gets 503"),
    ]

    private static let storage: [Setting] = [
        .string(
            "storage.directory", expected: "the path of a folder", \.dataDirectory,
            "folder of the store (nectar.sqlite) and the models (models/)", isValid: { !$0.isEmpty }),
        // Looked at where it is used: here it would be repeated, and it may hold a password.
        .string(
            "storage.url", expected: "postgresql://USER@HOST:PORT/DATABASE, or nothing", \.storage.url,
            "the PostgreSQL database that holds the store ([storage](storage.md)); empty has it in the folder",
            isValid: { _ in true }),
        .string(
            "storage.password_file", expected: "the path of a file", \.storage.passwordFile,
            "file whose first line is the database's password; empty leaves it to the URL, PGPASSWORD or ~/.pgpass",
            isValid: { _ in true }),
        .string(
            "storage.schema", expected: "the name of a schema, of 1 to 40 bytes", \.storage.schema,
            "schema of the database that holds the tables; made where it is missing",
            isValid: { (1...40).contains($0.utf8.count) && !$0.utf8.contains(0) && !$0.hasPrefix("pg_") }),
        .integer(
            "storage.connections", in: 1...100, \.storage.connections,
            "reads that go on in the database at once, each over a connection; one more writes"),
        .integer(
            "storage.statement_seconds", in: 1...3600, \.storage.statementSeconds,
            "seconds a statement may take in the database"),
        .integer(
            "storage.batch_delay_milliseconds", in: 0...1000, \.storage.batchDelayMilliseconds,
            "milliseconds a write waits for others to share its commit with"),
        .integer(
            "storage.write_queue", in: 1...100_000_000, \.storage.writeQueue,
            "interactions waiting to be committed; one more gets 503"),
        .integer(
            "storage.minimum_free_megabytes", in: 0...1_000_000_000, \.storage.minimumFreeMegabytes,
            "megabytes that stay free on the disk: with fewer, what would be stored gets 507; 0 for none"),
    ]

    private static let quarantine: [Setting] = [
        .integer(
            "quarantine.rows", in: 0...100_000_000, \.quarantine.rows,
            "refused rows of partial uploads that are kept, the newest; 0 keeps none"),
        .integer(
            "quarantine.megabytes", in: 1...1_000_000, \.quarantine.megabytes,
            "megabytes of such rows that are kept, the newest"),
        .integer(
            "quarantine.text_bytes", in: 16...65_536, \.quarantine.textBytes,
            "bytes of such a row's text that are kept"),
    ]

    private static let interactions: [Setting] = [
        .json(
            "interactions.kinds", expected: "an object that describes kinds of interaction by name",
            "what kinds of interaction mean ([below](#kinds-of-interaction)); members that are not given stay as they are",
            text: { $0.kinds.text(indentation: "    ") },
            apply: { value, configuration, faults in configuration.kinds.describe(value, &faults) }),
        .json(
            "interactions.unknown_kinds", expected: "\"refuse\", or the description of a kind",
            "what any other kind means, or \"refuse\": 422, or a fault of its line",
            text: { $0.kinds.unknownText },
            apply: { value, configuration, faults in configuration.kinds.describeUnknown(value, &faults) }),
    ]

    private static let retention: [Setting] = [
        .integer(
            "interactions.retention_days", in: 0...Retention.greatestDays, \.retentionDays,
            "days after which an interaction is removed ([privacy.md](privacy.md#age)); 0 keeps all, a kind may say otherwise"
        )
    ]

    private static let cleaning: [Setting] = [
        .integer(
            "cleaning.minimum_user_interactions", in: 1...CleaningRules.greatestMinimum,
            \.cleaning.minimumUserInteractions,
            "users with fewer interactions are not learned from ([cleaning.md](cleaning.md)); 1 learns from all"),
        .integer(
            "cleaning.minimum_item_interactions", in: 1...CleaningRules.greatestMinimum,
            \.cleaning.minimumItemInteractions,
            "items with fewer interactions are not learned from; 1 learns from all"),
        .string(
            "cleaning.bots", expected: "keep or leave_out", \.cleaning.botsName,
            "users who look like programs: keep them, or leave_out of trainings",
            isValid: { CleaningRules.Bots(rawValue: $0) != nil }),
    ]

    private static let models: [Setting] = [
        .integer(
            "models.keep", in: 1...1000, \.keptModels,
            "models that stay on disk, the newest, published or not; the one that serves always does"),
        .integer(
            "models.weights_bytes", in: 1024...1_099_511_627_776, \.weightsBytes,
            "bytes of a model's weights that are taken (PUT /models/{version}/weights); one more gets 413"),
    ]

    private static let erasure: [Setting] = [
        .string(
            "erasure.policy", expected: "retain or retrain", \.erasure.policyName,
            "what follows an erasure: retain the models without the user, or retrain and remove them",
            isValid: { ServiceConfiguration.Erasure.Policy(rawValue: $0) != nil })
    ]

    private static let backup: [Setting] = [
        .string(
            "backup.directory", expected: "the path of a folder", \.backup.directory,
            "folder of backups; empty for backups in storage.directory", isValid: { _ in true }),
        .integer(
            "backup.keep", in: 0...100_000, \.backup.keep, "this store's backups that stay, the newest; 0 for all"),
    ]

    private static let training: [Setting] = [
        .integer(
            "training.queue", in: 1...1000, \.training.queue, "jobs waiting behind the one that runs; one more gets 429"
        ),
        .integer(
            "training.threads", in: 0...256, \.training.threads,
            "threads a training may use; 0 is one for each processor that the process may use"),
        .integer(
            "training.memory_megabytes", in: 0...100_000_000, \.training.memoryMegabytes,
            "megabytes that a training may take beside its data; 0 is half of what the process may have"),
    ]

    private static let recommendation: [Setting] = [
        .integer("recommendation.maximum_limit", in: 1...100_000, \.recommendation.maximumLimit, "the largest limit"),
        .integer(
            "recommendation.maximum_users", in: 1...100_000, \.recommendation.maximumUsers,
            "the most users in one request"),
        .integer(
            "recommendation.recent_interactions", in: 0...100_000_000, \.recommendation.recentInteractions,
            "interactions newer than the model that are held in memory"),
        .boolean(
            "recommendation.compact_items", \.recommendation.compactItems,
            "whether a model without dense layers keeps its items a second time, in bytes, to read a quarter for a request"
        ),
        .integer(
            "recommendation.tower_multiplications", in: 0...1_000_000_000_000, \.recommendation.towerMultiplications,
            "multiplications that the dense layers may cost for one user; beyond, answers are degraded; 0 for any number"
        ),
    ]

    private static let trending: [Setting] = [
        .integer(
            "trending.window_hours", in: 1...8760, \.trending.windowHours,
            "hours that GET /trending looks at where the request does not say"),
        .integer(
            "trending.longest_window_hours", in: 1...8760, \.trending.longestWindowHours,
            "the most hours that a request may ask for, at least those of trending.window_hours"),
        .integer(
            "trending.counts", in: 1000...1_000_000_000, \.trending.counts,
            "items in hours that are counted, about 22 bytes each; where there are more, the oldest hours are given up"),
        .integer(
            "trending.prior", in: 1...1_000_000, \.trending.prior,
            "interactions that doubt weighs: the more, the more it takes to be a trend ([trending](trending.md))"),
    ]

    private static let features: [Setting] = [
        .boolean("features.item_tags", \.features.itemTags, "whether the items' tags are features of the models"),
        .names(
            "features.item_attributes", \.features.itemAttributes,
            "which of the items' attributes are: names between commas; * for all, nothing for none"),
        .names("features.item_vectors", \.features.itemVectors, "which of the items' vectors are, in the same way"),
        .boolean("features.user_tags", \.features.userTags, "whether the users' tags are"),
        .names("features.user_attributes", \.features.userAttributes, "which of the users' attributes are"),
        .integer(
            "features.minimum_count", in: 1...1_000_000, \.features.minimumCount,
            "how many must have a tag, a text, a number or a vector for it to be a feature"),
        .integer(
            "features.number_buckets", in: 2...64, \.features.numberBuckets,
            "buckets of about the same size into which numbers are sorted, at most"),
        .integer(
            "features.history_length", in: 0...Hyperparameters.Limit.historyLength, \.features.historyLength,
            "items of a user's history that count in training and serving, the newest; 0 for all"),
        .integer(
            "features.new_items", in: 0...100_000, \.features.newItems,
            "items that came after the model and are recommended by their features: the newest, so many at most"),
    ]

    /// A list of names between commas, `*` for all.
    private static func names(
        _ key: String, _ path: any WritableKeyPath<ServiceConfiguration, String> & Sendable, _ summary: String
    ) -> Setting {
        .string(
            key, expected: "names between commas, \"*\" for all or \"\" for none", path, summary,
            isValid: {
                let names = ServiceConfiguration.Features.names(in: $0)
                return names == ["*"] || names.allSatisfy { !$0.isEmpty && $0 != "*" }
            })
    }

    private static let log: [Setting] = [
        .string(
            "log.level", expected: "one of trace, debug, info, notice, warning, error, critical", \.log.level,
            "the least severe level that is written",
            isValid: { ["trace", "debug", "info", "notice", "warning", "error", "critical"].contains($0) }),
        .boolean("log.access", \.log.access, "whether a line is written about every request"),
        .boolean(
            "log.personal_ids", \.log.personalIDs,
            "whether these lines hold paths and queries as they were sent, user IDs included"),
    ]
}
