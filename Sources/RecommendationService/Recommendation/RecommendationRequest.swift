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
    /// What the pages before have shown.
    var shown = ShownItems()
    /// How far down a list goes, all of its pages together.
    private let depth: Int
    /// The only items that may be recommended, if there are such.
    var candidates: [String]?
    var excluded: [String] = []
    /// What an item's record must be like.
    var filter: ItemFilter?
    /// What scores are multiplied with, where an item's record is like that.
    var boosts: [ItemBoost] = []
    /// How much the items of a list are to be unlike each other: from 0, not at all, to 1, whatever their scores.
    var diversity = 0.0
    var excludesSeen = true
    /// How long it is worth waiting for the model, from the arrival of the request.
    var deadline: Duration?
    /// Whether each item comes with what its score consists of and which items of the history it is owed to.
    var explains = false
    /// The members of an item's record that go into the answer.
    var fields = ["title"]

    /// The most items of one user, and of all of a request, that are explained or chosen for being unlike each other.
    private static let maximumLookedAt = 100
    private static let maximumLookedAtInAll = 1000
    /// Milliseconds.
    private static let longestDeadline = 60_000
    /// Among how many a varied list is chosen: so many times its length, and at least so many.
    private static let drawnFurther = (times: 5, least: 50)
    private static let members = [
        "user_id", "history", "limit", "cursor", "candidates", "exclude", "filter", "boost", "diversity",
        "exclude_seen", "explain", "fields", "deadline_ms", "users",
    ]

    /// Reads `GET /recommend?user_id=…`.
    init(query request: ServerRequest, configuration: ServiceConfiguration.Recommendation) throws(Problem) {
        var query = QueryParameters(
            request, known: ["user_id", "history", "limit", "cursor", "exclude", "exclude_seen", "fields"])
        depth = configuration.maximumLimit
        let userID = query.identifier("user_id")
        limit = query.integer("limit", in: 1...configuration.maximumLimit) ?? min(limit, configuration.maximumLimit)
        excludesSeen = query.bool("exclude_seen") ?? excludesSeen
        excluded = query.identifiers("exclude") ?? []
        fields = query.list("fields").map(Self.distinct) ?? fields
        let history = query.identifiers("history") ?? []
        if let fault = query.string("cursor").flatMap({ readCursor($0) }) { query.add("cursor", fault) }
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
        depth = configuration.maximumLimit
        limit =
            body.integer("limit", in: 1...configuration.maximumLimit, &faults) ?? min(limit, configuration.maximumLimit)
        candidates = body.identifiers("candidates", &faults)
        excluded = body.identifiers("exclude", &faults) ?? []
        var filters = ItemFilterDecoder()
        filter = body.value("filter").flatMap { filters.filter($0, &faults) }
        boosts =
            body.array("boost", count: 0...ItemBoost.maximumCount, &faults)
            .map { ItemBoost.read($0, &filters, &faults) } ?? []
        excludesSeen = body.bool("exclude_seen", &faults) ?? excludesSeen
        fields = body.strings("fields", &faults).map(Self.distinct) ?? fields
        let length = boosts.reduce(filter?.length ?? 0) { $0 + $1.filter.length }
        if !boosts.isEmpty, length > ItemBoost.longestValues {
            faults.add(
                "/boost",
                "the values in all filters must be at most \(ItemBoost.longestValues) bytes beside boosts, not \(length)"
            )
        }
        diversity = body.number("diversity", in: 0...1, &faults) ?? diversity
        explains = body.bool("explain", &faults) ?? explains
        deadline = body.integer("deadline_ms", in: 0...Self.longestDeadline, &faults).map(Duration.milliseconds)
        if let fault = body.string("cursor", &faults).flatMap({ readCursor($0) }) { faults.add("/cursor", fault) }
        readSubjects(body, maximum: configuration.maximumUsers, &faults)
        if explains { boundItems("explain", &faults) }
        if diversity > 0 { boundItems("diversity", &faults) }
        guard faults.isEmpty else { throw Problem(faults: faults) }
    }

    /// The request for what a list is chosen from: what was shown already may be among it, a varied one takes more, and one more tells
    /// whether the list goes on.
    var drawnFurther: RecommendationRequest {
        var request = self
        if diversity > 0 { request.limit = max(Self.drawnFurther.least, Self.drawnFurther.times * limit) }
        request.limit += shown.count + 1
        return request
    }

    /// The cursor for what comes after `list`; nil where nothing does, or it is not to go on.
    func next(after list: Recommendation) -> String? {
        guard !isBatch, list.goesOn, shown.count + 2 * limit <= depth else { return nil }
        return shown.adding(list.entries.map(\.itemID)).cursor
    }

    /// Takes a cursor.
    ///
    /// - Returns: What is wrong with it, if anything is.
    private mutating func readCursor(_ cursor: String) -> String? {
        guard let shown = ShownItems(cursor: cursor) else { return "is not what an answer had as its \"next\"" }
        guard shown.count + limit <= depth else {
            return "a list goes \(depth) items far: \(shown.count) were shown, and \(limit) are asked for"
        }
        self.shown = shown
        return nil
    }

    /// Each once: an object has no two members of one name.
    static func distinct(_ names: [String]) -> [String] {
        var seen: Set<ExactName> = []
        return names.filter { seen.insert(ExactName($0)).inserted }
    }

    /// Explaining costs about a tenth of a millisecond an item, and so does choosing one that is unlike the others: for what a person
    /// looks at.
    private func boundItems(_ member: String, _ faults: inout JSONFaults) {
        if limit > Self.maximumLookedAt {
            faults.add("/limit", "must be at most \(Self.maximumLookedAt) with \"\(member)\", not \(limit)")
        } else if limit * subjects.count > Self.maximumLookedAtInAll {
            faults.add(
                "/\(member)",
                "for at most \(Self.maximumLookedAtInAll) items in all, not \(limit * subjects.count): fewer users, or a lower limit"
            )
        }
    }

    private mutating func readSubjects(_ body: JSONObjectDecoder, maximum: Int, _ faults: inout JSONFaults) {
        guard body.value("users") != nil else {
            subjects = [Self.subject(body, &faults)]
            return
        }
        isBatch = true
        if body.value("cursor") != nil {
            faults.add("/cursor", "is for one user: a list of \"users\" has no further pages")
        }
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
}
