import Testing

@testable import InteractionStorage

@Suite("The fingerprint of a request")
struct FingerprintTests {
    private static let base = Interaction(userID: "u", itemID: "i")

    /// Pairs that run together when members are simply strung together, or absent ones left out.
    static let different: [[Interaction]] = [
        [], [base], [base, base],
        [Interaction(userID: "ui", itemID: "")], [Interaction(userID: "", itemID: "ui")],
        [Interaction(userID: "u", itemID: "i", kind: "x")], [Interaction(userID: "u", itemID: "i", interactionID: "x")],
        [Interaction(userID: "u", itemID: "i", kind: "")],
        [Interaction(userID: "u", itemID: "i", rating: 0)], [Interaction(userID: "u", itemID: "i", weight: 0)],
        [Interaction(userID: "u", itemID: "i", timestamp: 0)], [Interaction(userID: "u", itemID: "i", timestamp: -1)],
        [Interaction(userID: "caf\u{E9}", itemID: "i")], [Interaction(userID: "cafe\u{301}", itemID: "i")],
    ]

    @Test("any difference makes another one")
    func differences() {
        let found = Self.different.map { AppendRequest(interactions: $0).fingerprint }
        #expect(Set(found).count == found.count)
    }

    @Test("what came with the interactions makes another one, if it is another")
    func companions() {
        let found = [nil, 0, 1].map { AppendRequest(interactions: [Self.base], companions: $0).fingerprint }
        #expect(Set(found).count == 3)
        #expect(found[1] == AppendRequest(interactions: [Self.base], companions: 0).fingerprint)
    }

    @Test("it is what files hold: the same for ever, and whatever the key")
    func stability() {
        #expect(AppendRequest(interactions: []).fingerprint == Int64(bitPattern: 0xCBF2_9CE4_8422_2325))
        let one = AppendRequest(interactions: [Self.base], idempotencyKey: "a").fingerprint
        #expect(one == AppendRequest(interactions: [Self.base], idempotencyKey: "b").fingerprint)
        #expect(one == Int64(bitPattern: 0xC757_D684_52A6_DFAB))
    }
}
