import TestSupport
import Testing

@testable import NCF

@Suite("Which way items' vectors point")
struct ItemDirectionsTests {
    @Test(
        "cosines are those of similar items; what lies nowhere is like nothing",
        arguments: [Architecture.mf, .mlp, .neumf])
    func cosines(architecture: Architecture) throws {
        let snapshot = ServingFixture.snapshot(architecture)
        let directions = snapshot.directions(of: (0..<snapshot.itemCount).map { .known($0) } + [.unknown])
        for item in 0..<5 {
            for other in snapshot.similar(item: item, limit: snapshot.itemCount) {
                #expect(abs(directions.cosine(item, other.item) - other.score) < 1e-5)
            }
        }
        #expect(directions.cosine(3, snapshot.itemCount) == 0)
    }

    @Test("maximal marginal relevance, one choice after the other", arguments: [0, 0.3, 0.7, 1])
    func diverse(diversity: Double) {
        let snapshot = ServingFixture.snapshot(.mf, items: 40)
        let items = Array(0..<40)
        let directions = snapshot.directions(of: items.map { .known($0) })
        let relevance = items.map { 3 - Double($0) / 20 }
        var expected: [Int] = []
        while expected.count < 15 {
            let values = items.map { item -> Double in
                if expected.contains(item) { return -.infinity }
                let share = (relevance[item] - relevance[39]) / (relevance[0] - relevance[39])
                guard let most = expected.map({ Double(directions.cosine(item, $0)) }).max() else { return share }
                return (1 - diversity) * share - diversity * most
            }
            expected.append(values.indices.max { (values[$0], -$0) < (values[$1], -$1) } ?? -1)
        }
        let found = directions.diverse(15, relevance: relevance, diversity: diversity)
        #expect(found == expected)
        #expect((found == Array(0..<15)) == (diversity == 0))
        #expect(Set(directions.diverse(100, relevance: relevance, diversity: diversity)) == Set(items))
        #expect(snapshot.directions(of: []).diverse(3, relevance: [], diversity: diversity) == [])
        // Where all are as relevant, the order is that of unlikeness from the first on.
        #expect(directions.diverse(2, relevance: items.map { _ in 1 }, diversity: 0.5).first == 0)
    }
}
