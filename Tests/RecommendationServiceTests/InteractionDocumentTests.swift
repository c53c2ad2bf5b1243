import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("POST /interactions: one JSON document", .timeLimit(.minutes(1)))
struct InteractionDocumentTests {
    static let full = Interaction(
        userID: "u[1]", itemID: "7", kind: "view", rating: 2.5, weight: 3, timestamp: 1_700_000_000_000,
        interactionID: "é")
    static let bare = Interaction(userID: "u", itemID: "i")

    /// The same in other words.
    static let documents: [(body: String, interaction: Interaction)] = [
        (#"{"user_id":"u","item_id":"i"}"#, bare),
        (" \n{ \"item_id\" : \"i\",\t\"user_id\": \"\\u0075\" } \r\n", bare),
        (#"{"user_id":"u","item_id":"i"}"# + String(repeating: " ", count: 5000), bare),
        (#"{"interactions":[{"user_id":"u","item_id":"i"}]}"#, bare),
        (#"{"interactions":[{"user_id":"u","item_id":"i"}]}"# + String(repeating: " ", count: 5000), bare),
        (
            #"{"user_id":"u[1]","item_id":7,"kind":"view","rating":2.5,"weight":3,"timestamp":1700000000,"interaction_id":"é"}"#,
            full
        ),
        (
            #"""
            {"interaction_id":"\u00e9","timestamp":"2023-11-14T22:13:20Z","weight":3.0,"rating":25e-1,"kind":"view","item_id":"7",
            "user_id":"u\u005b1]"}
            """#, full
        ),
    ]

    @Test("says the same however it is written", arguments: documents)
    func writing(body: String, interaction: Interaction) throws {
        let service = try TestService()
        let reply = try service.post("/interactions", body)
        #expect(reply.status == 200 && reply.field("Content-Type") == "application/json")
        #expect(reply.text == #"{"stored":1,"duplicates":0,"rejected":0}"#)
        let stored = try service.store.interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: 9)
        #expect(stored.map(\.interaction) == [interaction])
    }

    @Test("documents of one and of many may follow each other on one connection")
    func inTurns() throws {
        let service = try TestService()
        let many = (0..<40).map { #"{"user_id":"m\#($0)","item_id":"i"}"# }.joined(separator: ",")
        for round in 0..<3 {
            let one = try service.post("/interactions", #"{"user_id":"one \#(round)","item_id":"i"}"#)
            #expect(one.json["stored"]?.int == 1)
            let list = try service.post("/interactions", #"{"interactions":[\#(many)]}"#)
            #expect(list.json["stored"]?.int == 40)
        }
        let stored = try service.store.interactions(userID: nil, itemID: nil, kind: nil, after: nil, limit: 200)
        let round = { (number: Int) in ["one \(number)"] + (0..<40).map { "m\($0)" } }
        #expect(stored.map(\.interaction.userID) == round(0) + round(1) + round(2))
    }
}
