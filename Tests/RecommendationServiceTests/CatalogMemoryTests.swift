import InteractionStorage
import Testing

@testable import RecommendationService

@Suite("The catalogue in memory")
struct CatalogMemoryTests {
    @Test("names that only look alike are different items: one's title, window and deletion are not the other's")
    func exactNames() {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let (catalog, clock) = (Catalog(), WallClock { 0 })
        catalog.put([Item(id: one, title: "composed"), Item(id: two, title: "decomposed", hidden: true)])
        #expect(catalog.count == 2)
        #expect(catalog.items([one, two]).map { $0?.title } == ["composed", "decomposed"])
        let hidden = catalog.withheld(by: clock)
        #expect(!hidden.contains(ExactName(one)) && hidden.contains(ExactName(two)))
        catalog.remove(one)
        #expect(catalog.items([one, two]).map { $0?.title } == [nil, "decomposed"])
        #expect(catalog.withheld(by: clock).contains(ExactName(one)) && catalog.withheld(by: clock).count == 2)
    }
}
