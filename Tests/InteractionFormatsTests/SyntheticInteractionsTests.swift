import InteractionFormats
import InteractionStorage
import Testing

@Suite("Synthetic interactions")
struct SyntheticInteractionsTests {
    private typealias Configuration = SyntheticInteractions.Configuration

    private struct Pair: Hashable {
        var user: Int
        var item: Int
    }

    private func pairs(_ configuration: Configuration) throws -> [Pair] {
        try SyntheticInteractions(configuration).map { interaction in
            Pair(
                user: try #require(Int(interaction.userID)) - 1, item: try #require(Int(interaction.itemID)) - 1)
        }
    }

    @Test("a seed gives the same interactions again, and another seed others")
    func deterministic() throws {
        let configuration = Configuration(users: 50, items: 80, interactions: 1_000)
        var other = configuration
        other.seed = 43
        let first = Array(try SyntheticInteractions(configuration))
        #expect(Array(try SyntheticInteractions(configuration)) == first)
        #expect(Array(try SyntheticInteractions(other)) != first)
    }

    @Test(
        "there are as many as asked for, no pair twice, every user and item within bounds",
        arguments: [
            (50, 80, 1_000), (3, 5_000, 300), (400, 3_000, 8_000), (7, 9, 63), (1, 1, 1), (1, 40, 40), (5, 5, 0),
        ])
    func distinct(users: Int, items: Int, interactions: Int) throws {
        let configuration = Configuration(
            users: users, items: items, interactions: interactions, groups: min(4, items))
        let pairs = try pairs(configuration)
        #expect(pairs.count == interactions)
        #expect(Set(pairs).count == interactions)
        #expect(pairs.allSatisfy { (0..<users).contains($0.user) && (0..<items).contains($0.item) })
    }

    @Test("users mostly take items of their own group, and rate them higher")
    func taste() throws {
        let configuration = Configuration(users: 500, items: 2_000, interactions: 20_000, affinity: 0.8)
        let source = try SyntheticInteractions(configuration)
        var own: [Double] = []
        var other: [Double] = []
        for interaction in source {
            let user = try #require(Int(interaction.userID)) - 1
            let item = try #require(Int(interaction.itemID)) - 1
            let rating = try #require(interaction.rating)
            #expect([1, 2, 3, 4, 5].contains(rating))
            if source.group(ofUser: user) == source.group(ofItem: item) {
                own.append(rating)
            } else {
                other.append(rating)
            }
        }
        // The most active users exhaust their group, so the share lies a little below the affinity.
        let share = Double(own.count) / 20_000
        #expect(share > 0.76 && share < 0.82, "share \(share)")
        let means = (own.reduce(0, +) / Double(own.count), other.reduce(0, +) / Double(other.count))
        #expect(abs(means.0 - 4.3) < 0.15 && abs(means.1 - 2.3) < 0.15, "means \(means)")
    }

    @Test("popularity falls steeply, and times increase strictly over the span")
    func popularityAndTimes() throws {
        let configuration = Configuration(users: 2_000, items: 1_000, interactions: 30_000, groups: 4)
        var counts = [Int](repeating: 0, count: 1_000)
        var times: [Int64] = []
        for interaction in try SyntheticInteractions(configuration) {
            counts[try #require(Int(interaction.itemID)) - 1] += 1
            times.append(try #require(interaction.timestamp))
        }
        counts.sort(by: >)
        #expect(counts[0..<100].reduce(0, +) > 15_000, "a tenth of the items has most of the interactions")
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        let took = Double(times[times.count - 1] - configuration.start) / Double(configuration.span)
        #expect(took > 0.97 && took < 1.03, "\(took) of the span")
    }

    @Test("every user has interactions, and some many more than others")
    func activity() throws {
        var counts = [Int](repeating: 0, count: 300)
        for pair in try pairs(Configuration(users: 300, items: 1_000, interactions: 12_000)) { counts[pair.user] += 1 }
        #expect(counts.min() ?? 0 >= 20)
        #expect(counts.max() ?? 0 >= 150)
    }

    @Test("items have titles, years, and the genre of their group")
    func items() throws {
        let source = try SyntheticInteractions(Configuration(users: 1, items: 50, interactions: 1, groups: 20))
        let items = Array(source.items)
        #expect(items.map(\.id) == (1...50).map(String.init))
        #expect(Set(items.compactMap(\.title)).count == 50)
        var genreOfGroup: [Int: [String]] = [:]
        for (index, item) in items.enumerated() {
            #expect(item.attributes["genres"] == .strings(item.tags))
            #expect(item.attributes["year"] != nil)
            let group = source.group(ofItem: index)
            #expect(genreOfGroup.updateValue(item.tags, forKey: group) ?? item.tags == item.tags)
        }
        #expect(Set(genreOfGroup.values).count == 20)
    }

    @Test(
        "impossible settings are refused with a sentence",
        arguments: [
            (Configuration(users: 0), "users must be from 1 to 2000000000"),
            (Configuration(items: 0), "items must be from 1 to 2000000000"),
            (Configuration(items: 7, groups: 8), "groups must be from 1 to the number of items"),
            (Configuration(affinity: 1.01), "affinity must be from 0 to 1"),
            (Configuration(affinity: .nan), "affinity must be from 0 to 1"),
            (Configuration(zipfExponent: -0.1), "the Zipf exponent must be from 0 to 4"),
            (Configuration(span: 0), "the span must be from 1 ms to 1000 years"),
            (Configuration(interactions: -1), "interactions must not be negative"),
            (
                Configuration(users: 7, items: 9, interactions: 64),
                "7 users and 9 items make 63 pairs, too few for 64 interactions"
            ),
        ])
    func impossible(configuration: SyntheticInteractions.Configuration, sentence: String) {
        #expect(configuration.fault?.description == sentence)
        #expect(throws: SyntheticInteractions.Configuration.Fault.self) { try SyntheticInteractions(configuration) }
    }
}
