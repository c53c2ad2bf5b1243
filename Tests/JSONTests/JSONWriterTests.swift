import TestSupport
import Testing

@testable import JSON

@Suite("JSONWriter")
struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas stand between members and elements and nowhere else")
    func commas() {
        let text = written { writer in
            writer.object { writer in
                writer.member("a", 1)
                writer.member("none", ifPresent: String?.none)
                writer.member(
                    "b",
                    array: { writer in
                        writer.value(true)
                        writer.null()
                        writer.array { _ in }
                        writer.object { _ in }
                        writer.object { $0.member("x", "y") }
                        writer.array { $0.value(2) }
                    })
                writer.member("c", object: { _ in })
                writer.member("d", ["e", "f"])
                writer.member("g", ifPresent: Int?.some(3))
                writer.member("h", milliseconds: 1500)
            }
        }
        let expected = #"{"a":1,"b":[true,null,[],{},{"x":"y"},[2]],"c":{},"d":["e","f"],"g":3,"#
        #expect(text == expected + #""h":"1970-01-01T00:00:01.500Z"}"#)
    }

    @Test("lines are separate texts, and a reused writer starts afresh")
    func lines() {
        var writer = JSONWriter()
        writer.object { $0.member("a", 1) }
        writer.newline()
        writer.value(2)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "{\"a\":1}\n2")
        writer.removeAll()
        writer.value("x")
        writer.raw(Array("[0]".utf8))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #""x",[0]"#)
    }

    @Test("every ASCII character is written as RFC 8259 says, wherever it stands in a word of eight")
    func escapes() {
        let short: [UInt8: String] = [
            0x22: #"\""#, 0x5C: #"\\"#, 8: #"\b"#, 9: #"\t"#, 10: #"\n"#, 12: #"\f"#, 13: #"\r"#,
        ]
        for byte in UInt8(0)..<128 {
            let character = String(Unicode.Scalar(byte))
            let hex = String(byte, radix: 16)
            let escaped = short[byte] ?? (byte < 0x20 ? #"\u00"# + (hex.count == 1 ? "0" : "") + hex : character)
            for before in 0..<17 {
                let padding = String(repeating: "é", count: before / 2) + (before % 2 == 1 ? "!" : "")
                let text = written { $0.value(padding + character + "~end") }
                #expect(text == "\"\(padding)\(escaped)~end\"")
            }
        }
    }

    @Test("text beyond ASCII is written as it is", arguments: ["", "é€😀", "\u{2028}", "\u{7F}\u{80}", "e\u{301}"])
    func unicode(text: String) {
        #expect(Array(written { $0.value(text) }.utf8) == Array("\"\(text)\"".utf8))
    }

    @Test("integers of every width are written to their last digit")
    func integers() {
        #expect(written { $0.value(Int.min) } == "-9223372036854775808")
        #expect(written { $0.value(UInt64.max) } == "18446744073709551615")
        #expect(written { $0.value(Int8(-128)) } == "-128")
        #expect(written { $0.value(0) } == "0")
        #expect(written { $0.value(UInt16(10)) } == "10")
    }

    @Test(
        "doubles are the shortest that read back, and null when not finite",
        arguments: [
            (0.1, "0.1"), (1, "1.0"), (-0.0, "-0.0"), (1e-5, "1e-05"), (1e300, "1e+300"),
            (.leastNonzeroMagnitude, "5e-324"),
            (1.0 / 3, "0.3333333333333333"), (.infinity, "null"), (-.infinity, "null"), (.nan, "null"),
        ])
    func doubles(number: Double, text: String) {
        #expect(written { $0.value(number) } == text)
        #expect(written { $0.member("x", number) } == "\"x\":\(text)")
    }

    @Test(
        "a float is written with its own digits", arguments: [(0.1, "0.1"), (.nan, "null"), (16_777_216, "16777216.0")])
    func floats(number: Float, text: String) {
        #expect(written { $0.value(number) } == text)
    }

    @Test("any double and float reads back with the same bits", arguments: 0..<4)
    func numberRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let parser = JSONParser()
        for _ in 0..<2000 {
            let double = Double(bitPattern: random.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            guard double.isFinite, float.isFinite else { continue }
            var writer = JSONWriter()
            writer.array {
                $0.value(double)
                $0.value(float)
            }
            let root = try parser.parse(writer.bytes).root
            #expect(root[0]?.double?.bitPattern == double.bitPattern, "seed \(seed)")
            #expect(root[1]?.double.map { Float($0).bitPattern } == float.bitPattern, "seed \(seed)")
        }
    }
}
