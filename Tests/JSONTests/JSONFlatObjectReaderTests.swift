import JSON
import Testing

@Suite("Flat objects, read in place")
struct JSONFlatObjectReaderTests {
    private let reader = JSONFlatObjectReader(members: ["id", "name", "at"])

    private func read(_ text: String) -> Bool {
        let isRead = reader.read(Array(text.utf8))
        // A value is read as its text is.
        if let root = try? JSONParser().parse(Array(text.utf8)).root {
            #expect(JSONFlatObjectReader(members: ["id", "name", "at"]).read(root) == isRead)
        }
        return isRead
    }

    @Test("members are found in any order, with what they are")
    func members() {
        #expect(read(#" { "at" : -1.5 , "id":"a\u0041é" } "#))
        #expect(reader.identifier(0) == "aAé" && reader.kind(0) == .string)
        #expect(reader.kind(1) == .missing && reader.identifier(1) == nil && reader.number(1) == nil)
        #expect(reader.number(2) == -1.5 && reader.kind(2) == .double && reader.identifier(2) == nil)
        #expect(read(#"{"id":7,"name":"","at":"1970-01-01T00:00:01Z"}"#))
        #expect(reader.identifier(0) == "7" && reader.number(0) == 7 && reader.kind(0) == .integer)
        #expect(reader.identifier(1) == nil && reader.kind(1) == .string)
        #expect(reader.milliseconds(2) == 1_000 && reader.milliseconds(1) == nil && reader.milliseconds(0) == 7_000)
        #expect(read("{}") && (0..<3).allSatisfy { reader.kind($0) == .missing })
    }

    @Test(
        "any other shape is refused",
        arguments: [
            "", " ", "7", "null", "[]", #"["id"]"#, #""id""#, #"{"id":"a""#, #"{"id":"a"} 7"#, #"{"id":"a"}{}"#,
            #"{"id":null}"#, #"{"id":true}"#, #"{"id":{}}"#, #"{"id":[]}"#, #"{"id":"a","id":"b"}"#, #"{"ID":"a"}"#,
            #"{"idd":"a"}"#, #"{"":"a"}"#, #"{"id":18446744073709551615}"#, #"{"id":1e999}"#, #"{"id":"\ud800"}"#,
            #"{"id":"a",}"#, "{\"id\":\"\n\"}", "\u{FEFF}{}",
        ])
    func otherShapes(text: String) {
        #expect(!read(text))
        #expect(read(#"{"id":"next"}"#) && reader.identifier(0) == "next")
    }

    @Test("octets that are no UTF-8 are refused")
    func encoding() {
        let bytes = Array(#"{"id":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(!reader.read(bytes))
    }

    @Test("an ID is what JSONValue takes for one", arguments: ["", "a\u{7F}", "a\u{85}", "a\0b", "é", "a b", "\u{A0}"])
    func identifiers(id: String) throws {
        for id in [id, id + String(repeating: "x", count: 64), id + String(repeating: "x", count: 256)] {
            var writer = JSONWriter()
            writer.object { $0.member("id", id) }
            var faults = JSONFaults()
            let expected = try JSONParser().parse(writer.bytes).root["id"]?.decodeIdentifier(&faults)
            #expect(reader.read(writer.bytes) && reader.identifier(0) == expected)
            #expect(try reader.read(JSONParser().parse(writer.bytes).root) && reader.identifier(0) == expected)
        }
    }
}
