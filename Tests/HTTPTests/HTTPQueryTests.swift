import HTTP
import Testing

@Suite struct HTTPQueryTests {
    @Test func `parameters are split first and decoded then`() throws {
        let query = try HTTPQuery("a=1&b=x%26y%3Dz&&c&a=2+3&=d&e=f=g&")
        #expect(query.map(\.name) == ["a", "b", "c", "a", "", "e"])
        #expect(query.map(\.value) == ["1", "x&y=z", "", "2 3", "d", "f=g"])
        #expect(query["a"] == "1")
        #expect(query.values(of: "a") == ["1", "2 3"])
        #expect(query["z"] == nil)
    }

    @Test func `no query has no parameters`() throws {
        #expect(try HTTPQuery("").isEmpty)
        #expect(try HTTPQuery(of: HTTPRequest()).isEmpty)
    }

    @Test(arguments: ["a=%", "%zz=1", "a=1&b=%00"])
    func `one bad part refuses the query`(_ query: String) {
        #expect(throws: PercentDecoding.Failure.self) { try HTTPQuery(query) }
    }
}
