import InteractionFormats
import InteractionStorage
import JSON
import Testing

@Suite("Objects of bodies")
struct DecoderTests {
    private func faults<Value>(
        _ json: String, _ decode: (JSONValue, inout JSONFaults) -> Value?
    ) throws -> [String] {
        var faults = JSONFaults()
        let value = decode(try JSONParser().parse(Array(json.utf8)).root, &faults)
        #expect((value == nil) == !faults.isEmpty)
        return faults.faults.map { "\($0.pointer) \($0.detail)" }
    }

    @Test("an interaction names every fault it has")
    func interaction() throws {
        let json = #"{"user_id": 1.5, "ratng": 3, "rating": true, "weight": -1, "timestamp": {}}"#
        let found = try faults(json) { InteractionDecoder.decode($0, faults: &$1) }
        #expect(found.count == 6)
        #expect(found[0] == #"/ratng unknown member "ratng"; did you mean "rating"?"#)
        #expect(
            Set(found.map { String($0.prefix { $0 != " " }) }) == [
                "/ratng", "/user_id", "/item_id", "/rating", "/weight", "/timestamp",
            ])
    }

    @Test("limits are taken, and one past them is refused")
    func limits() throws {
        for (rating, isTaken) in [("1e9", true), ("1000000001", false), ("-1e9", true), ("-1000000001", false)] {
            let json = #"{"user_id": "a", "item_id": "b", "rating": \#(rating)}"#
            #expect(try faults(json) { InteractionDecoder.decode($0, faults: &$1) }.isEmpty == isTaken, "\(rating)")
        }
        let limits = CatalogueLimits(titleLength: 3, textLength: 2, count: 2, vectorCount: 1, vectorDimension: 2)
        for (json, isTaken) in [
            (#"{"item_id": 1, "title": "abc"}"#, true), (#"{"item_id": 1, "title": "abcd"}"#, false),
            (#"{"item_id": 1, "tags": ["a", "b"]}"#, true), (#"{"item_id": 1, "tags": ["a", "b", "c"]}"#, false),
            (#"{"item_id": 1, "attributes": {"a": "xy", "b": ["xy", "z"]}}"#, true),
            (#"{"item_id": 1, "attributes": {"a": "xyz"}}"#, false),
            (#"{"item_id": 1, "attributes": {"a": ["xyz"]}}"#, false),
            (#"{"item_id": 1, "attributes": {"a": ["x", "y", "z"]}}"#, false),
            (#"{"item_id": 1, "attributes": {"a": 1, "b": 2, "c": 3}}"#, false),
            (#"{"item_id": 1, "vectors": {"a": [1, 2]}}"#, true),
            (#"{"item_id": 1, "vectors": {"a": [1, 2, 3]}}"#, false),
            (#"{"item_id": 1, "vectors": {"a": [1], "b": [1]}}"#, false),
        ] {
            let found = try faults(json) { ItemDecoder.decode($0, limits: limits, faults: &$1) }
            #expect(found.isEmpty == isTaken, "\(json)")
        }
    }

    @Test(
        "an item is refused with a pointer and a sentence",
        arguments: [
            (#"{}"#, #"/item_id member "item_id" is required"#),
            (#"{"item_id": "a", "vectors": {"v": [1, true]}}"#, "/vectors/v/1 expected a number"),
            (#"{"item_id": "a", "vectors": {"v": [1], "v": [1]}}"#, "/vectors/v vector \"v\" appears more than once"),
            (
                #"{"item_id": "a", "vectors": {"": [1]}}"#,
                "/vectors/ the vector's name is unfit: an ID must not be empty"
            ),
            (
                #"{"item_id": "a", "attributes": {"x": {}}}"#,
                "/attributes/x expected a string, a number, a boolean or an array of strings, found an object"
            ),
            (
                #"{"item_id": "a", "attributes": {"x": 1, "x": 2}}"#,
                "/attributes/x attribute \"x\" appears more than once"
            ),
            (#"{"item_id": "a", "attributes": {"x": [1]}}"#, "/attributes/x/0 expected a string, found a number"),
            (
                #"{"item_id": "a", "attributes": {"": 1}}"#,
                "/attributes/ the attribute's name is unfit: an ID must not be empty"
            ),
            (
                #"{"item_id": "a", "available_from": 5, "available_until": 5}"#,
                "/available_until must be later than available_from"
            ),
        ])
    func badItem(json: String, fault: String) throws {
        #expect(try faults(json) { ItemDecoder.decode($0, faults: &$1) } == [fault])
    }

    @Test("an item that is withdrawn is told from one that is stored, and has nothing but its ID")
    func withdrawnItem() throws {
        func change(_ json: String) throws -> ItemChange? {
            var faults = JSONFaults()
            return ItemDecoder.decodeChange(try JSONParser().parse(Array(json.utf8)).root, faults: &faults)
        }
        #expect(try change(#"{"item_id": 7, "withdrawn": true, "title": null}"#) == .withdraw("7"))
        #expect(try change(#"{"withdrawn": false, "item_id": "7", "title": "t"}"#) == .put(Item(id: "7", title: "t")))
        #expect(try change(#"{"item_id": "7", "withdrawn": null}"#) == .put(Item(id: "7")))
        for (json, found) in [
            (#"{"withdrawn": true}"#, [#"/item_id member "item_id" is required"#]),
            (#"{"item_id": "7", "withdrawn": 1}"#, ["/withdrawn expected true or false, found a number"]),
            (
                #"{"item_id": "7", "withdrawn": true, "title": "t", "hidden": false}"#,
                ["title", "hidden"].map {
                    #"/\#($0) a withdrawn item has nothing but its item_id: leave out "\#($0)", or "withdrawn""#
                }
            ),
            (
                #"{"item_id": "7", "withdrawm": true}"#,
                [#"/withdrawm unknown member "withdrawm"; did you mean "withdrawn"?"#]
            ),
        ] {
            #expect(try faults(json) { ItemDecoder.decodeChange($0, faults: &$1) } == found)
        }
        // A path says which item it is about, and DELETE that it goes.
        #expect(
            try faults(#"{"withdrawn": true}"#) { ItemDecoder.decode($0, id: "7", faults: &$1) }
                == [#"/withdrawn unknown member "withdrawn""#])
    }

    @Test("the ID of the path may be repeated in the body, and not contradicted")
    func pathID() throws {
        for (json, count) in [("{}", 0), (#"{"item_id": "7"}"#, 0), (#"{"item_id": 7}"#, 0), (#"{"item_id": "8"}"#, 1)]
        {
            #expect(try faults(json) { ItemDecoder.decode($0, id: "7", faults: &$1) }.count == count, "\(json)")
        }
        #expect(
            try faults(#"{"user_id": "8"}"#) { UserDecoder.decode($0, id: "7", faults: &$1) }
                == ["/user_id says \"8\", but the path \"7\""])
    }

    @Test("an attribute that is null is absent, and a tag given twice is one")
    func nullAttribute() throws {
        var faults = JSONFaults()
        let json = #"{"item_id": 5, "attributes": {"x": null, "y": 1}, "tags": ["a", "b", "a"], "hidden": null}"#
        let item = ItemDecoder.decode(try JSONParser().parse(Array(json.utf8)).root, faults: &faults)
        #expect(item == Item(id: "5", tags: ["a", "b"], attributes: ["y": .number(1)]))
    }

    @Test(
        "tags and attributes whose names only look alike are different ones, and come back in the order of their bytes")
    func exactNames() throws {
        var faults = JSONFaults()
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let json = "{\"item_id\":\"5\",\"tags\":[\"\(one)\",\"\(two)\"],\"attributes\":{\"\(two)\":2,\"\(one)\":1}}"
        let item = try #require(
            ItemDecoder.decode(try JSONParser().parse(Array(json.utf8)).root, faults: &faults))
        #expect(item.tags.map { Array($0.utf8) } == [one, two].map { Array($0.utf8) })
        #expect(item.attributes[ExactName(one)] == .number(1) && item.attributes[ExactName(two)] == .number(2))
        var writer = JSONWriter()
        ItemEncoder.encode(item, to: &writer)
        #expect(writer.bytes == Array(json.utf8))
        let patch = try JSONParser().parse(Array("{\"attributes\":{\"\(one)\":null}}".utf8)).root
        #expect(ItemDecoder.merge(patch, into: item, faults: &faults)?.attributes == [ExactName(two): .number(2)])
        #expect(faults.isEmpty)
    }

    @Test("a patch changes what it names, takes away what it makes null, and leaves the rest")
    func mergePatch() throws {
        var faults = JSONFaults()
        let item = Item(
            id: "5", title: "Old", tags: ["a"], attributes: ["x": .number(1), "y": .number(2)], hidden: true,
            availableFrom: 1_000, domain: "films")
        let json = #"{"title": "New", "tags": null, "attributes": {"x": null, "z": true}, "domain": null}"#
        let merged = ItemDecoder.merge(try JSONParser().parse(Array(json.utf8)).root, into: item, faults: &faults)
        #expect(
            merged
                == Item(
                    id: "5", title: "New", attributes: ["y": .number(2), "z": .boolean(true)], hidden: true,
                    availableFrom: 1_000))
        let user = User(id: "7", tags: ["a"], attributes: ["x": .number(1)])
        let patch = try JSONParser().parse(Array(#"{"user_id": 7, "attributes": null}"#.utf8)).root
        #expect(UserDecoder.merge(patch, into: user, faults: &faults) == User(id: "7", tags: ["a"]))
        #expect(faults.isEmpty)
    }

    @Test("a patch that would make an impossible item is refused")
    func badMerge() throws {
        let item = Item(id: "5", attributes: ["x": .number(1)], availableFrom: 5_000)
        let limits = CatalogueLimits(count: 2)
        for (json, isTaken) in [
            (#"{"available_until": 6}"#, true), (#"{"available_until": 5}"#, false), (#"{"item_id": "6"}"#, false),
            (#"{"attributes": {"y": 2}}"#, true), (#"{"attributes": {"y": 2, "z": 3}}"#, false),
            (#"{"attributes": {"y": 2, "z": 3, "x": null}}"#, true), ("[]", false),
        ] {
            let found = try self.faults(json) { ItemDecoder.merge($0, into: item, limits: limits, faults: &$1) }
            #expect(found.isEmpty == isTaken, "\(json)")
        }
    }
}
