import Testing

@testable import JSON

@Suite("JSONObjectDecoder")
struct JSONObjectDecoderTests {
    private static let known = ["user_id", "item_id", "rating", "tags", "limit", "when", "exclude_seen"]

    private func parse(_ text: String) throws -> JSONDocument {
        try JSONParser().parse(Array(text.utf8))
    }

    /// The faults of reading `text` as an object with the known members, each with its type.
    private func faults(_ text: String) throws -> [String] {
        var faults = JSONFaults()
        if let decoder = JSONObjectDecoder(try parse(text).root, knownMembers: Self.known, faults: &faults) {
            _ = decoder.identifier("user_id", &faults)
            _ = decoder.identifier("item_id", &faults)
            _ = decoder.number("rating", in: 0...5, &faults)
            _ = decoder.strings("tags", count: 1...3, &faults)
            _ = decoder.integer("limit", in: 1...100, &faults)
            _ = decoder.timestamp("when", &faults)
            _ = decoder.bool("exclude_seen", &faults)
        }
        #expect(faults.total == faults.faults.count)
        return faults.faults.map { "\($0.pointer): \($0.detail)" }
    }

    @Test("a good object is read whole")
    func good() throws {
        var faults = JSONFaults()
        let text = #"""
            {"limit":10,"user_id":7,"item_id":"é","rating":4,"tags":["a","b"],"exclude_seen":true,
             "when":"1970-01-01T00:00:01Z"}
            """#
        let decoder = try #require(
            JSONObjectDecoder(try parse(text).root, knownMembers: Self.known, faults: &faults))
        #expect(decoder.identifier("user_id", &faults) == "7")
        #expect(decoder.identifier("item_id", &faults) == "é")
        #expect(decoder.number("rating", in: 0...5, &faults) == 4)
        #expect(decoder.strings("tags", &faults) == ["a", "b"])
        #expect(decoder.integer("limit", in: 1...100, &faults) == 10)
        #expect(decoder.timestamp("when", &faults) == 1000)
        #expect(decoder.bool("exclude_seen", &faults) == true)
        #expect(faults.isEmpty)
    }

    @Test("null and absent members are nil and no fault; contains tells them apart; require reports both")
    func absent() throws {
        var faults = JSONFaults()
        let root = try parse(#"{"user_id":null}"#).root
        let decoder = try #require(JSONObjectDecoder(root, knownMembers: ["user_id", "item_id"], faults: &faults))
        #expect(decoder.string("user_id", &faults) == nil)
        #expect(decoder.string("item_id", &faults) == nil)
        #expect(decoder.contains("user_id"))
        #expect(!decoder.contains("item_id"))
        #expect(faults.isEmpty)
        #expect(decoder.require("user_id", &faults) == nil)
        #expect(decoder.require("item_id", &faults) == nil)
        #expect(faults.faults.map(\.pointer) == ["/user_id", "/item_id"])
        #expect(faults.faults[1].detail == "member \"item_id\" is required")
    }

    @Test(
        "every fault is found, with its pointer",
        arguments: [
            ("[]", [": expected an object, found an array"]),
            ("null", [": expected an object, found null"]),
            (#"{"usr_id":1}"#, [#"/usr_id: unknown member "usr_id"; did you mean "user_id"?"#]),
            (#"{"userId":1}"#, [#"/userId: unknown member "userId"; did you mean "user_id"?"#]),
            (#"{"colour":1}"#, [#"/colour: unknown member "colour""#]),
            (#"{"a/b~c":1}"#, [#"/a~1b~0c: unknown member "a/b~c""#]),
            (#"{"":1}"#, [#"/: unknown member """#]),
            (#"{"user_id":"a","user_id":"b"}"#, [#"/user_id: member "user_id" appears more than once"#]),
            (#"{"user_id":"a","\u0075ser_id":"b"}"#, [#"/user_id: member "user_id" appears more than once"#]),
            (#"{"user_id":null,"user_id":"b"}"#, [#"/user_id: member "user_id" appears more than once"#]),
            (
                #"{"user_id":[],"item_id":true,"rating":"5","tags":{},"limit":"1","when":false,"exclude_seen":0}"#,
                [
                    "/user_id: expected a string or an integer, found an array",
                    "/item_id: expected a string or an integer, found a boolean",
                    "/rating: expected a number, found a string", "/tags: expected an array, found an object",
                    "/limit: expected an integer, found a string",
                    "/when: expected an RFC 3339 time or Unix seconds, found a boolean",
                    "/exclude_seen: expected true or false, found a number",
                ]
            ),
            (
                #"{"user_id":"","item_id":1.5,"rating":5.5,"tags":[],"limit":101,"when":"yesterday"}"#,
                [
                    "/user_id: an ID must not be empty", "/item_id: expected a string or an integer, found 1.5",
                    "/rating: must be from 0 to 5, not 5.5", "/tags: must have from 1 to 3 elements, not 0",
                    "/limit: must be from 1 to 100, not 101",
                    #"/when: is not an RFC 3339 time like "2026-03-01T12:30:00Z""#,
                ]
            ),
            (
                #"{"tags":["a",1,null],"limit":1.5,"when":1e15}"#,
                [
                    "/tags/1: expected a string, found a number", "/tags/2: expected a string, found null",
                    "/limit: expected an integer, found 1.5",
                    "/when: is outside the years 0000 to 9999; Unix seconds are expected",
                ]
            ),
            (#"{"limit":18446744073709551615}"#, ["/limit: is out of range: must be from 1 to 100"]),
            (
                #"{"limit":18446744073709551616,"rating":-18446744073709551616,"when":18446744073709551616}"#,
                [
                    "/rating: must be from 0 to 5, not -18446744073709551616",
                    "/limit: is out of range: must be from 1 to 100",
                    "/when: is outside the years 0000 to 9999; Unix seconds are expected",
                ]
            ),
            (
                "{\"user_id\":\(String(repeating: "9", count: 257)),\"rating\":\(String(repeating: "9", count: 400)),\"when\":\(String(repeating: "9", count: 400))}",
                [
                    "/user_id: an ID must be at most 256 bytes long, not 257",
                    "/rating: is out of range: must be from 0 to 5",
                    "/when: is outside the years 0000 to 9999; Unix seconds are expected",
                ]
            ),
            (#"{"limit":1e300}"#, ["/limit: is out of range: must be from 1 to 100"]),
            (
                #"{"limit":0,"tags":["a","b","c","d"]}"#,
                [
                    "/tags: must have from 1 to 3 elements, not 4", "/limit: must be from 1 to 100, not 0",
                ]
            ),
        ] as [(String, [String])])
    func reports(text: String, expected: [String]) throws {
        #expect(try faults(text) == expected)
    }

    @Test(
        "limits are inclusive",
        arguments: [
            #"{"limit":1}"#, #"{"limit":100}"#, #"{"limit":100.0}"#, #"{"rating":5}"#, #"{"rating":0}"#,
            #"{"tags":["a","b","c"]}"#, #"{"when":881250949.5}"#,
        ])
    func inclusive(text: String) throws {
        #expect(try faults(text) == [])
    }

    @Test(
        "an integer ID means its decimal text",
        arguments: [
            ("0", "0"), ("-0", "0"), ("42", "42"), ("-7", "-7"), ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551616", "18446744073709551616"), ("-9223372036854775809", "-9223372036854775809"),
            (String(repeating: "9", count: 256), String(repeating: "9", count: 256)),
            ("9223372036854775808", "9223372036854775808"), ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"), (#""007""#, "007"), (#""a b/~""#, "a b/~"),
            (#""\u00a0""#, "\u{A0}"),
        ])
    func integerIdentifiers(json: String, identifier: String) throws {
        var faults = JSONFaults()
        #expect(try parse(json).root.decodeIdentifier(&faults) == identifier)
        #expect(faults.isEmpty)
    }

    @Test(
        "control characters are refused in an ID",
        arguments: ["\u{0}", "\u{1F}", "\u{7F}", "\u{80}", "\u{85}", "\u{9F}", "\n"])
    func controlCharacters(character: String) {
        #expect(JSONIdentifier.problem(in: "a\(character)b") == "an ID must not contain control characters")
    }

    @Test("an ID may have 256 bytes and not 257", arguments: ["a", "é"])
    func identifierLength(filler: String) throws {
        let longest = String(repeating: filler, count: 256 / filler.utf8.count)
        var faults = JSONFaults()
        #expect(try parse("\"\(longest)\"").root.decodeIdentifier(&faults) == longest)
        #expect(faults.isEmpty)
        #expect(try parse("\"\(longest)a\"").root.decodeIdentifier(&faults) == nil)
        #expect(faults.faults.first?.detail == "an ID must be at most 256 bytes long, not 257")
    }

    @Test("the first 100 faults are kept and all are counted")
    func manyFaults() throws {
        var faults = JSONFaults()
        let text = "[" + [String](repeating: "\"x\"", count: 250).joined(separator: ",") + "]"
        for element in try parse(text).root.elements { _ = element.decodeNumber(&faults) }
        #expect(faults.total == 250)
        #expect(faults.faults.count == 100)
        #expect(faults.faults.last?.pointer == "/99")
        var exact = JSONFaults(limit: 1)
        exact.add("/a", "first")
        exact.add("/b", "second")
        #expect(exact.faults == [JSONFault(pointer: "/a", detail: "first")])
        #expect(exact.total == 2)
    }

    @Test("duplicates are found however deep, where names are free")
    func nestedDuplicates() throws {
        var faults = JSONFaults()
        try parse(#"{"a":{"x":1,"y":2,"x":3},"b":[{"p":1},{"p":1,"p":2}],"a":0}"#).root.refuseDuplicates(&faults)
        #expect(faults.faults.map(\.pointer) == ["/a/x", "/b/1/p", "/a"])
        // Names that only look alike are two.
        try parse("{\"caf\u{E9}\":1,\"cafe\u{301}\":2}").root.refuseDuplicates(&faults)
        #expect(faults.total == 3)
    }

    @Test("a choice is one of the words, or a fault that lists them")
    func choice() throws {
        var faults = JSONFaults()
        #expect(try parse("\"mf\"").root.decodeChoice(of: ["mf", "neumf"], &faults) == "mf")
        #expect(try parse("\"bpr\"").root.decodeChoice(of: ["mf", "neumf"], &faults) == nil)
        #expect(faults.faults.map(\.detail) == [#"must be one of "mf", "neumf", not "bpr""#])
    }

    @Test("a huge unknown name is cut in its fault")
    func hugeName() throws {
        let details = try faults("{\"\(String(repeating: "x", count: 100_000))\":1}")
        #expect(details[0].hasSuffix(": unknown member \"\(String(repeating: "x", count: 64))…\""))
    }

    @Test(
        "only near names are suggested",
        arguments: [
            ("usr_id", "user_id"), ("USER-ID", "user_id"), ("itme_id", "item_id"), ("ratings", "rating"),
            ("limt", "limit"), ("excludeSeen", "exclude_seen"), ("x", nil), ("id", nil), ("wen", "when"),
            ("timestamp", nil), ("", nil),
        ] as [(String, String?)])
    func suggestions(typed: String, expected: String?) {
        #expect(NearestName.of(typed, among: Self.known) == expected)
    }

    @Test(
        "edit distance counts insertions, deletions, substitutions and swaps",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3),
            ("ca", "abc", 3), ("abcd", "badc", 2),
        ])
    func distance(a: String, b: String, expected: Int) {
        #expect(NearestName.distance(Array(a.utf8), Array(b.utf8)) == expected)
        #expect(NearestName.distance(Array(b.utf8), Array(a.utf8)) == expected)
    }
}
