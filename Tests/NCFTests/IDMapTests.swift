import TestSupport
import Testing

@testable import NCF

@Suite("IDs and their indices")
struct IDMapTests {
    @Test("an ID gets the next index the first time and keeps it")
    func internsInOrder() {
        var builder = IDMap.Builder()
        #expect(["b", "a", "b", "", "a"].map { builder.intern($0) } == [0, 1, 0, 2, 1])
        let map = builder.build()
        #expect(map.count == 3)
        #expect((0..<3).map { map[$0] } == ["b", "a", ""])
        #expect(map.index(of: "") == 2)
        #expect(map.index(of: "c") == nil)
    }

    @Test("an empty map knows nothing")
    func empty() {
        #expect(IDMap().count == 0)
        #expect(IDMap().index(of: "x") == nil)
    }

    @Test("IDs are compared byte by byte, not by Unicode equivalence")
    func bytesDecide() {
        var builder = IDMap.Builder()
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        #expect(composed == decomposed)
        #expect(builder.intern(composed) == 0)
        #expect(builder.intern(decomposed) == 1)
        #expect(builder.build().index(of: decomposed) == 1)
    }

    @Test("ten thousand random IDs agree with a dictionary")
    func agreesWithDictionary() {
        let seed: UInt64 = 11
        var random = SeededGenerator(seed: seed)
        var builder = IDMap.Builder()
        var oracle: [String: Int] = [:]
        for _ in 0..<20_000 {
            let id = String(Int.random(in: 0..<10_000, using: &random), radix: 36)
            let expected = oracle[id] ?? oracle.count
            oracle[id] = expected
            let index = builder.intern(id)
            if index != expected { Issue.record("\(id): \(index) for \(expected), seed \(seed)") }
        }
        let map = builder.build()
        #expect(map.count == oracle.count)
        #expect(oracle.allSatisfy { map.index(of: $0.key) == $0.value && map[$0.value] == $0.key })
    }

    @Test(
        "offsets that do not partition the IDs are refused with a sentence",
        arguments: [
            ([], "there are no ID offsets"),
            ([1, 4], "the ID offsets run from 1 to 4, the IDs have 4 bytes"),
            ([0, 3], "the ID offsets run from 0 to 3, the IDs have 4 bytes"),
            ([0, 3, 2, 4], "ID offset 2 is smaller than the one before it"),
            ([0, 9, 4], "ID offset 2 is smaller than the one before it"),
            ([0, 1, 2, 4, 4], nil),
            ([0, 2, 4], "ID 1 is the same as ID 0"),
        ] as [([UInt64], String?)]
    )
    func refusesBadOffsets(offsets: [UInt64], reason: String?) {
        do throws(IDMapCorruption) {
            let map = try IDMap(arena: FrozenArray("xyxy".utf8), offsets: FrozenArray(offsets))
            #expect(map.count == offsets.count - 1)
            #expect(reason == nil)
        } catch {
            #expect(error.reason == reason)
        }
    }
}
