import InteractionFormats
import InteractionStorage
import TestSupport
import Testing

@Suite("Hostile rows")
struct HostileRowTests {
    @Test("every bad CSV row costs itself, and a sentence names it")
    func csv() throws {
        let outcome = read(try fixture("hostile.csv"), with: CSVInteractionReader())
        #expect(
            outcome.interactions.map(\.userID) == [
                "ada", String(repeating: "u", count: 256), "bob, \"the\" tall", "eve", "zoë",
            ])
        #expect(outcome.sentences == Self.csvSentences)
        #expect(
            outcome.interactions[0]
                == Interaction(
                    userID: "ada", itemID: "lamp", kind: "view", rating: 4.5, weight: 1, timestamp: 881_250_949_000,
                    interactionID: "i-1"))
        #expect(outcome.interactions[2].timestamp == 1_772_368_200_000)
        #expect(outcome.interactions[3].timestamp == -1_500)
        #expect(outcome.interactions[3].rating == 0.5)
        #expect(outcome.interactions[4] == Interaction(userID: "zoë", itemID: "café", rating: 5))
    }

    private static let csvSentences = [
        "line 3: rating \"five\" is not a number",
        "line 4: user_id is empty",
        "line 5: item_id is empty",
        "line 6: rating \"NaN\" is not a number",
        "line 7: rating \"inf\" is not a number",
        "line 8: rating \"1e999\" is not within -1000000000 to 1000000000",
        "line 9: rating \"0x10\" is not a number",
        "line 10: timestamp \"yesterday\" is neither an RFC 3339 time nor a number of Unix seconds",
        "line 11: timestamp \"1700000000000\" is outside the years 0000 to 9999; Unix seconds are expected",
        "line 12: weight \"-1\" is not within 0 to 1000000000",
        "line 13: the row has 6 fields where 7 are expected",
        "line 14: the row has 9 fields where 7 are expected",
        "line 15: a quoted field is not closed on its line",
        "line 16: text follows the closing quote of a field",
        "line 17: a quote stands inside a field that is not quoted",
        "line 18: user_id contains a control character",
        "line 19: user_id \"a\u{FFFD}da\" is not UTF-8",
        "line 20: user_id contains a control character",
        "line 21: user_id is longer than 256 bytes",
        "line 25: a quoted field is not closed on its line",
        "line 26: the row is longer than 65536 bytes",
        "line 27: rating \"five\" is not a number; "
            + "timestamp \"never\" is neither an RFC 3339 time nor a number of Unix seconds; "
            + "weight \"heavy\" is not a number",
    ]

    @Test("every bad NDJSON row costs itself, and a sentence names it")
    func ndjson() throws {
        let outcome = read(try fixture("hostile.ndjson"), with: NDJSONInteractionReader())
        #expect(outcome.interactions.map(\.userID) == ["ada", "7", "éve", "zoë"])
        #expect(outcome.interactions[1].itemID == "18446744073709551615")
        #expect(outcome.interactions[1].timestamp == 881_250_949_000)
        #expect(outcome.interactions[2].timestamp == 1_772_364_600_000)
        #expect(outcome.faults.map(\.line) == Array(2...22) + [26, 27, 28])
        func detail(_ line: Int) -> String { outcome.faults.first { $0.line == line }?.detail ?? "" }
        #expect(detail(2) == "rating: expected a number, found a string")
        #expect(detail(3) == "member \"user_id\" is required")
        #expect(detail(4) == "member \"item_id\" is required")
        #expect(detail(5).hasPrefix("the row is not JSON: "))
        #expect(detail(6).hasPrefix("the row is not JSON: "))
        #expect(detail(7).hasPrefix("rating: must be from -1000000000 to 1000000000"))
        #expect(detail(8) == "unknown member \"usr_id\"; did you mean \"user_id\"?; member \"user_id\" is required")
        #expect(detail(9) == "member \"user_id\" appears more than once")
        #expect(detail(11) == "expected an object, found an array")
        #expect(detail(16).hasPrefix("the row is not JSON: "))
        #expect(detail(18).hasPrefix("timestamp: "))
        #expect(detail(20) == "kind: expected a string, found a number")
        #expect(detail(26) == "the row is longer than 65536 bytes")
    }

    @Test("the outcome does not depend on how the bytes are cut", arguments: ["hostile.csv", "hostile.ndjson"])
    func anyCuts(name: String) throws {
        let bytes = try fixture(name)
        if name.hasSuffix("csv") {
            expectSameForAnyCuts(bytes, CSVInteractionReader())
        } else {
            expectSameForAnyCuts(bytes, NDJSONInteractionReader())
        }
    }

    private func expectSameForAnyCuts(_ bytes: [UInt8], _ start: some InteractionReader, count: UInt64 = 40) {
        let whole = read(bytes, with: start)
        #expect(read(bytes, with: start, cutAt: Array(1..<bytes.count)) == whole, "byte by byte")
        for seed in UInt64(1)...count {
            var random = SeededGenerator(seed: seed)
            let cuts = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                Int.random(in: 0...bytes.count, using: &random)
            }
            #expect(read(bytes, with: start, cutAt: cuts.sorted()) == whole, "seed \(seed)")
        }
    }

    @Test(
        "a row of exactly the limit is read, one byte more is refused, whatever ends it", arguments: ["\n", "\r\n", ""])
    func rowLimit(ending: String) {
        let limits = InteractionLimits(rowLength: 20)
        let header = "user_id,item_id\n"
        let fits = "ada," + String(repeating: "i", count: 16)
        #expect(readCSV(header + fits + ending, limits: limits).interactions.count == 1)
        let long = readCSV(header + fits + "i" + ending + (ending.isEmpty ? "" : "bob,rug"), limits: limits)
        #expect(long.sentences == ["line 2: the row is longer than 20 bytes"])
        #expect(long.interactions.map(\.userID) == (ending.isEmpty ? [] : ["bob"]))
    }

    @Test("an overlong row costs itself however it is cut")
    func overlongCut() {
        let limits = InteractionLimits(rowLength: 20)
        let text = "user_id,item_id\nada," + String(repeating: "i", count: 17) + "\r\nbob,rug\r\n"
        let whole = readCSV(text, limits: limits)
        #expect(whole.sentences == ["line 2: the row is longer than 20 bytes"])
        #expect(whole.interactions == [Interaction(userID: "bob", itemID: "rug")])
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(read(bytes, with: CSVInteractionReader(limits: limits), cutAt: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test("bytes damaged at random never stop a reader, and cuts change nothing", arguments: UInt64(1)...60)
    func randomDamage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let name = Bool.random(using: &random) ? "hostile.csv" : "hostile.ndjson"
        // The overlong row would only dilute the damage.
        var bytes = Array(
            try fixture(name).split(separator: UInt8(ascii: "\n")).filter { $0.count < 300 }.joined(separator: [10]))
        let telling = Array("\n\r\",{}[]:\\\0\u{FEFF}é-+.e1".utf8)
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes[index] = telling.randomElement(using: &random) ?? 0
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
            default: bytes.remove(at: index)
            }
        }
        let limits = InteractionLimits(rowLength: Int.random(in: 10...300, using: &random))
        if name == "hostile.csv" {
            expectSameForAnyCuts(bytes, CSVInteractionReader(limits: limits), count: 5)
        } else {
            expectSameForAnyCuts(bytes, NDJSONInteractionReader(limits: limits), count: 5)
        }
    }
}
