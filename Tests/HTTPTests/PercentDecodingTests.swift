import HTTP
import Testing

@Suite struct PercentDecodingTests {
    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%2F%2f", "//"), ("caf%C3%A9", "café"), ("%2520", "%20"),
        ("a+b", "a+b"),
    ])
    func `escapes are taken out once`(_ text: String, _ decoded: String) throws {
        #expect(try PercentDecoding.decode(text) == decoded)
    }

    @Test(arguments: [
        ("%", PercentDecoding.Failure.invalidEscape(offset: 0)), ("a%2", .invalidEscape(offset: 1)),
        ("%zz", .invalidEscape(offset: 0)), ("%+1", .invalidEscape(offset: 0)), ("ab%00", .nul(offset: 2)),
        ("a\0", .nul(offset: 1)), ("%ff", .invalidUTF8), ("%C3", .invalidUTF8), ("%C0%AF", .invalidUTF8),
    ])
    func `what has no text is refused`(_ text: String, _ failure: PercentDecoding.Failure) {
        #expect(throws: failure) { try PercentDecoding.decode(text) }
    }

    @Test func `a plus is a space only where asked`() throws {
        #expect(try PercentDecoding.decode("a+b%2B", plusIsSpace: true) == "a b+")
    }
}
