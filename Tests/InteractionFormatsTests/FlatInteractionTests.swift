import InteractionStorage
import JSON
import TestSupport
import Testing

@testable import InteractionFormats

@Suite("NDJSON: the fast way and the slow one")
struct FlatInteractionTests {
    private static let members: [[String]] = [
        [
            #""user_id":"u1""#, #""user_id":7"#, #""user_id":"""#, #""user_id":1.5"#, #""user_id":null"#,
            #""user_id":"é\u0041""#,
        ],
        [#""item_id":"i1""#, #""item_id":-7"#, #""item_id":"i\u0007""#, #""item_id":["i"]"#, #""itemid":"i""#],
        ["", "", #""kind":"view""#, #""kind":3"#, #""kind":null"#, #""kind":"sold""#, #""kind":"""#],
        [
            "", "", #""rating":4.5"#, #""rating":-0"#, #""rating":1e10"#, #""rating":"4""#, #""rating":1e999"#,
            #""rating":5e-324"#,
        ],
        ["", "", #""weight":2"#, #""weight":-1"#, #""weight":1e9"#, #""weight":true"#],
        [
            "", "", #""timestamp":881250949"#, #""timestamp":"2020-02-29T12:00:00.123Z""#, #""timestamp":"881250949""#,
            #""timestamp":1e300"#, #""timestamp":-1.5"#, #""timestamp":"2020-02-30T12:00:00Z""#, #""timestamp":"""#,
        ],
        ["", "", #""interaction_id":"x""#, #""interaction_id":"row:7""#, #""interaction_id":17"#],
        ["", "", "", #""user_id":"again""#, #""extra":1"#, #""item_id":"i2""#],
    ]

    private func slow(_ row: [UInt8], _ limits: InteractionLimits) -> Interaction? {
        guard let document = try? JSONParser().parse(row) else { return nil }
        var faults = JSONFaults()
        return InteractionDecoder.decode(document.root, limits: limits, faults: &faults)
    }

    @Test("both make the same of a row, or the fast way makes nothing", arguments: [1, 2, 3])
    func oracle(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var limits = InteractionLimits()
        limits.kinds = seed == 2 ? KnownKinds(["view"]) : nil
        let fast = FlatInteractionDecoder(limits: limits)
        var taken = 0
        for _ in 0..<4_000 {
            var parts = Self.members.compactMap { choices in
                // Mostly the first, or hardly any row would be whole.
                Int.random(in: 0..<3, using: &random) > 0 ? choices[0] : choices.randomElement(using: &random)
            }.filter { !$0.isEmpty }
            if Bool.random(using: &random) { parts.shuffle(using: &random) }
            var row = Array("{\(parts.joined(separator: Bool.random(using: &random) ? "," : " , "))}".utf8)
            if Int.random(in: 0..<4, using: &random) == 0 {
                row[Int.random(in: 0..<row.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let interaction = fast.decode(row.span)
            let ofValue = (try? JSONParser().parse(row)).flatMap { fast.decode($0.root) }
            #expect(ofValue == interaction)
            guard let interaction else { continue }
            taken += 1
            #expect(interaction == slow(row, limits), "\(String(decoding: row, as: UTF8.self)), seed \(seed)")
        }
        #expect(taken > 500)
    }

    @Test("a row that was written here goes the fast way")
    func written() {
        let complete = Interaction(
            userID: "é,\"", itemID: "7", kind: "view", rating: -0.5, weight: 0.25, timestamp: 951_782_400_123,
            interactionID: "x")
        var writer = NDJSONWriter()
        writer.write(complete)
        let row = Array(writer.bytes.dropLast())
        let decoded = FlatInteractionDecoder(limits: InteractionLimits()).decode(row.span)
        #expect(decoded == complete)
    }

    @Test(
        "every sort of made-up fault is one, and no good row is lost among them",
        arguments: SyntheticFaults.Format.allCases)
    func everySort(format: SyntheticFaults.Format) throws {
        let good = Interaction(userID: "12", itemID: "34", rating: 4)
        var faults = SyntheticFaults(share: 0.5, format: format, seed: 1)
        var csv = CSVInteractionWriter()
        var bytes = format == .csv ? csv.takeBytes() : []
        var line = format == .csv ? 1 : 0
        var expected: [Int] = []
        var sorts: Set<String> = []
        for _ in 0..<1_200 {
            for row in faults.rows(before: good) {
                line += 1
                expected.append(line)
                sorts.insert(row.sort)
                bytes += row.bytes + [UInt8(ascii: "\n")]
            }
            line += 1
            var ndjson = NDJSONWriter()
            ndjson.write(good)
            csv.write(good)
            let row = csv.takeBytes()
            bytes += format == .csv ? row : ndjson.bytes
        }
        let outcome =
            format == .csv ? read(bytes, with: CSVInteractionReader()) : read(bytes, with: NDJSONInteractionReader())
        #expect(outcome.faults.map(\.line) == expected)
        #expect(outcome.interactions == [Interaction](repeating: good, count: 1_200))
        #expect(sorts == Set(SyntheticFaults.sorts(of: format)))
    }
}
