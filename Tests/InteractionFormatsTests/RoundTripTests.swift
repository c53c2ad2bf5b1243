import InteractionFormats
import InteractionStorage
import JSON
import TestSupport
import Testing

@Suite("Round trips")
struct RoundTripTests {
    private static let alphabet: [String] = ["a", "Z", "7", ",", "\"", " ", "é", "漢", "😀", "\\", "'", "/", "\u{2028}"]

    private func name(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...8, using: &random)).map { _ in
            Self.alphabet.randomElement(using: &random) ?? "a"
        }.joined()
    }

    private func interaction(_ random: inout SeededGenerator) -> Interaction {
        var interaction = Interaction(userID: name(&random), itemID: name(&random))
        if Bool.random(using: &random) { interaction.kind = name(&random) }
        if Bool.random(using: &random) { interaction.rating = Double.random(in: -1e9...1e9, using: &random) }
        if Bool.random(using: &random) { interaction.rating = Double(Int.random(in: -5...5, using: &random)) }
        if Bool.random(using: &random) { interaction.weight = Double.random(in: 0...1e-6, using: &random) }
        if Bool.random(using: &random) {
            interaction.timestamp = Int64.random(in: RFC3339.earliest...RFC3339.latest, using: &random)
        }
        if Bool.random(using: &random) { interaction.interactionID = name(&random) }
        return interaction
    }

    @Test("interactions exported as CSV come back as they were, and their second export has the same bytes")
    func csv() {
        var random = SeededGenerator(seed: 11)
        let interactions = (0..<2_000).map { _ in interaction(&random) }
        func export(_ interactions: [Interaction]) -> [UInt8] {
            var writer = CSVInteractionWriter()
            interactions.forEach { writer.write($0) }
            return writer.takeBytes()
        }
        let first = export(interactions)
        let outcome = read(first, with: CSVInteractionReader())
        #expect(outcome.faults.isEmpty)
        #expect(outcome.interactions == interactions)
        #expect(export(outcome.interactions) == first)
    }

    @Test("interactions exported as NDJSON come back as they were, and their second export has the same bytes")
    func ndjson() {
        var random = SeededGenerator(seed: 12)
        let interactions = (0..<2_000).map { _ in interaction(&random) }
        func export(_ interactions: [Interaction]) -> [UInt8] {
            var writer = NDJSONWriter()
            interactions.forEach { writer.write($0) }
            return writer.takeBytes()
        }
        let first = export(interactions)
        let outcome = read(first, with: NDJSONInteractionReader())
        #expect(outcome.faults.isEmpty)
        #expect(outcome.interactions == interactions)
        #expect(export(outcome.interactions) == first)
    }

    @Test("taking the bytes empties the buffer, and the header is written once")
    func takeBytes() {
        var writer = CSVInteractionWriter()
        #expect(writer.takeBytes() == Array("user_id,item_id,kind,rating,weight,timestamp,interaction_id\n".utf8))
        writer.write(Interaction(userID: "a,b", itemID: "c\"d", rating: 5, timestamp: 0))
        #expect(writer.takeBytes() == Array("\"a,b\",\"c\"\"d\",,5,,1970-01-01T00:00:00Z,\n".utf8))
        #expect(writer.bytes.isEmpty)
    }

    @Test("an item comes back with everything it had")
    func item() throws {
        let item = Item(
            id: "é,1", title: "A \"title\"", tags: ["x", "y"],
            attributes: [
                "genres": .strings(["Drama"]), "year": .number(1995), "ratio": .number(0.1), "new": .boolean(false),
                "maker": .string("Ada"), "none": .strings([]),
            ], hidden: true, availableFrom: 0, availableUntil: 1, domain: "films")
        var writer = JSONWriter()
        ItemEncoder.encode(item, to: &writer)
        var faults = JSONFaults()
        let value = try JSONParser().parse(writer.bytes).root
        #expect(ItemDecoder.decode(value, faults: &faults) == item)
        #expect(faults.isEmpty)
    }

    @Test("an item that is withdrawn comes back as that")
    func withdrawnItem() throws {
        var writer = NDJSONWriter()
        writer.write(withdrawn: "é,1")
        #expect(writer.bytes == Array("{\"item_id\":\"é,1\",\"withdrawn\":true}\n".utf8))
        var faults = JSONFaults()
        let value = try JSONParser().parse(writer.bytes).root
        #expect(ItemDecoder.decodeChange(value, faults: &faults) == .withdraw("é,1"))
    }

    @Test("a user comes back with everything they had")
    func user() throws {
        let user = User(id: "7", tags: ["staff"], attributes: ["age": .number(36), "city": .string("Graz")])
        var writer = JSONWriter()
        UserEncoder.encode(user, to: &writer)
        var faults = JSONFaults()
        #expect(UserDecoder.decode(try JSONParser().parse(writer.bytes).root, faults: &faults) == user)
        #expect(faults.isEmpty)
    }
}
