import HTTP
import Testing

@Suite struct HTTPFieldsTests {
    @Test func `names are alike in any case`() {
        #expect(HTTPFieldName("content-LENGTH") == .contentLength)
        #expect(HTTPFieldName("content-LENGTH").hashValue == HTTPFieldName("Content-Length").hashValue)
        #expect(HTTPFieldName("content-lengtx") != .contentLength)
    }

    @Test(arguments: ["", "a b", "a:", "é", "a\r", "(", "a/b"])
    func `what is no token is no name`(_ name: String) {
        #expect(HTTPFieldName(name) == nil)
    }

    @Test func `only the octets of the grammar are token octets`() {
        let allowed = Set(
            "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".unicodeScalars)
        for value in UInt32(0)..<256 {
            guard let scalar = UnicodeScalar(value) else { continue }
            #expect((HTTPFieldName(String(scalar)) != nil) == allowed.contains(scalar), "\(value)")
        }
    }

    @Test(arguments: ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0", "\u{7F}", "\u{1B}[0m"])
    func `a value that could split a message is refused`(_ value: String) {
        var fields = HTTPFields()
        #expect(throws: HTTPFieldValueError.self) { try fields.append("X", untrusted: value) }
        #expect(fields.isEmpty)
    }

    @Test func `a value is compared octet by octet, as a whole`() {
        let fields: HTTPFields = ["A": "text/a", "B": "Text/a", "C": "text/ab", "D": "text/", "E": ""]
        #expect((0..<5).map { fields.hasValue("text/a", at: $0) } == [true, false, false, false, false])
        #expect(fields.hasValue("", at: 4) && !fields.hasValue("", at: 0))
    }

    @Test func `fields are added, replaced and removed in order`() throws {
        var fields: HTTPFields = ["A": "1", "B": "2", "a": "3"]
        try fields.append("C", untrusted: " \tcafé\t ")
        #expect(fields.map(\.value) == ["1", "2", "3", "café"])
        fields.set("a", "4")
        #expect(fields.map(\.name) == ["B", "C", "a"])
        fields.remove("b")
        #expect(fields.count == 2)
        #expect(fields["A"] == "4")
        #expect(fields.firstIndex(of: "c", from: 1) == nil)
    }
}
