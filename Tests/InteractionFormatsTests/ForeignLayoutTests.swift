import Foundation
import InteractionFormats
import InteractionStorage
import Testing

@Suite("Exports of other recommenders")
struct ForeignLayoutTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "nectar-foreign-\(UUID().uuidString)"

        init(_ files: [String: String]) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (name, text) in files {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private struct Content: Equatable {
        var interactions: [Interaction] = []
        var items: [Item] = []
        var users: [User] = []
        var faults: [String] = []
    }

    private func read(_ files: [String: String]) throws -> (layout: DatasetLayout, content: Content) {
        let folder = try Folder(files)
        let reader = try DatasetReader(path: folder.path)
        var content = Content()
        func note(_ fault: DatasetFault) { content.faults.append(fault.fault.description) }
        var interactions: [Interaction] = []
        var items: [Item] = []
        var users: [User] = []
        try reader.readInteractions(faults: note) { interactions.append($0) }
        try reader.readItems(faults: note) { items.append($0) }
        try reader.readUsers(faults: note) { users.append($0) }
        (content.interactions, content.items, content.users) = (interactions, items, users)
        return (reader.files.layout, content)
    }

    @Test("Gorse: feedback, items and users become what they say, and bad rows are named")
    func gorse() throws {
        let (layout, content) = try read([
            "feedback.jsonl": """
            {"FeedbackType":"read","UserId":"1","ItemId":"7","Value":4.5,"Timestamp":"2020-02-29T12:00:00Z","Comment":"x"}
            {"FeedbackType":"like","UserId":"2","ItemId":"8","Value":0,"Timestamp":"0001-01-01T00:00:00Z","Updated":"y"}
            {"FeedbackType":"like","ItemId":"8","Timestamp":"yesterday"}

            """,
            "items.jsonl": """
            {"ItemId":"7","IsHidden":true,"Categories":["a"],"Timestamp":"2020-02-29T12:00:00Z","Labels":["b","a"],"Comment":"T"}
            {"ItemId":"8","Categories":null,"Timestamp":"0001-01-01T00:00:00Z","Labels":{"x":{"y":[0.5,1]},"z":"t","n":2},"Comment":""}
            {"ItemId":"9","Labels":{"x":{"y":[0.5]}}}
            {"ItemId":"10","Labels":"a"}

            """,
            "users.jsonl": """
            {"UserId":"1","Labels":["vip"],"Subscribe":["news"],"Comment":"Ada"}
            {"UserId":"","Labels":null}

            """,
        ])
        #expect(layout == .gorse)
        #expect(
            content.interactions == [
                Interaction(userID: "1", itemID: "7", kind: "read", rating: 4.5, timestamp: 1_582_977_600_000),
                Interaction(userID: "2", itemID: "8", kind: "like"),
            ])
        #expect(
            content.items == [
                Item(id: "7", title: "T", tags: ["a", "b"], hidden: true, availableFrom: 1_582_977_600_000),
                Item(id: "8", attributes: ["z": .string("t"), "n": .number(2)], vectors: ["x.y": [0.5, 1]]),
            ])
        #expect(
            content.users == [User(id: "1", tags: ["news", "vip"], attributes: ["comment": .string("Ada")])])
        #expect(content.faults.count == 4)
        #expect(content.faults[0].hasPrefix("line 3: ") && content.faults[0].contains("\"UserId\" is required"))
        #expect(content.faults[0].contains("Timestamp"))
        #expect(content.faults[1].hasPrefix("line 3: ") && content.faults[1].contains("x.y"))
        #expect(content.faults[2].hasPrefix("line 4: ") && content.faults[3].hasPrefix("line 2: "))
    }

    @Test("a list of values of several kinds is their texts, and what cannot be said in a text is passed over")
    func mixedLists() throws {
        let (_, content) = try read([
            "feedback.jsonl": #"{"FeedbackType":"read","UserId":"1","ItemId":"7"}"# + "\n",
            "items.jsonl": """
            {"ItemId":"1","Labels":{"mix":[1,"a",2.5,true,null,{"b":1}],"none":[null,{}],"empty":[]}}
            {"ItemId":"2","Labels":["a",7,null]}

            """,
        ])
        #expect(content.faults.isEmpty)
        #expect(
            content.items == [
                Item(id: "1", attributes: ["mix": .strings(["1", "a", "2.5", "true"]), "empty": .strings([])]),
                Item(id: "2", tags: ["a", "7"]),
            ])
    }

    @Test("Recombee: each file's interactions are of its kind, and properties are attributes")
    func recombee() throws {
        let (layout, content) = try read([
            "detail_views.jsonl": "{\"userId\":\"1\",\"itemId\":\"7\",\"timestamp\":1.5,\"duration\":35}\n",
            "purchases.jsonl": "{\"user_id\":\"1\",\"item_id\":\"7\",\"amount\":2,\"price\":9.5}\n",
            "ratings.jsonl":
                "{\"userId\":\"1\",\"itemId\":\"7\",\"rating\":-0.5}\n{\"userId\":\"1\",\"rating\":\"x\"}\n"
                + "{\"userId\":\"1\",\"itemId\":\"7\"}\n",
            "cart_additions.jsonl": "{\"userId\":\"1\",\"itemId\":\"7\",\"cascadeCreate\":true}\n",
            "bookmarks.jsonl": "{\"userId\":\"1\",\"itemId\":\"7\"}\n",
            "view_portions.jsonl": """
            {"userId":"u1","itemId":"i1","portion":0.5,"sessionId":"s","timestamp":"2020-02-29T12:00:00Z"}
            {"userId":"u1","itemId":"i1","portion":1.5}
            {"userId":"u1","itemId":"i1"}
            {"userId":"u1","itemId":"i1","portion":0}

            """,
            "items.jsonl":
                "{\"itemId\":\"7\",\"title\":\"T\",\"price\":2.5,\"set\":[\"a\",\"b\"],\"image\":[1,2],\"off\":null}\n",
            "users.jsonl": "{\"userId\":\"1\",\"member\":true,\"address\":{\"city\":\"Aix\"}}\n",
        ])
        #expect(layout == .recombee)
        #expect(
            content.interactions.map(\.kind) == ["bookmark", "cart", "view", "purchase", "rating", "play", "play"])
        #expect(content.interactions.map(\.rating) == [nil, nil, nil, nil, -0.5, nil, nil])
        #expect(content.interactions.map(\.weight) == [nil, nil, nil, nil, nil, 0.5, 0])
        #expect(
            content.interactions.map(\.timestamp) == [nil, nil, 1_500, nil, nil, 1_582_977_600_000, nil])
        #expect(
            content.items == [
                Item(
                    id: "7", title: "T", attributes: ["price": .number(2.5), "set": .strings(["a", "b"])],
                    vectors: ["image": [1, 2]])
            ])
        #expect(
            content.users == [User(id: "1", attributes: ["member": .boolean(true), "address.city": .string("Aix")])])
        #expect(content.faults.count == 4 && content.faults[0].hasPrefix("line 2: "))
        for (fault, words) in zip(
            content.faults.dropFirst(),
            [
                ("line 3: ", #"member "rating" is required"#), ("line 2: ", "from 0 to 1, not 1.5"),
                ("line 3: ", #"member "portion" is required"#),
            ])
        {
            #expect(fault.hasPrefix(words.0) && fault.contains(words.1))
        }
    }

    @Test(
        "a file of another name is told by whose names the members of its first line have",
        arguments: [
            (#"{"FeedbackType":"read","UserId":"1","ItemId":"7"}"#, DatasetLayout.gorse),
            (#"  {"userId":"1","itemId":"7","x":{"user_id":1}}"#, .recombee), (#"{"itemId":"7"}"#, .recombee),
            (#"{"user_id":"1","itemId":"7"}"#, .ndjson), (#"{"user_id":"1","item_id":"7"}"#, .ndjson),
            (#"{"x":"UserId"}"#, .ndjson), (#"{"userId":"#, .ndjson), (#"[{"userId":1}]"#, nil),
        ] as [(String, DatasetLayout?)])
    func firstLine(line: String, layout: DatasetLayout?) throws {
        let folder = try Folder(["x.jsonl": "\n\(line)\n"])
        #expect((try? DatasetLayout.detect("\(folder.path)/x.jsonl")) == layout)
    }

    @Test(
        "what lies in a dataset's folder, looks like rows and is not read is named",
        arguments: [
            (
                ["purchases.jsonl", "portions.jsonl", "items.jsonl", "users.jsonl.gz", "users.csv", "readme.txt"],
                ["portions.jsonl", "users.csv"]
            ),
            (["interactions.csv", "items.ndjson", "items.jsonl.gz", "u.jsonl"], ["items.jsonl.gz", "u.jsonl"]),
            (["ratings.csv", "movies.csv", "tags.csv", "links.csv"], ["links.csv", "tags.csv"]),
            (["a.inter", "a.user", "a.kg", "a.train.inter", "b.item"], ["a.kg", "a.train.inter", "b.item"]),
            (["u.data", "u.item", "u.user", "u1.base", "u.genre"], []),
        ])
    func passedOver(names: [String], others: [String]) throws {
        let folder = try Folder(Dictionary(uniqueKeysWithValues: names.map { ($0, "{}\n") }))
        #expect(try DatasetFiles.find(at: folder.path).passedOver(inFolder: folder.path) == others)
    }

    @Test(
        "what no other way into the catalogue takes is a fault here too, or an export could not be imported",
        arguments: [
            (#""Labels":["a",""]"#, "must not be empty"), (#""Labels":["a\nb"]"#, "control"),
            ("\"Labels\":[\"\(String(repeating: "x", count: 257))\"]", "256 bytes"),
            ("\"Comment\":\"\(String(repeating: "t", count: 4_097))\"", "title: must be at most 4096 bytes"),
            ("\"Labels\":{\"a\":\"\(String(repeating: "t", count: 65_537))\"}", "\"a\": must be at most 65536 bytes"),
            ("\"Labels\":{\"a\":[\(list(1_001, "\"t\""))]}", "at most 1000 elements, not 1001"),
            ("\"Labels\":{\(list(1_001) { "\"a\($0)\":1" })}", "at most 1000 attributes, not 1001"),
            (#""Labels":{"":1}"#, "name is unfit"), (#""Labels":{"a\tb":[1,2]}"#, "name is unfit"),
            ("\"Labels\":{\(list(17) { "\"a\($0)\":[1]" })}", "at most 16 vectors, not 17"),
            ("\"Labels\":{\"a\":[\(list(4_097, "1"))]}", "at most 4096 elements, not 4097"),
            (#""Labels":{"ean":1234567890123456789}"#, "beyond 2^53"),
            (#""Labels":{"a":1,"a":2}"#, "more than once"), (#""ItemId":"2""#, "more than once"),
        ])
    func unfit(members: String, words: String) throws {
        let (_, content) = try read([
            "feedback.jsonl": #"{"FeedbackType":"read","UserId":"1","ItemId":"7"}"# + "\n",
            "items.jsonl": "{\"ItemId\":\"1\",\(members)}\n",
        ])
        #expect(content.items.isEmpty && content.faults.count == 1)
        #expect(content.faults.first?.contains(words) == true, "\(content.faults.first?.prefix(300) ?? "")")
    }

    private static func list(_ count: Int, _ element: String) -> String { list(count) { _ in element } }

    private static func list(_ count: Int, _ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }

    @Test("rows of users and interactions with a member twice are faults")
    func duplicates() throws {
        let (_, content) = try read([
            "purchases.jsonl": #"{"userId":"1","userId":"2","itemId":"7"}"# + "\n",
            "users.jsonl": #"{"userId":"1","a":1,"a":2}"# + "\n",
        ])
        #expect(content.interactions.isEmpty && content.users.isEmpty && content.faults.count == 2)
    }

    @Test(
        "MovieLens's and RecBole's genres are there once, and what is unfit is a fault",
        arguments: [
            [
                "ratings.csv": "userId,movieId,rating,timestamp\n1,1,4,1\n",
                "movies.csv":
                    "movieId,title,genres\n1,T,Action|Drama|Action\n2,T,\(String(repeating: "x", count: 257))\n",
            ],
            [
                "a.inter": "user_id:token\titem_id:token\n1\t1\n",
                "a.item":
                    "item_id:token\ttitle:token\tclass:token_seq\n1\tT\tAction Drama Action\n2\tT\t\(String(repeating: "x", count: 257))\n",
                "a.user": "user_id:token\tzip:token\n1\t\(String(repeating: "x", count: 65_537))\n",
            ],
        ])
    func genres(files: [String: String]) throws {
        let (_, content) = try read(files)
        let genres = ["Action", "Drama"]
        #expect(content.items == [Item(id: "1", title: "T", tags: genres, attributes: ["genres": .strings(genres)])])
        #expect(content.users.isEmpty && content.faults.count == files.count - 1)
    }

    @Test(
        "one of Recombee's files that is there twice, or lies beside another dataset, is ambiguous",
        arguments: [
            ["purchases.jsonl", "purchases.jsonl.gz"], ["purchases.jsonl", "u.data"],
            ["feedback.jsonl", "ratings.jsonl"],
        ])
    func ambiguous(names: [String]) throws {
        let folder = try Folder(Dictionary(uniqueKeysWithValues: names.map { ($0, "{}\n") }))
        #expect(throws: FormatError.self) { try DatasetReader(path: folder.path) }
    }
}
