import InteractionStorage
import JSON

/// What lifts or lowers some items of an answer: the scores of those that match count so many times as much.
struct ItemBoost: Sendable {
    let filter: ItemFilter
    /// Above 1 to lift, below to lower.
    let factor: Double

    /// Boosts of a request: each makes twice as many parts of the catalogue, which are ranked one by one.
    static let maximumCount = 4
    private static let largestFactor = 1000.0
    /// Octets of the values in all filters of a request with boosts: conditions that are looked up once and kept, not once for each part.
    static let longestValues = 65_536

    /// The boosts in `list`, whose filters are read by `filters`.
    static func read(
        _ list: JSONValue, _ filters: inout ItemFilterDecoder, _ faults: inout JSONFaults
    ) -> [ItemBoost] {
        list.elements.compactMap { element in
            guard let object = JSONObjectDecoder(element, knownMembers: ["filter", "factor"], faults: &faults) else {
                return nil
            }
            let filter = object.require("filter", &faults).flatMap { filters.filter($0, &faults) }
            let factor = object.require("factor", &faults).flatMap { _ in
                object.number("factor", in: 0...largestFactor, &faults)
            }
            if factor == 0 {
                faults.add(at: element, member: "factor", "must be above 0: to leave items out there is \"filter\"")
            }
            guard let filter, let factor else { return nil }
            return ItemBoost(filter: filter, factor: factor)
        }
    }
}

extension [ItemBoost] {
    /// What the score of an item with this record, nil for none, counts.
    func factor(of record: Item?) -> Double {
        reduce(1) { $1.filter.matches(record) ? $0 * $1.factor : $0 }
    }
}

extension RecommendationRequest {
    /// The answers to this request, `answer` making those to requests without boosts.
    ///
    /// Exact: within a part of the catalogue whose items the same boosts apply to, the order is that of the scores. So each part is asked
    /// for its best, and what they say is merged; among equals the one with the greater factor comes first.
    func boosted(_ answer: (RecommendationRequest) -> [Recommendation]) -> [Recommendation] {
        var answers: [Recommendation]?
        for (part, factor) in parts {
            var found = answer(part)
            if factor != 1 { for index in found.indices { found[index].multiply(by: factor) } }
            answers = answers.map { zip($0, found).map { $0.merged(with: $1, limit: limit) } } ?? found
        }
        return answers ?? []
    }

    /// A request without boosts for each set of them, for the items that these and no others apply to; those with the greatest factors
    /// first.
    private var parts: [(request: RecommendationRequest, factor: Double)] {
        var parts: [(filters: [ItemFilter], factor: Double)] = [(filter.map { [$0] } ?? [], 1)]
        for boost in boosts {
            parts = parts.flatMap { part in
                [
                    (part.filters + [boost.filter], part.factor * boost.factor),
                    (part.filters + [.not(boost.filter)], part.factor),
                ]
            }
        }
        return parts.sorted { $0.factor > $1.factor }.map { part in
            var request = self
            request.boosts = []
            request.filter = part.filters.isEmpty ? nil : .all(part.filters)
            return (request, part.factor)
        }
    }
}

extension Recommendation {
    fileprivate mutating func multiply(by factor: Double) {
        for index in entries.indices { entries[index].boost *= factor }
    }

    /// The best of both, each of which has its own order.
    fileprivate func merged(with other: Recommendation, limit: Int) -> Recommendation {
        var merged = self
        merged.isDegraded = isDegraded || other.isDegraded
        merged.entries = []
        var (own, others) = (entries[...], other.entries[...])
        while merged.entries.count < limit {
            guard let first = own.first, let second = others.first else { break }
            if second.rank > first.rank {
                merged.entries.append(others.removeFirst())
            } else {
                merged.entries.append(own.removeFirst())
            }
        }
        merged.entries += (own + others).prefix(limit - merged.entries.count)
        return merged
    }
}
