import Testing

@testable import NCF

@Suite("Folding in what counts too much")
struct FoldInWeightTests {
    @Test("beyond a bound more weight is no more evidence", arguments: Architecture.allCases)
    func bounded(architecture: Architecture) {
        let snapshot = ServingFixture.snapshot(architecture)
        let bound = snapshot.foldIn(items: [1, 2], weights: [1000, 1])
        for weight: Float in [1001, 1e6, 1e9, .greatestFiniteMagnitude] {
            #expect(snapshot.foldIn(items: [1, 2], weights: [weight, 1]) == bound)
            #expect(
                snapshot.foldIn(items: [1, 2], weights: [-weight, 1])
                    == snapshot.foldIn(items: [1, 2], weights: [-1000, 1])
            )
        }
        let isFinite = bound.elements().allSatisfy { $0.isFinite }
        #expect(isFinite)
        #expect(snapshot.foldIn(items: [1, 2], weights: [999, 1]) != bound)
    }
}
