import JSON
import Testing

@Suite("Where faults stand")
struct JSONFaultsTests {
    private static let document = #"{"list": [7, {"a": {"b": "x"}}, {"c": 1}]}"#

    @Test("within an element, places are found from there and told from the root")
    func withinAnElement() throws {
        let root = try JSONParser().parse(Array(Self.document.utf8)).root
        let list = try #require(root["list"])
        var faults = JSONFaults()
        list.forEachElement { index, element in
            faults.within(element, at: list.pointer.appending(index)) { faults in
                faults.add(at: element, "is there")
                if let inner = element["a"]?["b"] { faults.add(at: inner, "is deep") }
                faults.add(at: element, member: "m", "is missing")
            }
        }
        faults.add(at: list, "is over")
        #expect(
            faults.faults.map(\.pointer) == [
                "/list/0", "/list/0/m", "/list/1", "/list/1/a/b", "/list/1/m", "/list/2", "/list/2/m", "/list",
            ])
    }

    @Test("a value outside of the element is found from the root")
    func outside() throws {
        let root = try JSONParser().parse(Array(Self.document.utf8)).root
        let list = try #require(root["list"])
        let (first, last) = (try #require(list[0]), try #require(list[2]))
        var faults = JSONFaults()
        faults.within(try #require(list[1]), at: JSONPointer("/here")) { faults in
            for value in [root, list, first, last] { faults.add(at: value, "is outside") }
        }
        #expect(faults.faults.map(\.pointer) == ["", "/list", "/list/0", "/list/2"])
    }

    @Test(
        "a place whose names are long is cut, so that what is told has a bound",
        arguments: [(1_023, false), (1_024, true)])
    func longNames(length: Int, isCut: Bool) throws {
        let name = String(repeating: "é", count: length / 2) + (length % 2 == 1 ? "x" : "")
        var faults = JSONFaults()
        faults.add(at: try JSONParser().parse(Array("{}".utf8)).root, member: name, "is missing")
        let pointer = faults.faults[0].pointer
        #expect(pointer == (isCut ? "/\(String(repeating: "é", count: 511))…" : "/\(name)"))
    }
}
