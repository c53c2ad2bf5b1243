import InteractionStorage
import Testing

@testable import InteractionFormats

@Suite("Items that are known already")
struct KnownItemsTests {
    @Test("vectors that the import itself has taken away again hold nobody to their length")
    func withdrawnVectors() throws {
        var known = KnownItems()
        func take(_ change: ItemChange) throws -> String? { try known.take(change)?.name }
        #expect(try take(.put(Item(id: "v", vectors: ["t": [1, 2, 3]]))) == nil)
        #expect(try take(.put(Item(id: "w", vectors: ["t": [1, 2]]))) == "t")
        #expect(try take(.withdraw("v")) == nil)
        #expect(try take(.put(Item(id: "w", vectors: ["t": [1, 2]]))) == nil)
        // Who alone has one may change it.
        #expect(try take(.put(Item(id: "w", vectors: ["t": [1, 2, 3, 4]]))) == nil)
        #expect(try take(.put(Item(id: "x", vectors: ["t": [1, 2]]))) == "t")
    }
}
