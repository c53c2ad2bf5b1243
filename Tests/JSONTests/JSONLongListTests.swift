import TestSupport
import Testing

@testable import JSON

/// What a parser makes of a text with a list, in pieces or whole.
private struct Reading: Equatable {
    var elements: [String] = []
    /// Each member beside the list, in order, and the list as a name alone.
    var members: [String] = []
    var refusal: JSONSyntaxError?

    init(_ text: String, pieceLength: Int?) {
        let bytes = Array(text.utf8)
        do {
            let root: JSONValue
            var positions: [Int] = []
            if let pieceLength {
                root = try JSONParser(maximumDepth: 6).parse(bytes, inPiecesOf: pieceLength, eachElementOf: "list") {
                    positions.append($0)
                    elements.append(written($1))
                }.root
                #expect(positions == Array(0..<positions.count), "\(text)")
            } else {
                root = try JSONParser(maximumDepth: 6).parse(bytes).root
                root["list"]?.forEachElement { _, element in elements.append(written(element)) }
            }
            for (name, value) in root.members {
                members.append(name == "list" && value.kind == .array ? name : "\(name): \(written(value))")
            }
        } catch {
            refusal = error
            elements = []
        }
    }
}

private func written(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
}

@Suite("Long lists in JSON")
struct JSONLongListTests {
    private static let elements = [
        #"{"user_id":"ada","item_id":1}"#, "{ \"user_id\" : \"ada\" }\n", "7", "-0.5e3", "true", "null", #""},{""#,
        #""\"],[\\""#,
        #"{"a":[{"b":1},{"b":2}],"c":{}}"#, "[]", "{}", "[[1,2],[3,4]]", "123456789012345678901234567890",
        #""ä😀\u00e4""#,
        #"{"list":[1,{"list":[2]}]}"#, #"{"a":"}, {","b":"]}"}"#,
    ]
    private static let members = [
        #""partial":true"#, #""x":[1,{"y":2},3]"#, #""list":[{"again":1},{"again":2}]"#, #""list":5"#,
        #""l\u0069st":[0,0]"#,
        #""object":{"list":[{},{}]}"#, #""":[{},{}]"#,
    ]

    private static func text(_ random: inout SeededGenerator) -> String {
        let count = Int.random(in: 0...40, using: &random)
        let list = (0..<count).map { _ in elements[Int.random(in: 0..<elements.count, using: &random)] }
        func some() -> [String] {
            (0..<Int.random(in: 0...1, using: &random)).map { _ in
                members[Int.random(in: 0..<members.count, using: &random)]
            }
        }
        let separator = [",", ", ", " ,\n"][Int.random(in: 0..<3, using: &random)]
        let written = some() + [#""list":[\#(list.joined(separator: separator))]"#] + some()
        return "{\(written.joined(separator: separator))}"
    }

    @Test("is read in pieces of any length as whole", arguments: 1...60)
    func piecesAreAsTheWhole(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let text = Self.text(&random)
        let whole = Reading(text, pieceLength: nil)
        #expect(whole.refusal == nil, "\(text)")
        for length in 1...100 {
            #expect(Reading(text, pieceLength: length) == whole, "pieces of \(length): \(text)")
        }
    }

    @Test("with a character that is lost or put in is accepted in pieces when it is as a whole", arguments: 1...60)
    func mutationsAreRefusedAlike(seed: UInt64) {
        var random = SeededGenerator(seed: 1000 + seed)
        let text = Array(Self.text(&random))
        for place in text.indices {
            var less = text
            less.remove(at: place)
            var more = text
            more.insert(#"{}[],":\ 1"#.randomElement(using: &random) ?? " ", at: place)
            for mutated in [String(less), String(more)] {
                let length = Int.random(in: 1...100, using: &random)
                #expect(
                    Reading(mutated, pieceLength: length) == Reading(mutated, pieceLength: nil),
                    "pieces of \(length): \(mutated)")
            }
        }
    }

    @Test(
        "is not taken for one where it is something else",
        arguments: [
            #"[{"list":[1,2,3,4,5,6,7,8,9]}]"#, #"{"a":{"list":[1,2,3,4,5,6,7,8,9]}}"#, #""list""#,
            "[1,2,3,4,5,6,7,8,9]",
            #"{"list":{"a":1,"b":2,"c":3,"d":4}}"#, #"{"other":[{"list":[1]},{"list":[2]},{"list":[3]}]}"#,
        ])
    func othersHaveNoElements(text: String) {
        for length in 1...text.utf8.count {
            let reading = Reading(text, pieceLength: length)
            #expect(reading.elements.isEmpty && reading.refusal == nil)
        }
    }

    @Test(
        "with a comma too many or too few is refused at its place",
        arguments: [
            #"{"list":[{"a":1},{"b":2},,{"c":3},{"d":4}]}"#, #"{"list":[{"a":1},{"b":2},{"c":3},{"d":4},]}"#,
            #"{"list":[,{"a":1},{"b":2},{"c":3},{"d":4}]}"#, #"{"list":[{"a":1},{"b":2}{"c":3},{"d":4}]}"#,
            #"{"list":[{"a":1},{"b":2}],{"c":3},{"d":4}]}"#, #"{"list":[{"a":1},{"b":2}]},{"c":3},{"d":4}]}"#,
            #"{"list":[{"a":1},{"b":[[[[2]]]]},{"c":3},{"d":4}]}"#,
            #"{"list":[{"a":123456789012345678901},{"b":2},{"c":3},{"d":4},{123456789012345678901:5},{"e":6}]}"#,
            #"{"list":[{"a":123456789012345678901},{"b":2},{"c":3},{"d":4}],123456789012345678901 :[{"e":6},{"f":7}]}"#,
        ])
    func commasAreCounted(text: String) {
        let whole = Reading(text, pieceLength: nil)
        #expect(whole.refusal != nil)
        for length in 1...text.utf8.count { #expect(Reading(text, pieceLength: length) == whole) }
    }
}
