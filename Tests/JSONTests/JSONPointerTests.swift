import JSON
import Testing

@Suite("JSONPointer")
struct JSONPointerTests {
    /// The example of RFC 6901, section 5.
    private static let example = #"""
        {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}
        """#

    @Test(
        "the pointers of the RFC's example find their values, and the values their pointers",
        arguments: [
            ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), (#"/i\j"#, 5), (#"/k"l"#, 6), ("/ ", 7),
            ("/m~0n", 8),
        ])
    func example(text: String, number: Int) throws {
        let document = try JSONParser().parse(Array(Self.example.utf8))
        let value = try #require(document.value(at: JSONPointer(text)))
        #expect(value.int == number)
        #expect(value.pointer.text == text)
    }

    @Test("whole, array and element are found")
    func containers() throws {
        let document = try JSONParser().parse(Array(Self.example.utf8))
        #expect(document.value(at: JSONPointer())?.count == 10)
        #expect(document.value(at: JSONPointer("/foo"))?.count == 2)
        #expect(document.value(at: JSONPointer("/foo/1"))?.string == "baz")
        #expect(document.root.pointer == JSONPointer(""))
    }

    @Test(
        "what names nothing finds nothing",
        arguments: [
            "foo", "/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/foo/", "/foo/0/x", "/nothing", "/m~n", "/m~2n", "/m~",
        ])
    func nothing(text: String) throws {
        #expect(try JSONParser().parse(Array(Self.example.utf8)).value(at: JSONPointer(text))?.kind == nil)
    }

    @Test("tilde and slash are escaped, and ~01 is not ~1")
    func escaping() throws {
        let pointer = JSONPointer().appending("a").appending(3).appending("~1/~").appending("é")
        #expect(pointer.text == "/a/3/~01~1~0/é")
        let document = try JSONParser().parse(Array(#"{"~1":1,"/":2}"#.utf8))
        #expect(document.value(at: JSONPointer("/~01"))?.int == 1)
        #expect(document.value(at: JSONPointer("/~1"))?.int == 2)
    }
}
