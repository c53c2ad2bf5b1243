import HTTP
import HTTPServer
import InteractionStorage
import JSON
import NCF

/// `/predict`: what the model says of a user and an item.
struct PredictionRoutes: Sendable {
    let models: ModelStore
    let recent: RecentInteractions
    let newcomers: Newcomers
    let configuration: ServiceConfiguration

    /// One user and one item.
    private struct Pair {
        var userID: String
        var itemID: String
    }

    /// Users whose standings are remembered in one request: those of a model with neighbours may be as long as its catalogue.
    private static let rememberedStandings = 1000
    /// The most pairs of one request.
    private static let maximumPairs = 100_000

    func register(in router: inout Router) {
        router.add(.get, "/predict", .inline) { request in
            Answer.or { () throws(Problem) in
                var query = QueryParameters(request, known: ["user_id", "item_id", "strict"])
                let userID = query.identifier("user_id")
                let itemID = query.identifier("item_id")
                let isStrict = query.bool("strict") ?? false
                try query.check()
                guard let userID, let itemID else {
                    throw Problem(.badRequest, "Say of whom and of what: /predict?user_id=1&item_id=50.")
                }
                return try answer([Pair(userID: userID, itemID: itemID)], isStrict: isStrict)
            }
        }
        router.add(.post, "/predict", .offloaded, refusing: RequestBody.refusal) { request in
            Answer.or { () throws(Problem) in
                let (pairs, isStrict) = try Self.decode(RequestBody.json(of: request))
                return try answer(pairs, isStrict: isStrict)
            }
        }
    }

    private static func decode(_ document: JSONDocument) throws(Problem) -> (pairs: [Pair], isStrict: Bool) {
        var faults = JSONFaults()
        let members = ["user_id", "item_id", "item_ids", "pairs", "strict"]
        guard let body = JSONObjectDecoder(document.root, knownMembers: members, faults: &faults) else {
            throw Problem(faults: faults)
        }
        var pairs: [Pair] = []
        let isStrict = body.bool("strict", &faults) ?? false
        let userID = body.identifier("user_id", &faults)
        let single = body.identifier("item_id", &faults)
        let several = body.identifiers("item_ids", count: 0...maximumPairs, &faults)
        if let list = body.array("pairs", count: 0...maximumPairs, &faults) {
            if userID != nil || single != nil || several != nil {
                faults.add("/pairs", "either \"pairs\", or \"user_id\" with \"item_id\" or \"item_ids\", not both")
            }
            for element in list.elements { if let pair = pair(element, &faults) { pairs.append(pair) } }
        } else if let userID, let items = several ?? single.map({ [$0] }) {
            if single != nil && several != nil {
                faults.add("/item_ids", "either \"item_id\" or \"item_ids\", not both")
            }
            pairs = items.map { Pair(userID: userID, itemID: $0) }
        } else if faults.isEmpty {
            faults.add("", "expected \"user_id\" with \"item_id\" or \"item_ids\", or \"pairs\"")
        }
        guard faults.isEmpty else { throw Problem(faults: faults) }
        return (pairs, isStrict)
    }

    private static func pair(_ element: JSONValue, _ faults: inout JSONFaults) -> Pair? {
        guard let object = JSONObjectDecoder(element, knownMembers: ["user_id", "item_id"], faults: &faults) else {
            return nil
        }
        let userID = object.require("user_id", &faults)?.decodeIdentifier(&faults)
        let itemID = object.require("item_id", &faults)?.decodeIdentifier(&faults)
        guard let userID, let itemID else { return nil }
        return Pair(userID: userID, itemID: itemID)
    }

    private func answer(_ pairs: [Pair], isStrict: Bool) throws(Problem) -> HTTPResponse {
        guard let snapshot = models.current else {
            throw Problem(
                .serviceUnavailable, "There is no model yet; POST /train makes one.", retryAfterSeconds: 5)
        }
        var predictions: [Prediction] = []
        predictions.reserveCapacity(pairs.count)
        // A request often asks about one user many times, and folding in takes longer than all the rest.
        var standings: [ExactName: UserStanding] = [:]
        var newItems: [ExactName: FeaturedItem?] = [:]
        var known = KnownUser()
        for (place, pair) in pairs.enumerated() {
            let user = snapshot.index(ofUser: pair.userID)
            let item = snapshot.items.index(of: pair.itemID)
            let name = ExactName(pair.userID)
            let standing =
                standings[name]
                ?? UserStanding(
                    user: user, newer: recent.touches(of: pair.userID, for: snapshot),
                    features: user == nil ? newcomers.features(ofUser: pair.userID, for: snapshot) : nil, in: snapshot)
            if standings.count >= Self.rememberedStandings { standings = [:] }
            standings[name] = standing
            if isStrict && (user == nil || item == nil) {
                throw Self.unknown(
                    user == nil ? pair.userID : nil, item == nil ? pair.itemID : nil, place, of: pairs.count)
            }
            if item == nil {
                let name = ExactName(pair.itemID)
                let newcomer = newItems[name] ?? newcomers.item(pair.itemID, for: snapshot)
                newItems[name] = .some(newcomer)
                if let newcomer {
                    predictions.append(snapshot.predict(standing.vector(in: snapshot), item: newcomer))
                    continue
                }
            }
            predictions.append(Self.prediction(standing, item: item, by: snapshot, &known))
        }
        return Answer.json(fields: [Answer.modelField: snapshot.name]) { writer in
            writer.object { answer in
                answer.member("model", snapshot.name)
                answer.key("predictions")
                answer.array { list in
                    for (pair, prediction) in zip(pairs, predictions) { write(pair, prediction, into: &list) }
                }
            }
        }
    }

    /// What the model does not know of the pair at `place`.
    private static func unknown(_ user: String?, _ item: String?, _ place: Int, of count: Int) -> Problem {
        let names = [user.map { "the user \"\($0)\"" }, item.map { "the item \"\($0)\"" }].compactMap(\.self)
        let pair = count > 1 ? ", of pair \(place + 1) of \(count)" : ""
        return Problem(.notFound, "The model does not know \(names.joined(separator: " nor "))\(pair).")
    }

    /// The user whom the last pair was about, if the model knows it: of the second pair on its vector is at hand.
    private struct KnownUser {
        var user: Int?
        var vector: UserVector?

        mutating func predict(_ user: Int, item: Int?, by snapshot: ModelSnapshot) -> Prediction {
            guard user == self.user else {
                (self.user, vector) = (user, nil)
                return snapshot.predict(user: user, item: item)
            }
            let vector = vector ?? snapshot.vector(ofUser: user)
            self.vector = vector
            return snapshot.predict(vector, ofUser: user, item: item)
        }
    }

    private static func prediction(
        _ standing: UserStanding, item: Int?, by snapshot: ModelSnapshot, _ last: inout KnownUser
    ) -> Prediction {
        switch standing {
        case .known(let user): return last.predict(user, item: item, by: snapshot)
        case .stranger: return snapshot.predict(user: nil, item: item)
        case .foldedIn(let vector, _, _):
            var prediction = snapshot.predict(foldedIn: vector, item: item)
            // As of a user that the model knows: nothing is known of the item.
            if item == nil { prediction.basis = .userOnly }
            return prediction
        case .featured(let vector):
            var prediction = snapshot.predict(foldedIn: vector, item: item)
            prediction.basis = .features
            return prediction
        }
    }

    private func write(_ pair: Pair, _ prediction: Prediction, into writer: inout JSONWriter) {
        writer.object { entry in
            entry.member("user_id", pair.userID)
            entry.member("item_id", pair.itemID)
            entry.member("score", prediction.probability)
            entry.member("rating", ifPresent: prediction.rating)
            entry.member("basis", prediction.basis.rawValue)
        }
    }
}
