import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import NCF

/// `/users`: what is known of people, all of it for themselves, and its end.
struct UserRoutes: RecordRoutes {
    let store: any InteractionStore
    let models: ModelStore
    let newcomers: Newcomers
    let eraser: UserEraser
    let configuration: ServiceConfiguration
    let reserve: DiskReserve

    /// Interactions that are read at a time for an export.
    private static let pageSize = 10_000

    static var noun: String { "user" }

    func register(in router: inout Router) {
        registerRecords(in: &router)
        router.addOffloaded(.get, "\(Self.template)/export", as: .bulk, export)
    }

    func list(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let page = try RecordPage(request, maximumLimit: configuration.recommendation.maximumLimit)
        let users = try Answer.storing { () throws(StoreError) in
            try store.users(after: page.cursor, limit: page.limit)
        }
        return page.answer("users", users, id: \.id, UserEncoder.encode)
    }

    func get(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        guard let user = try Answer.storing({ () throws(StoreError) in try store.user(id) }) else { throw missing(id) }
        return answer(user)
    }

    func put(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let document = try RequestBody.json(of: request)
        var faults = JSONFaults()
        guard let user = UserDecoder.decode(document.root, id: id, faults: &faults), faults.isEmpty else {
            throw Problem(faults: faults)
        }
        let receipt = try put([user], of: request)
        guard receipt.erased == 0 else {
            throw Problem(
                .conflict,
                "The user \"\(id)\" was erased while this request was on its way; nothing was stored. Sent again, it makes a new "
                    + "user.")
        }
        return answer(user, receipt.created > 0 ? .created : .ok)
    }

    /// Changes a user as RFC 7396 says: members replace those stored, `null` takes one away, attributes are merged.
    func patch(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let patch = try RequestBody.json(of: request).root
        var faults = JSONFaults()
        let updated = try Answer.storing { () throws(StoreError) in
            let updated = try store.updateUser(id, begunAfter: request.stamp) { user in
                user = UserDecoder.merge(patch, into: user, faults: &faults) ?? user
            }
            try newcomers.refresh(users: [id], from: store)
            return updated
        }
        guard faults.isEmpty else { throw Problem(faults: faults) }
        guard let updated else { throw missing(id) }
        return answer(updated)
    }

    /// One user, or `{"users": […]}`; all or nothing, but for users who were erased while they were on their way.
    func putMany(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let users = try RecordList.decode(request, "users") { UserDecoder.decode($0, faults: &$1) }
        let receipt = try put(users, of: request)
        return RecordList.answer(
            stored: users.count - receipt.erased, created: receipt.created, erased: receipt.erased)
    }

    /// Stores `users`, but for those who were erased since the request began.
    private func put(_ users: [User], of request: ServerRequest) throws(Problem) -> UserReceipt {
        try Answer.storing { () throws(StoreError) in
            let receipt = try store.putUsers(users, begunAfter: request.stamp)
            try newcomers.refresh(users: users.map(\.id), from: store)
            return receipt
        }
    }

    // MARK: Privacy

    /// Answers when the user is gone from the record and from every answer; also for a user nobody has heard of, of whom
    /// something may be on its way.
    func delete(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let outcome = try Answer.storing { () throws(StoreError) in try eraser.erase(id) }
        return Answer.json { writer in
            writer.object { answer in
                answer.member("user_id", id)
                answer.member("erased", outcome.receipt.existed)
                answer.member("interactions", outcome.receipt.interactions)
                answer.member("quarantined", outcome.receipt.quarantined)
                answer.key("models")
                answer.array { list in
                    for version in outcome.versions { list.value(ModelVersion.name(of: version)) }
                }
                answer.member("policy", configuration.erasure.policy.rawValue)
            }
        }
    }

    /// All that is held about a person: the record, what they did, what was refused of that, and which models know them.
    private func export(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let (user, interactions, quarantined) = try Answer.storing { () throws(StoreError) in
            let quarantined = try store.quarantinedRows(upload: nil, userID: id, after: nil, limit: .max)
            return (try store.user(id), try allInteractions(of: id), quarantined)
        }
        let current = models.current
        let isKnown = current?.index(ofUser: id) != nil
        guard user != nil || !interactions.isEmpty || !quarantined.isEmpty || isKnown else { throw missing(id) }
        return Answer.json { writer in
            writer.object { answer in
                answer.key("user")
                UserEncoder.encode(user ?? User(id: id), to: &answer)
                answer.key("interactions")
                answer.array { list in
                    for stored in interactions { InteractionEncoder.encode(stored, to: &list) }
                }
                answer.key("quarantined")
                answer.array { list in
                    for row in quarantined { QuarantinedRowEncoder.encode(row, to: &list) }
                }
                answer.member("model", ifPresent: isKnown ? current?.name : nil)
            }
        }
    }

    private func allInteractions(of id: String) throws(StoreError) -> [StoredInteraction] {
        var all: [StoredInteraction] = []
        while true {
            let page = try store.interactions(
                userID: id, itemID: nil, kind: nil, after: all.last?.rowID, limit: Self.pageSize)
            all += page
            if page.count < Self.pageSize { return all }
        }
    }

    private func answer(_ user: User, _ status: HTTPStatus = .ok) -> HTTPResponse {
        Answer.json(status) { UserEncoder.encode(user, to: &$0) }
    }
}
