import TestSupport
import Testing

@testable import JSON

/// Each text goes to simdjson and to the plain scanner; both must say the same.
@Suite("JSON syntax")
struct JSONSyntaxTests {
    static let accepted: [String] = [
        "0", "-0", "1", "-1", "0.5", "-0.0", "1e5", "1E+5", "1e-5", "123.456e78", "1e308", "5e-324", "1e-400",
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "0e1", "0.0e-0",
        "18446744073709551616", "-9223372036854775809", "[100000000000000000000000000000]",
        #"{"\"18446744073709551616":"1e999","a":[18446744073709551616,-18446744073709551616]}"#,
        "true", "false", "null", "\"\"", "\"a\"", "[]", "{}", "[[]]", "[{}]", "{\"\":0}", "{\"a\":{}}", "[1,2]",
        " 1", "1 ", "\t\r\n 1 \n", "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : [ ] }", "{\"a\":1,\"a\":2}",
        #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#, #""\uFFFF""#, #""\uD83D\uDE00""#, #""\ud83d\ude00x""#,
        "\"\u{7F}\"", "\"é€😀\"", "\"\u{FEFF}\"", "\"\u{2028}\u{2029}\"", "\"\u{FFFE}\"", "\"/*\"", "\"[,]{:}\"",
        #""\\u12""#, #""\\""#, "[\"\\\\\",\"\"]", "[null,true,false,0,\"\",[],{}]",
    ]

    @Test("well-formed texts are accepted", arguments: accepted)
    func accepts(text: String) throws {
        _ = try JSONParser().parse(Array(text.utf8))
        var locator = JSONSyntaxLocator(maximumDepth: 64)
        #expect(locator.firstError(in: Array(text.utf8).span) == nil)
    }

    static let refused: [(String, Int, String)] = [
        ("", 0, "empty"), (" \n\t", 3, "empty"),
        ("[", 1, "ends"), ("{", 1, "ends inside an object"), ("]", 0, "expected a value"), ("}", 0, "expected a value"),
        ("[1", 2, "ends inside an array"), ("[1,", 3, "ends where a value"), ("{\"a\"", 4, "colon"),
        ("{\"a\":", 5, "ends where a value"), ("{\"a\":1", 6, "ends inside an object"),
        ("{\"a\":1,", 7, "ends inside an object"), ("[1,]", 3, "expected a value"), ("[,1]", 1, "expected a value"),
        ("[1,,2]", 3, "expected a value"), ("[1 2]", 3, "comma"), ("[1}", 2, "comma"), ("{\"a\":1]", 6, "comma"),
        ("{\"a\":1,}", 7, "member name"), ("{,}", 1, "member name"), ("{1:2}", 1, "member name"),
        ("{a:1}", 1, "member name"), ("{'a':1}", 1, "member name"), ("{\"a\" 1}", 5, "colon"),
        ("{\"a\":}", 5, "expected a value"), ("{\"a\":1 \"b\":2}", 7, "comma"), ("{\"a\",1}", 4, "colon"),
        ("[\"a\":1]", 4, "comma"), ("{\"a\"::1}", 5, "expected a value"), ("{null:1}", 1, "member name"),
        ("1 2", 2, "follows"), ("{}{}", 2, "follows"), ("[]]", 2, "follows"), ("[] x", 3, "follows"),
        ("1,", 1, "follows"),
        ("\"a\"b", 3, "follows"), ("truex", 4, "follows"), ("[] //", 3, "follows"), ("/**/1", 0, "expected a value"),
        ("tru", 0, "quotes"), ("nul", 0, "quotes"), ("fals", 0, "quotes"), ("True", 0, "expected a value"),
        ("NaN", 0, "expected a value"), ("nan", 0, "quotes"), ("Infinity", 0, "expected a value"),
        ("-Infinity", 1, "digit"), ("undefined", 0, "expected a value"), ("abc", 0, "expected a value"),
        ("'a'", 0, "expected a value"), ("[nulll]", 5, "comma"), ("[trué]", 1, "quotes"),
        ("01", 1, "zero"), ("-01", 2, "zero"), ("00", 1, "zero"), ("+1", 0, "expected a value"),
        (".5", 0, "expected a value"),
        ("5.", 2, "digit"), ("-", 1, "digit"), ("--1", 1, "digit"), ("1e", 2, "digit"), ("1e+", 3, "digit"),
        ("1.e5", 2, "digit"), ("0x10", 1, "follows"), ("1_000", 1, "follows"), ("[-]", 2, "digit"),
        ("[1.]", 3, "digit"),
        ("-a", 1, "digit"), ("1.5.5", 3, "follows"), ("[1e5e5]", 4, "comma"), ("１", 0, "expected a value"),
        ("1e309", 0, "out of range"), ("-1e400", 0, "out of range"), ("[1,1e999999999]", 3, "out of range"),
        ("[18446744073709551616,1e309]", 22, "out of range"), ("[18446744073709551616", 21, "ends inside an array"),
        ("018446744073709551616", 1, "zero"), ("18446744073709551616x", 20, "follows"),
        ("[18446744073709551616,]", 22, "expected a value"), ("{18446744073709551616:1}", 1, "member name"),
        ("--18446744073709551616", 1, "digit"), ("18446744073709551616-1", 20, "follows"),
        ("\"", 0, "not closed"), ("\"abc", 0, "not closed"), ("[\"a]", 1, "not closed"), (#""\""#, 0, "not closed"),
        (#""a\"#, 2, "escape"), ("\"\n\"", 1, "control"), ("\"\t\"", 1, "control"), ("\"a\u{0}\"", 2, "control"),
        ("\"\u{1F}\"", 1, "control"), (#""\x41""#, 1, "escape"), (#""\'""#, 1, "escape"), (#""\a""#, 1, "escape"),
        (#""\ ""#, 1, "escape"), (#""\U0041""#, 1, "escape"), (#""\u""#, 1, "hexadecimal"),
        (#""\u12""#, 1, "hexadecimal"),
        (#""\u12g4""#, 1, "hexadecimal"), (#""\u+123""#, 1, "hexadecimal"), (#""\u００００""#, 1, "hexadecimal"),
        (#""\uD800""#, 1, "surrogate"), (#""\uDC00""#, 1, "surrogate"), (#""\uD800\u0041""#, 1, "surrogate"),
        (#""\uD800\uD800""#, 1, "surrogate"), (#""\uDC00\uD800""#, 1, "surrogate"), (#""\uD800x""#, 1, "surrogate"),
        (#""\uD800\n""#, 1, "surrogate"), (#""a\uDFFF""#, 2, "surrogate"), (#""\uD83D\uDE0""#, 7, "hexadecimal"),
        ("{\"\\uD800\":1}", 2, "surrogate"),
        ("\u{FEFF}1", 0, "byte order mark"), ("\u{0}", 0, "expected a value"), ("1\u{0}", 1, "follows"),
        ("[1\u{0}]", 2, "comma"), ("\u{A0}1", 0, "expected a value"), ("\u{0C}1", 0, "expected a value"),
        ("[1\u{0B}]", 2, "comma"),
    ]

    @Test("each malformed text is refused, with its place and reason", arguments: refused)
    func refuses(text: String, offset: Int, reason: String) throws {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONParser().parse(Array(text.utf8)) }
        #expect(error?.offset == offset)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "none")")
    }

    static let badUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE2, 0x82],
        [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE9],
    ]

    @Test("bytes that are not UTF-8 are refused at their first byte, in values and in names", arguments: badUTF8)
    func refusesBadUTF8(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        for (text, offset) in [
            ([quote] + bytes + [quote], 1), (Array("{\"a".utf8) + bytes + Array("\":1}".utf8), 3),
        ] {
            let error = #expect(throws: JSONSyntaxError.self) { try JSONParser().parse(text) }
            #expect(error == JSONSyntaxError(offset: offset, reason: "not UTF-8"))
        }
        #expect(throws: JSONSyntaxError.self) { try JSONParser().parse(bytes) }
    }

    @Test(
        "nesting is accepted at the limit and refused one past it", arguments: [1, 2, 63, 64, 1024], ["[", "{\"a\":"])
    func depth(limit: Int, opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ levels: Int, _ core: String) -> [UInt8] {
            Array((String(repeating: opening, count: levels) + core + String(repeating: closing, count: levels)).utf8)
        }
        let parser = JSONParser(maximumDepth: limit)
        for core in ["1", opening == "[" ? "" : "{}"] where core != "{}" {
            _ = try parser.parse(nested(limit, core))
        }
        if limit > 1 { _ = try parser.parse(nested(limit - 1, "{}")) }
        for core in ["1", "[]"] {
            let error = #expect(throws: JSONSyntaxError.self) { try parser.parse(nested(limit + 1, core)) }
            #expect(error?.reason == "nested more than \(limit) deep")
            #expect(error?.offset == limit * opening.utf8.count)
        }
        let emptyPast = #expect(throws: JSONSyntaxError.self) { try parser.parse(nested(limit, "[]")) }
        #expect(emptyPast?.reason == "nested more than \(limit) deep")
        _ = try parser.parse(nested(limit, "1"))
    }

    @Test("a hundred thousand open brackets are refused, not a stack overflow")
    func hostileDepth() {
        for opening in ["[", "{\"a\":"] {
            let text = Array(String(repeating: opening, count: 100_000).utf8)
            let error = #expect(throws: JSONSyntaxError.self) { try JSONParser().parse(text) }
            #expect(error?.reason == "nested more than 64 deep")
        }
    }

    @Test(
        "simdjson and the plain scanner agree on every text with one byte changed, dropped or doubled", arguments: 0..<4
    )
    func mutations(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let parser = JSONParser()
        let seeds = Self.accepted + [#"{"user_id":"é\u00e9","items":[1,2.5e3,-7,null],"deep":{"a":[{}]}}"#]
        let alphabet =
            Array("{}[]:,\"\\0123456789.eE+-truefalsn \n/ud8\u{0}\u{1F}".utf8) + [0x80, 0xC3, 0xA9, 0xE2, 0xED, 0xFF]
        for _ in 0..<3000 {
            var text = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                case 1: text.remove(at: place)
                default: text.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &random)], at: place)
                }
            }
            var locator = JSONSyntaxLocator(maximumDepth: 64)
            let expected = locator.firstError(in: text.span)
            do throws(JSONSyntaxError) {
                _ = try parser.parse(text)
                #expect(expected == nil, "only simdjson accepts \(text), seed \(seed)")
            } catch {
                #expect(expected == error, "only simdjson refuses \(text), seed \(seed)")
            }
        }
    }
}
