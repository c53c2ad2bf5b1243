import HTTP
import HTTPServer
import InteractionStorage
import JSON

/// What `/recommend` is asked: for whom, how many, from what.
struct RecommendationRequest: Sendable {
    /// One user of a request: a known one, a session (only a history), or both.
    struct Subject: Sendable {
        var userID: String?
        /// Items as if the user had just touched them, oldest first.
        var history: [String] = []
    }

    var subjects: [Subject] = []
    /// Whether the request named its users in a list, and so wants a list of results.
    var isBatch = false
    var limit = 10
    /// The only items that may be recommended, if there are such.
    var candidates: [String]?
    var excluded: [String] = []
    /// What an item's record must be like.
    var filter: ItemFilter?
    var excludesSeen = true
    /// Whether each item comes with what its score consists of and which items of the history it is owed to.
    var explains = false
    /// The members of an item's record that go into the answer.
    var fields = ["title"]

    /// The most items explained to one user, and to all of a request.
    private static let maximumExplained = 100
    private static let maximumExplainedInAll = 1000
    /// Members of the contract that this version does not act on; only what says nothing is accepted.
    private static let notYet = ["cursor", "boost", "diversity", "deadline_ms"]
    private static let members =
        [
            "user_id", "history", "limit", "candidates", "exclude", "filter", "exclude_seen", "explain", "fields",
            "users",
        ] + notYet

    /// Reads `GET /recommend?user_id=…`.
    init(query request: ServerRequest, configuration: ServiceConfiguration.Recommendation) throws(Problem) {
        var query = QueryParameters(
            request, known: ["user_id", "history", "limit", "exclude", "exclude_seen", "fields"])
        let userID = query.identifier("user_id")
        limit = query.integer("limit", in: 1...configuration.maximumLimit) ?? min(limit, configuration.maximumLimit)
        excludesSeen = query.bool("exclude_seen") ?? excludesSeen
        excluded = query.identifiers("exclude") ?? []
        fields = query.list("fields").map(Self.distinct) ?? fields
        let history = query.identifiers("history") ?? []
        try query.check()
        guard userID != nil || !history.isEmpty else {
            throw Problem(.badRequest, "Say for whom: user_id=…, or history=… for a session.")
        }
        subjects = [Subject(userID: userID, history: history)]
    }

    /// Reads the body of `POST /recommend`.
    init(_ document: JSONDocument, configuration: ServiceConfiguration.Recommendation) throws(Problem) {
        var faults = JSONFaults()
        guard let body = JSONObjectDecoder(document.root, knownMembers: Self.members, faults: &faults) else {
            throw Problem(faults: faults)
        }
        limit =
            body.integer("limit", in: 1...configuration.maximumLimit, &faults) ?? min(limit, configuration.maximumLimit)
        candidates = body.identifiers("candidates", &faults)
        excluded = body.identifiers("exclude", &faults) ?? []
        filter = body.value("filter").flatMap { ItemFilterDecoder.filter($0, &faults) }
        excludesSeen = body.bool("exclude_seen", &faults) ?? excludesSeen
        fields = body.strings("fields", &faults).map(Self.distinct) ?? fields
        refuseWhatIsNotOffered(body, &faults)
        readSubjects(body, maximum: configuration.maximumUsers, &faults)
        readExplanation(body, &faults)
        guard faults.isEmpty else { throw Problem(faults: faults) }
    }

    /// Each once: an object has no two members of one name.
    static func distinct(_ names: [String]) -> [String] {
        var seen: Set<ExactName> = []
        return names.filter { seen.insert(ExactName($0)).inserted }
    }

    /// Explaining costs about a tenth of a millisecond an item, so it is for what a person looks at.
    private mutating func readExplanation(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        explains = body.bool("explain", &faults) ?? false
        guard explains else { return }
        if limit > Self.maximumExplained {
            faults.add("/limit", "must be at most \(Self.maximumExplained) with \"explain\", not \(limit)")
        } else if limit * subjects.count > Self.maximumExplainedInAll {
            faults.add(
                "/explain",
                "for at most \(Self.maximumExplainedInAll) items in all, not \(limit * subjects.count): fewer users, or a lower limit"
            )
        }
    }

    private mutating func readSubjects(_ body: JSONObjectDecoder, maximum: Int, _ faults: inout JSONFaults) {
        guard body.value("users") != nil else {
            subjects = [Self.subject(body, &faults)]
            return
        }
        isBatch = true
        if body.value("user_id") != nil || body.value("history") != nil {
            faults.add("/users", "either \"users\", or \"user_id\" and \"history\", not both")
        }
        guard let users = body.array("users", count: 0...maximum, &faults) else { return }
        for element in users.elements {
            guard let user = JSONObjectDecoder(element, knownMembers: ["user_id", "history"], faults: &faults) else {
                continue
            }
            subjects.append(Self.subject(user, &faults))
        }
    }

    /// Whom `object` names; a fault if it names nobody and has no history either.
    private static func subject(_ object: JSONObjectDecoder, _ faults: inout JSONFaults) -> Subject {
        let faultsBefore = faults.total
        let subject = Subject(
            userID: object.identifier("user_id", &faults), history: object.identifiers("history", &faults) ?? [])
        if subject.userID == nil && subject.history.isEmpty && faults.total == faultsBefore {
            faults.add(at: object.object, "expected \"user_id\", \"history\" or both: for whom to recommend")
        }
        return subject
    }

    /// What the contract has and this version does not must say nothing: no cursor, no boosts, and so on.
    private func refuseWhatIsNotOffered(_ body: JSONObjectDecoder, _ faults: inout JSONFaults) {
        let requested: [(name: String, isRequested: Bool?)] = [
            ("cursor", body.value("cursor") != nil),
            ("boost", body.array("boost", &faults).map { $0.count > 0 }),
            ("diversity", body.number("diversity", &faults).map { $0 != 0 }),
            ("deadline_ms", body.value("deadline_ms") != nil),
        ]
        for (name, isRequested) in requested where isRequested == true {
            faults.add("/\(name)", "\"\(name)\" is not offered by this version")
        }
    }
}
