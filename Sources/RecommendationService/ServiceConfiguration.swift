public import InteractionStorage
public import NCF

/// Every setting of a running Nectar, with its default.
///
/// Values come from a file, the environment and flags (`nectar serve --help`); the names there are these, in
/// `snake_case` and joined by dots: `server.idle_seconds`.
public struct ServiceConfiguration: Sendable, Equatable {
    /// The folder that holds the models (`models/`) and, unless it is in a database, the store (`nectar.sqlite`).
    public var dataDirectory = "data/nectar"
    /// How connections are accepted and bounded.
    public var server = Server()
    /// How interactions reach the disk.
    public var storage = Storage()
    /// How many refused rows are kept.
    public var quarantine = Quarantine()
    /// What the kinds of interaction mean.
    public var kinds = InteractionKinds.defaults
    /// Days that interactions are kept whose kind says nothing else; 0 for ever.
    public var retentionDays = 0
    /// How models are trained when a request does not say.
    public var training = Training()
    /// Who and what is not learned from where a request does not say.
    public var cleaning = CleaningRules()
    /// How many published models stay on disk.
    public var keptModels = 5
    /// Bytes of a model's weights that are taken (`PUT /models/{version}/weights`); one more gets 413.
    public var weightsBytes = 4_294_967_296
    /// What becomes of models when a user is erased.
    public var erasure = Erasure()
    /// Where backups go.
    public var backup = Backup()
    /// How recommendations are bounded.
    public var recommendation = Recommendation()
    /// How trends are found.
    public var trending = Trending()
    /// Which properties of items and users are features of the models.
    public var features = Features()
    /// What is logged, and how.
    public var log = Log()

    /// The defaults.
    public init() {}

    /// How connections are accepted and bounded.
    public struct Server: Sendable, Equatable {
        /// The address to listen on; the loopback unless told otherwise.
        public var host = "127.0.0.1"
        /// The TCP port to listen on; 0 takes any free one.
        public var port = 8080
        /// A PEM file with the certificate and those that lead from it to an authority; empty serves HTTP, not HTTPS.
        public var tlsCertificate = ""
        /// A PEM file with the certificate's private key.
        public var tlsKey = ""
        /// A PEM file with the authorities whose certificates clients have to show; empty asks for none.
        public var tlsClientAuthorities = ""
        /// Event loops, each with its own listening socket; 0 takes one per core.
        public var eventLoops = 0
        /// Connections the kernel holds until they are accepted.
        public var backlog = 1024
        /// Connections open at once; one more gets 503.
        public var connections = 10_000
        /// Connections open at once from one address (IPv6: one /64); one more gets 503.
        public var connectionsPerClient = 10_000
        /// Bytes of a request line; one more gets 414.
        public var requestLineBytes = 8192
        /// Bytes of a field section; one more gets 431.
        public var fieldSectionBytes = 32_768
        /// Fields of a field section; one more gets 431.
        public var fieldCount = 100
        /// Bytes of a JSON body; one more gets 413. NDJSON and CSV bodies are streamed and have no limit.
        public var bodyBytes = 16_777_216
        /// Bytes of JSON bodies held in memory at once, over all connections; one more gets 503.
        public var heldBodyBytes = 536_870_912
        /// Seconds a client may take to send a field section.
        public var fieldSectionSeconds = 10
        /// Seconds a connection may be idle between requests.
        public var idleSeconds = 60
        /// Seconds a body may stand still.
        public var bodySeconds = 30
        /// Seconds a client may take nothing of its answer.
        public var writeSeconds = 30
        /// Seconds that requests in flight get to finish when the server is told to stop.
        public var drainSeconds = 20
        /// Threads for work that may take longer than a millisecond.
        public var offloadThreads = 4
        /// Threads for uploads, exports, inspections and others that go through much of the data.
        public var bulkThreads = 4
        /// Requests waiting for such a thread; one more gets 503.
        public var offloadQueue = 1024
    }

    /// How interactions reach the disk.
    public struct Storage: Sendable, Equatable {
        /// `postgresql://…`: the database that holds the store; empty has it in a SQLite file in the data folder. May hold a password,
        /// so it is not told anywhere.
        public var url = ""
        /// A file whose first line is the password for it; empty leaves it to the URL, `PGPASSWORD` or libpq's password file.
        public var passwordFile = ""
        /// The schema of the database that holds the tables.
        public var schema = "nectar"
        /// Reads that go on in the database at once.
        public var connections = 4
        /// Seconds that a statement may take there.
        public var statementSeconds = 30
        /// Milliseconds a write waits for others to share its commit with.
        public var batchDelayMilliseconds = 0
        /// Interactions waiting to be committed; one more gets 503.
        public var writeQueue = 100_000
        /// Megabytes that stay free on the disk: with fewer, what would be stored gets 507; 0 for none.
        public var minimumFreeMegabytes = 64
    }

    /// How many rows are kept that were refused while the others of their upload were stored.
    public struct Quarantine: Sendable, Equatable {
        /// Rows, the newest; 0 keeps none.
        public var rows = 100_000
        /// Megabytes (of 2²⁰ bytes) of their texts and descriptions.
        public var megabytes = 64
        /// Bytes of a row's text that are kept.
        public var textBytes = 4096

        /// The defaults.
        public init() {}

        /// What a store is held to.
        public var bounds: QuarantineBounds { QuarantineBounds(rows: rows, bytes: megabytes << 20) }
    }

    /// How models are trained when a request does not say.
    public struct Training: Sendable, Equatable {
        /// Jobs waiting behind the one that runs; one more gets 429.
        public var queue = 8
        /// Threads a training may use; 0 takes one for each processor that the process may use.
        public var threads = 0
        /// Megabytes that a training may take beside its dataset; 0 takes half of what the process may have.
        public var memoryMegabytes = 0
    }

    /// How recommendations are bounded.
    public struct Recommendation: Sendable, Equatable {
        /// The largest `limit`.
        public var maximumLimit = 1000
        /// The most users that one request may ask for.
        public var maximumUsers = 1000
        /// Interactions newer than the model that are held in memory for exclusion and fold-in.
        public var recentInteractions = 1_000_000
        /// Whether a model without dense layers keeps its items a second time in a quarter of the memory, to read less.
        public var compactItems = false
        /// Multiplications that the dense layers may cost for one user; 0 for any number.
        public var towerMultiplications = 5_000_000_000
    }

    /// How trends are found.
    public struct Trending: Sendable, Equatable {
        /// Hours that `GET /trending` looks at where the request does not say.
        public var windowHours = 24
        /// The most hours a request may ask for.
        public var longestWindowHours = 720
        /// Items in hours that are held; where there are more, the oldest hours are given up.
        public var counts = 4_000_000
        /// Interactions, as expected, that are added to those found and to those expected of an item (``TrendScore``).
        public var prior = 10

        /// Hours that are held, the one that runs apart.
        var longestHours: Int { max(longestWindowHours, windowHours) }
    }

    /// What becomes of models when a user is erased.
    public struct Erasure: Sendable, Equatable {
        /// What is done beyond taking the user's ID, vector and history out of every model.
        public enum Policy: String, Sendable, CaseIterable {
            /// Nothing: what the others' items have learned from the user stays until the next training.
            case retain
            /// A model is trained without the user, and replaces all that were trained with.
            case retrain
        }

        /// What is done.
        public var policy = Policy.retain

        /// The policy by name; a name that is none changes nothing.
        public var policyName: String {
            get { policy.rawValue }
            set { policy = Policy(rawValue: newValue) ?? policy }
        }
    }

    /// Where backups go.
    public struct Backup: Sendable, Equatable {
        /// The folder; empty for `backups` in the data folder.
        public var directory = ""
        /// How many stay, the newest; 0 for all.
        public var keep = 7
    }

    /// Which properties of items and users are features of the models.
    public struct Features: Sendable, Equatable {
        /// Whether the items' tags are.
        public var itemTags = true
        /// Which of the items' attributes are: names between commas, blanks around them counting for nothing; `*` for all, nothing for none.
        public var itemAttributes = "*"
        /// Which of the items' vectors are, in the same way.
        public var itemVectors = "*"
        /// Whether the users' tags are.
        public var userTags = true
        /// Which of the users' attributes are.
        public var userAttributes = "*"
        /// How many must have a tag, a text, a number or a vector for it to be a feature.
        public var minimumCount = 5
        /// Into how many buckets of about the same size numbers are sorted, at most.
        public var numberBuckets = 16
        /// How many items of a user's history count, the newest; 0 for all.
        public var historyLength = 0
        /// Items that came after the model and are recommended by their features: the newest, so many at most.
        public var newItems = 1000

        /// Everything is.
        public init() {}

        var usesItems: Bool { itemTags || !itemAttributes.isEmpty || !itemVectors.isEmpty }
        var usesUsers: Bool { userTags || !userAttributes.isEmpty }

        var items: FeatureSettings {
            FeatureSettings(
                usesTags: itemTags, attributes: Self.selection(itemAttributes), vectors: Self.selection(itemVectors),
                minimumCount: minimumCount, bucketCount: numberBuckets)
        }

        var users: FeatureSettings {
            FeatureSettings(
                usesTags: userTags, attributes: Self.selection(userAttributes), vectors: .only([]),
                minimumCount: minimumCount, bucketCount: numberBuckets)
        }

        private static func selection(_ list: String) -> FeatureSettings.Selection {
            let names = names(in: list)
            return names == ["*"] ? .all : .only(names)
        }

        /// The names between the commas of a list, without blanks around them; none of an empty one.
        public static func names(in list: String) -> [String] {
            guard list.contains(where: { $0 != " " }) else { return [] }
            return list.split(separator: ",", omittingEmptySubsequences: false).map { name in
                let rest = name.drop { $0 == " " }
                return String(rest.prefix(rest.count - rest.reversed().prefix { $0 == " " }.count))
            }
        }
    }

    /// Threads that a training uses: as configured, or one for each processor that the process may use.
    public var trainingThreads: Int {
        training.threads > 0 ? training.threads : ProcessLimits().processors
    }

    /// Bytes that a training may take beside its dataset: as configured, or half of what the process may have.
    public var trainingMemory: Int {
        training.memoryMegabytes > 0 ? training.memoryMegabytes * 1_000_000 : ProcessLimits().memoryBytes / 2
    }

    /// How snapshots rank large catalogues.
    public var serving: ServingOptions {
        ServingOptions(
            compactItems: recommendation.compactItems, towerMultiplications: recommendation.towerMultiplications)
    }

    /// How long interactions are kept.
    var retention: Retention { Retention(days: retentionDays, daysByKind: kinds.retentionDays) }

    /// What is logged, and how.
    public struct Log: Sendable, Equatable {
        /// The least severe level that is written: trace, debug, info, notice, warning, error or critical.
        public var level = "info"
        /// Whether there is a line about every request.
        public var access = false
        /// Whether those lines hold paths and queries as they were sent, which may name users.
        public var personalIDs = false
    }
}
