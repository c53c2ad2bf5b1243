import HTTP
import HTTPServer
import InteractionStorage
import JSON

/// `/popular`, `/trending` and `/latest`: what is shown to anybody, with or without a model.
struct PopularityRoutes: Sendable {
    let activity: ItemActivity
    let catalog: Catalog
    let clock: WallClock
    let configuration: ServiceConfiguration

    func register(in router: inout Router) {
        // Offloaded: now and then the counts of all items are ranked.
        router.addOffloaded(.get, "/popular", popular)
        router.addOffloaded(.get, "/trending", trending)
        router.addOffloaded(.get, "/latest", latest)
    }

    private func popular(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let asked = try Asked(request, configuration, hasWindow: true)
        return try answer(asked, .popular(hours: asked.window?.hours), id: request.requestID)
    }

    private func trending(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        var asked = try Asked(request, configuration, hasWindow: true)
        let usual = configuration.trending.windowHours
        let window = asked.window ?? (hours: usual, text: "\(usual)h")
        asked.window = window
        return try answer(asked, .trending(hours: window.hours), id: request.requestID)
    }

    private func answer(
        _ asked: Asked, _ question: ItemRanking.Question, id: String
    ) throws(Problem) -> HTTPResponse {
        let ranked = gate(of: asked).first(asked.limit) { activity.ranking(question, atLeast: $0) }
        guard let (entries, ranking) = ranked else { throw Self.stillCounting }
        let records = catalog.items(entries.map(\.item.text))
        return Answer.json { writer in
            writer.object { answer in
                answer.member("recommendation_id", id)
                if let window = asked.window {
                    answer.member("window", window.text)
                    answer.member("since", milliseconds: Int64(ranking.firstHour ?? 0) * ArrivalHours.hourLength)
                }
                answer.member("interactions", ranking.interactions)
                Self.write(entries.count, into: &answer) { item, place in
                    Self.write(entries[place], rank: place + 1, question, into: &item)
                    Self.write(records[place], asked.fields, into: &item)
                }
            }
        }
    }

    /// Items of the catalogue, the one that came last first; then those that only interactions name, the one that was first
    /// touched last first.
    private func latest(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let asked = try Asked(request, configuration, hasWindow: false)
        let gate = gate(of: asked)
        var shown: [(name: ExactName, record: Item?)] = []
        catalog.forEachNewestFirst { item in
            if gate.admits(item) { shown.append((ExactName(item.id), item)) }
            return shown.count < asked.limit
        }
        if shown.count < asked.limit, gate.filter?.matches(nil) != false {
            try appendUnrecorded(to: &shown, asked.limit, gate)
        }
        return Answer.json { writer in
            writer.object { answer in
                answer.member("recommendation_id", request.requestID)
                Self.write(shown.count, into: &answer) { item, place in
                    item.member("item_id", shown[place].name.text)
                    item.member("rank", place + 1)
                    item.member("source", Recommendation.Source.latest.rawValue)
                    Self.write(shown[place].record, asked.fields, into: &item)
                }
            }
        }
    }

    private func appendUnrecorded(
        to shown: inout [(name: ExactName, record: Item?)], _ limit: Int, _ gate: ItemGate
    ) throws(Problem) {
        let isCounted = activity.forEachNewestFirst { name in
            // Of those that have a record all that may be shown are there already.
            if !gate.withheld.contains(name) && !catalog.contains(name) { shown.append((name, nil)) }
            return shown.count < limit
        }
        guard isCounted else { throw Self.stillCounting }
    }

    private func gate(of asked: Asked) -> ItemGate {
        ItemGate(withheld: catalog.withheld(by: clock), filter: asked.filter, catalog: catalog)
    }

    private static var stillCounting: Problem {
        Problem(
            .serviceUnavailable, "The server has just started, and is still counting the interactions of the record.",
            retryAfterSeconds: 1)
    }
}

extension PopularityRoutes {
    private static func write(
        _ count: Int, into answer: inout JSONWriter, _ write: (inout JSONWriter, _ place: Int) -> Void
    ) {
        answer.key("items")
        answer.array { items in
            for place in 0..<count { items.object { write(&$0, place) } }
        }
    }

    private static func write(
        _ entry: ItemRanking.Entry, rank: Int, _ question: ItemRanking.Question, into item: inout JSONWriter
    ) {
        item.member("item_id", entry.item.text)
        item.member("rank", rank)
        item.member("score", Float(entry.score))
        switch question {
        case .popular:
            item.member("source", Recommendation.Source.popular.rawValue)
            item.member("interactions", entry.count)
        case .trending:
            item.member("source", "trending")
            item.member("interactions", entry.count)
            item.member("expected", Float(entry.expected))
        }
    }

    private static func write(_ record: Item?, _ fields: [String], into item: inout JSONWriter) {
        guard let record, !fields.isEmpty else { return }
        item.key("item")
        item.object { record.write(fields, into: &$0) }
    }
}

/// What these routes are asked.
private struct Asked {
    /// How far back to look: hours, and as that was asked for.
    typealias Window = (hours: Int, text: String)

    let limit: Int
    let fields: [String]
    let filter: ItemFilter?
    var window: Window?

    init(_ request: ServerRequest, _ configuration: ServiceConfiguration, hasWindow: Bool) throws(Problem) {
        var query = QueryParameters(request, known: ["limit", "fields", "filter"] + (hasWindow ? ["window"] : []))
        let maximum = configuration.recommendation.maximumLimit
        limit = query.integer("limit", in: 1...maximum) ?? min(10, maximum)
        fields = query.list("fields").map(RecommendationRequest.distinct) ?? ["title"]
        filter = query.filter("filter")
        window = query.hours("window", upTo: configuration.trending.longestHours)
        try query.check()
    }
}
