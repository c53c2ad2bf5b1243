import InteractionStorage
import JSON
import NCF
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Items that a filter wants")
struct FilteredItemsTests {
    private func filter(_ text: String) throws -> ItemFilter {
        var faults = JSONFaults()
        var decoder = ItemFilterDecoder()
        let filter = decoder.filter(try JSONParser().parse(Array(text.utf8)).root, &faults)
        #expect(faults.isEmpty, "\(faults.faults)")
        return try #require(filter)
    }

    private static let film = Item(
        id: "1", title: "Alien", tags: ["new", "4k"],
        attributes: [
            "genres": .strings(["Horror", "Science fiction"]), "year": .number(1979), "colour": .boolean(true),
            "studio": .string("Fox"), "released": .string("1979-05-25T00:00:00Z"), "code": .string("1979"),
            "empty": .strings([]), "title": .string("not this one"),
        ], domain: "films")

    @Test(
        "a condition is met by its attribute's value, exactly",
        arguments: [
            (#"{"attribute": "genres", "any_of": ["Drama", "Horror"]}"#, true),
            (#"{"attribute": "genres", "any_of": ["horror"]}"#, false),
            (#"{"attribute": "genre", "any_of": ["Horror"]}"#, false),
            (#"{"attribute": "genres", "all_of": ["Science fiction", "Horror", "Horror"]}"#, true),
            (#"{"attribute": "genres", "all_of": ["Horror", "Drama"]}"#, false),
            (#"{"attribute": "empty", "any_of": [""]}"#, false),
            (#"{"attribute": "studio", "any_of": ["Fox"]}"#, true),
            (#"{"attribute": "studio", "all_of": ["Fox"]}"#, true),
            (#"{"attribute": "year", "any_of": [1979]}"#, true),
            (#"{"attribute": "year", "any_of": ["1979"]}"#, false),
            (#"{"attribute": "code", "any_of": [1979]}"#, false),
            (#"{"attribute": "colour", "any_of": [true]}"#, true),
            (#"{"attribute": "colour", "any_of": [false, 1, "true"]}"#, false),
            (#"{"attribute": "year", "at_least": 1979}"#, true),
            (#"{"attribute": "year", "at_least": 1979.5}"#, false),
            (#"{"attribute": "year", "at_most": 1979}"#, true),
            (#"{"attribute": "year", "at_most": 1978}"#, false),
            (#"{"attribute": "year", "at_least": 1970, "at_most": 1979}"#, true),
            (#"{"attribute": "year", "at_least": 1980, "at_most": 1989}"#, false),
            (#"{"attribute": "code", "at_least": 0}"#, false),
            (#"{"attribute": "none", "at_most": 1e300}"#, false),
            (#"{"attribute": "released", "at_least": "1979-05-25T02:00:00+02:00"}"#, true),
            (#"{"attribute": "released", "at_least": "1979-05-25T00:00:01Z"}"#, false),
            (
                #"{"attribute": "released", "at_least": "1979-01-01T00:00:00Z", "at_most": "1980-01-01T00:00:00Z"}"#,
                true
            ),
            (#"{"attribute": "released", "at_least": 0}"#, false),
            (#"{"attribute": "year", "at_most": "2026-01-01T00:00:00Z"}"#, false),
            (#"{"attribute": "tags", "all_of": ["4k"]}"#, true),
            (#"{"attribute": "tags", "any_of": ["old"]}"#, false),
            (#"{"attribute": "domain", "any_of": ["films"]}"#, true),
            (#"{"attribute": "title", "any_of": ["Alien"]}"#, true),
            (#"{"attribute": "title", "any_of": ["not this one"]}"#, false),
            (#"{"all": []}"#, true),
            (#"{"all": [{"attribute": "year", "at_least": 1970}, {"attribute": "studio", "any_of": ["Fox"]}]}"#, true),
            (#"{"all": [{"attribute": "year", "at_least": 1980}, {"attribute": "studio", "any_of": ["Fox"]}]}"#, false),
            (#"{"any": [{"attribute": "year", "at_least": 1980}, {"attribute": "studio", "any_of": ["Fox"]}]}"#, true),
            (#"{"any": [{"attribute": "year", "at_least": 1980}]}"#, false),
            (#"{"not": {"attribute": "genres", "any_of": ["Drama"]}}"#, true),
            (#"{"not": {"all": []}}"#, false),
        ])
    func conditions(text: String, isMet: Bool) throws {
        #expect(try filter(text).matches(Self.film) == isMet)
        // An item without a record meets no condition.
        #expect(try filter(text).matches(nil) == (text.hasPrefix(#"{"all": []"#) || text.hasPrefix(#"{"not": {"at"#)))
    }

    /// Some of everything that can become of a catalogue, from a fixed seed.
    private struct Shop {
        private var random: SeededGenerator
        private(set) var records: [String: Item] = [:]

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        mutating func change(_ catalog: Catalog) {
            let id = "i\(below(14))"
            if below(6) == 0 {
                records[id] = nil
                return catalog.remove(id)
            }
            var attributes: [ExactName: AttributeValue] = [:]
            if below(4) > 0 { attributes["year"] = .number(Double(below(5))) }
            if below(4) > 0 { attributes["genres"] = .strings(["a", "b", "c"].filter { _ in below(2) == 0 }) }
            if below(9) == 0 { attributes["year"] = .string("2026-01-01T00:00:00Z") }
            let item = Item(id: id, attributes: attributes)
            records[id] = item
            catalog.put([item])
        }

        mutating func filter(depth: Int = 0) -> ItemFilter {
            switch below(depth > 2 ? 3 : 6) {
            case 0:
                let least = Double(below(5))
                return condition("year", .range(.numbers, least...least + Double(below(3))))
            case 1: return condition("year", .range(.times, 0 ... .infinity))
            case 2:
                let values = Set(
                    ["a", "b", "c"].filter { _ in below(2) == 0 }.map { ItemCondition.Operand.text(ExactName($0)) })
                return condition("genres", below(2) == 0 ? .anyOf(values) : .allOf(values))
            case 3: return .not(filter(depth: depth + 1))
            case 4: return .all((0..<below(3)).map { _ in filter(depth: depth + 1) })
            default: return .any((0..<below(3)).map { _ in filter(depth: depth + 1) })
            }
        }

        private func condition(_ attribute: ExactName, _ test: ItemCondition.Test) -> ItemFilter {
            .condition(ItemCondition(attribute: attribute, test: test))
        }
    }

    @Test(
        "are those that a look at each record finds, whatever the filter and whatever has changed",
        arguments: UInt64(1)...8)
    func oracle(seed: UInt64) throws {
        let first = try #require(try TestService.trained().models.current)
        let other = try TestService()
        let rows = Checkerboard.interactions.reversed().map(\.ndjson).joined()
        _ = try other.post("/interactions", rows, type: "application/x-ndjson")
        for _ in 0..<2 { try other.train("\"publish\": \"always\"") }
        let versions = [first, try #require(other.models.current)]
        try #require(versions.map(\.version) == [1, 2])
        // The same names elsewhere.
        try #require((0..<first.itemCount).contains { versions[1].items[$0] != first.items[$0] })
        let catalog = Catalog()
        var shop = Shop(seed: seed)
        for step in 0..<600 {
            for _ in 0..<shop.below(4) { shop.change(catalog) }
            let filter = shop.filter()
            let snapshot = versions[shop.below(20) == 0 ? 1 : 0]
            let expected = (0..<snapshot.itemCount).filter { filter.matches(shop.records[snapshot.items[$0]]) }
            #expect(catalog.items(matching: filter, in: snapshot).items == expected.map(Int32.init), "step \(step)")
        }
    }

    @Test("are looked for anew where more has changed than is remembered")
    func manyChanges() throws {
        let snapshot = try #require(try TestService.trained().models.current)
        let catalog = Catalog()
        let red = try filter(#"{"attribute": "colour", "any_of": ["red"]}"#)
        catalog.put([Item(id: "i1", attributes: ["colour": .string("red")])])
        #expect(catalog.items(matching: red, in: snapshot).items.map { snapshot.items[Int($0)] } == ["i1"])
        catalog.put([Item(id: "i1", attributes: ["colour": .string("blue")])])
        catalog.put((0..<20_000).map { Item(id: "another \($0)") })
        #expect(catalog.changes(after: 1).names == nil && catalog.changes(after: 20_001).names?.count == 1)
        #expect(catalog.items(matching: red, in: snapshot).isEmpty)
    }

    @Test("are kept for the conditions that were asked for last")
    func recentlyUsed() {
        var kept = RecentlyUsed<Int, Int>(limit: 3)
        var missed: [Int] = []
        for key in [1, 2, 3, 1, 4, 1, 3, 2] where kept.value(for: key) == nil {
            missed.append(key)
            kept.keep(10 * key, for: key)
        }
        #expect(missed == [1, 2, 3, 4, 2])
        kept.update { $0 += 1 }
        #expect([1, 2, 3, 4].map { kept.value(for: $0) } == [11, 21, 31, nil])
    }

    @Test("many conditions at once, and those of filters at the same time, are looked up each for itself")
    func together() async throws {
        let snapshot = try #require(try TestService.trained().models.current)
        let catalog = Catalog()
        catalog.put((0..<12).map { Item(id: "i\($0)", attributes: ["n": .string("\($0)"), "m": .number(Double($0))]) })
        let groups = (0..<8).map { first in
            let conditions = (0..<100).map { place in
                place % 2 == 0
                    ? #"{"attribute": "n", "any_of": ["\#((first + place) % 12)", "\#(place)"]}"#
                    : #"{"attribute": "m", "at_least": \#(place), "at_most": \#(place)}"#
            }
            return #"{"any": [\#(conditions.joined(separator: ","))]}"#
        }
        let filters = try groups.map { try filter($0) }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for step in 0..<40 {
                        if worker == 0 { catalog.put([Item(id: "i3", attributes: ["n": .string("\(step)")])]) }
                        _ = catalog.items(matching: filters[(worker + step) % filters.count], in: snapshot)
                    }
                }
            }
        }
        for filter in filters {
            let records = catalog.items((0..<snapshot.itemCount).map { snapshot.items[$0] })
            let expected = records.indices.filter { filter.matches(records[$0]) }.map(Int32.init)
            #expect(catalog.items(matching: filter, in: snapshot).items == expected)
        }
    }
}
