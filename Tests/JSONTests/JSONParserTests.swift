import JSON
import Testing

@Suite("JSONParser")
struct JSONParserTests {
    @Test(
        "walking along an array is taking its elements one by one",
        arguments: ["[]", "[1]", #"[{"a":[1,2]},[3,[]],"x",1.5,null]"#, "{}", "7"])
    func forEachElement(text: String) throws {
        let root = try JSONParser().parse(Array(text.utf8)).root
        func account(_ position: Int, _ element: JSONValue) -> String {
            "\(position) \(element.kind) \(element.integerText ?? "") \(element.elements.map(\.kind))"
        }
        var seen: [String] = []
        root.forEachElement { position, element in seen.append(account(position, element)) }
        #expect(seen == root.elements.enumerated().map { account($0, $1) })
    }

    @Test("a parser that is lent reads each text as its own would, after long and bad ones too")
    func lent() throws {
        func account(_ root: JSONValue) -> [String] {
            ["\(root.kind)"] + root.elements.map { $0.integerText ?? "\($0.kind)" } + root.members.map(\.name)
        }
        let texts = ["[1]", "[" + String(repeating: "1,", count: 40_000) + "1]", "[1", #"{"a":[]}"#, "", "[[2]]"]
        for text in texts + texts {
            let bytes = Array(text.utf8)
            let own = Result { try JSONParser().parse(bytes) }
            let lent = Result { try JSONParser.lent { (parser) throws(JSONSyntaxError) in try parser.parse(bytes) } }
            switch (own, lent) {
            case (.success(let own), .success(let lent)): #expect(account(own.root) == account(lent.root))
            case (.failure(let own), .failure(let lent)):
                #expect(own as? JSONSyntaxError == lent as? JSONSyntaxError)
            default: Issue.record("\(text.prefix(9)): \(own), \(lent)")
            }
        }
    }

    @Test("a document outlives its parser's next text")
    func documentsAreIndependent() throws {
        let parser = JSONParser()
        let first = try parser.parse(
            Array(#"{"a":[1,-2,2.5,"é\n",true,false,null],"b":{"c":18446744073709551615}}"#.utf8))
        _ = try parser.parse(Array(#"["other"]"#.utf8))
        let elements = try #require(first.root["a"]).elements.map { $0 }
        #expect(elements[0].int == 1)
        #expect(elements[1].int == -2)
        #expect(elements[2].double == 2.5)
        #expect(elements[3].string == "é\n")
        #expect(elements[4].bool == true)
        #expect(elements[5].bool == false)
        #expect(elements[6].isNull)
        let big = try #require(first.root["b"]?["c"])
        #expect(big.kind == .integer)
        #expect(big.int == nil)
        #expect(big.unsignedInteger == .max)
        #expect(big.pointer.text == "/b/c")
        #expect(elements[3].pointer.text == "/a/3")
    }

    @Test("a text whose document is not copied is read like any other")
    func longText() throws {
        let elements = (0..<100_000).map { "{\"n\":\"é\($0)\",\"x\":[\($0),123456789012345678901\($0)]}" }
        var bytes = Array("[\(elements.joined(separator: ","))]".utf8)
        #expect(bytes.count > JSONParser.retainedCapacity)
        let parser = JSONParser()
        let root = try parser.parse(bytes).root
        // The parser's buffers went with the document, and it makes itself new ones.
        let next = try parser.parse(Array("{\"n\":\"next\"}".utf8)).root
        #expect(next["n"]?.string == "next" && root.count == 100_000)
        for (index, element) in root.elements.enumerated() {
            guard element["n"]?.string == "é\(index)", element["x"]?[0]?.int == index,
                element["x"]?[1]?.integerText == "123456789012345678901\(index)"
            else {
                Issue.record("element \(index) is another")
                break
            }
        }
        bytes[bytes.count - 1] = UInt8(ascii: "}")
        #expect(throws: JSONSyntaxError.self) { try parser.parse(bytes) }
        #expect(try parser.parse(Array("7".utf8)).root.int == 7)
    }

    @Test("an integer of any length is itself: an integer, digit by digit, beside texts that look like it")
    func longIntegers() throws {
        let text =
            #"{"18446744073709551616":["18446744073709551616",18446744073709551616,1],"b\"":-20000000000000000000}"#
        let root = try JSONParser().parse(Array(text.utf8)).root
        let list = try #require(root["18446744073709551616"])
        #expect(list[0]?.kind == .string && list[0]?.integerText == nil)
        let long = try #require(list[1])
        #expect(long.kind == .integer && long.int == nil && long.unsignedInteger == nil && long.string == nil)
        #expect(long.integerText == "18446744073709551616" && long.double == 18_446_744_073_709_551_616)
        #expect(!long.isString("18446744073709551616") && long.withUTF8({ $0.count }) == nil)
        #expect(long.pointer.text == "/18446744073709551616/1" && list[2]?.int == 1 && list.count == 3)
        #expect(root["b\""]?.integerText == "-20000000000000000000")
        // What no double holds is not a number that can be calculated with.
        let longest = try JSONParser().parse(Array(String(repeating: "9", count: 310).utf8)).root
        #expect(longest.double == nil && longest.integerText?.count == 310)
    }
}
