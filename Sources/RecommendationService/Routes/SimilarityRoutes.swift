import HTTP
import HTTPServer
import InteractionStorage
import JSON
import NCF

/// `/items/{item_id}/similar` and `/users/{user_id}/similar`: whose vectors point the same way.
struct SimilarityRoutes: Sendable {
    let models: ModelStore
    let catalog: Catalog
    let recent: RecentInteractions
    let newcomers: Newcomers
    let store: any InteractionStore
    let clock: WallClock
    let configuration: ServiceConfiguration

    func register(in router: inout Router) {
        // One pass over the items' table, as in `GET /recommend`.
        router.add(.get, "/items/{item_id}/similar", .inline) { request in
            Answer.or { () throws(Problem) in try items(request) }
        }
        // Offloaded: users may be many times the items, and of one who is not found the store is asked.
        router.addOffloaded(.get, "/users/{user_id}/similar", users)
    }

    private func items(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try Self.identifier("item", of: request)
        var query = QueryParameters(request, known: ["limit", "fields"])
        let limit = limit(&query)
        let fields = query.list("fields").map(RecommendationRequest.distinct) ?? ["title"]
        try query.check()
        let snapshot = try snapshot()
        guard let item = snapshot.items.index(of: id), !catalog.isWithdrawn(id) else {
            throw missingItem(id, in: snapshot)
        }
        let withheld = catalog.withheld(by: clock, in: snapshot)
        let similar = snapshot.similar(item: item, limit: limit, excluding: withheld)
        let ids = similar.map { snapshot.items[$0.item] }
        let records = catalog.items(ids)
        return Self.answer(("item_id", id), by: snapshot, list: "items", count: similar.count) { entry, place in
            entry.member("item_id", ids[place])
            entry.member("rank", place + 1)
            entry.member("score", similar[place].score)
            if let record = records[place], !fields.isEmpty {
                entry.key("item")
                entry.object { record.write(fields, into: &$0) }
            }
        }
    }

    /// By what the user has done up to now, as everywhere: ``UserStanding``.
    private func users(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try Self.identifier("user", of: request)
        var query = QueryParameters(request, known: ["limit"])
        let limit = limit(&query)
        try query.check()
        let snapshot = try snapshot()
        let user = snapshot.index(ofUser: id)
        let standing = UserStanding(
            user: user, newer: recent.touches(of: id, for: snapshot),
            features: newcomers.features(ofUser: id, for: snapshot), in: snapshot)
        let similar =
            switch standing {
            case .known(let user): snapshot.similar(user: user, limit: limit)
            case .foldedIn(let vector, _, _), .featured(let vector):
                snapshot.similarUsers(to: vector, limit: limit, excluding: user)
            case .stranger: throw try missingUser(id, in: snapshot)
            }
        return Self.answer(("user_id", id), by: snapshot, list: "users", count: similar.count) { entry, place in
            entry.member("user_id", snapshot.users[similar[place].user])
            entry.member("rank", place + 1)
            entry.member("score", similar[place].score)
        }
    }

    private func limit(_ query: inout QueryParameters) -> Int {
        let maximum = configuration.recommendation.maximumLimit
        return query.integer("limit", in: 1...maximum) ?? min(10, maximum)
    }

    private func snapshot() throws(Problem) -> ModelSnapshot {
        guard let snapshot = models.current else {
            throw Problem(.serviceUnavailable, "There is no model yet; POST /train makes one.", retryAfterSeconds: 5)
        }
        return snapshot
    }

    private static func identifier(_ kind: String, of request: ServerRequest) throws(Problem) -> String {
        let id = request.parameter("\(kind)_id") ?? ""
        if let problem = JSONIdentifier.problem(in: id) { throw Problem(.badRequest, "The \(kind)'s ID: \(problem).") }
        return id
    }

    private func missingItem(_ id: String, in snapshot: ModelSnapshot) -> Problem {
        if catalog.isWithdrawn(id) { return Problem(.notFound, "There is no item \"\(id)\": it was deleted.") }
        guard catalog.items([id])[0] != nil else {
            return Problem(
                .notFound, "There is no item \"\(id)\": it is neither in the catalogue nor in model \(snapshot.name).")
        }
        return Problem(
            .notFound,
            "The item \"\(id)\" is in the catalogue, but not in model \(snapshot.name): nobody had touched it when that was trained."
        )
    }

    private func missingUser(_ id: String, in snapshot: ModelSnapshot) throws(Problem) -> Problem {
        let isStored = try Answer.storing { () throws(StoreError) in
            if try store.user(id) != nil { return true }
            return try !store.latestInteractions(userID: id, limit: 1).isEmpty
        }
        return Problem(
            .notFound,
            isStored
                ? "The user \"\(id)\" is stored, but not in model \(snapshot.name), and has touched nothing that the model knows."
                : "There is no user \"\(id)\": neither in the store nor in model \(snapshot.name).")
    }

    private static func answer(
        _ subject: (name: String, id: String), by snapshot: ModelSnapshot, list: String, count: Int,
        _ write: (inout JSONWriter, _ place: Int) -> Void
    ) -> HTTPResponse {
        Answer.json(fields: [Answer.modelField: snapshot.name]) { writer in
            writer.object { answer in
                answer.member(subject.name, subject.id)
                answer.member("model", snapshot.name)
                answer.key(list)
                answer.array { entries in
                    for place in 0..<count { entries.object { write(&$0, place) } }
                }
            }
        }
    }
}
