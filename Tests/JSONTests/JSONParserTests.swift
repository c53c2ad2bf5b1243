import JSON
import Testing

@Suite("JSONParser")
struct JSONParserTests {
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
}
