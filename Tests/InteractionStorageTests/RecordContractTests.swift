import InteractionStorage
import Testing

@Suite("Every store: items and users")
struct RecordContractTests {
    static let film = Item(
        id: "483", title: "Casablanca (1942)", tags: ["classic", "", "é"],
        attributes: [
            "genres": .strings(["Drama", "Romance", "War"]), "year": .number(1942), "colour": .boolean(false),
            "restored": .boolean(true), "country": .string("US"), "": .string(""), "none": .strings([]),
            "tiny": .number(-Double.leastNonzeroMagnitude),
        ], vectors: ["text": [0.5, -0.0, .leastNonzeroMagnitude], "image": [1]], hidden: true, availableFrom: -1,
        availableUntil: .max, domain: "films")

    @Test("an item comes back with all it has, and is replaced as a whole", arguments: StoreKind.allCases)
    func items(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            #expect(try store.putItems([Self.film, Item(id: "1")]) == 2)
            #expect(try store.item("483") == Self.film)
            #expect(try store.putItems([Item(id: "483"), Item(id: "2"), Item(id: "2", title: "last")]) == 1)
            #expect(try store.item("483") == Item(id: "483"))
            #expect(try store.item("2")?.title == "last")
            #expect(try store.item("3") == nil)
            #expect(try store.lookUpItems(["3", "2", "1", "2"]).map { $0?.id } == [nil, "2", "1", "2"])
            #expect(try store.counts == StoreCounts(catalogueItems: 3))
        }
    }

    @Test("records are listed in the order of their bytes, page by page", arguments: StoreKind.allCases)
    func pages(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let names = ["b", "a", "é", "e\u{301}", "Z", "10", "9", "\u{FF5E}", "😀"]
            try store.putItems(names.map { Item(id: $0) })
            try store.putUsers(names.map { User(id: $0) })
            let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { Array($0.utf8) }
            var items: [Item] = []
            var users: [User] = []
            while true {
                let page = try store.items(after: items.last?.id, limit: 2)
                items += page
                users += try store.users(after: users.last?.id, limit: 2)
                if page.count < 2 { break }
            }
            #expect(items.map { Array($0.id.utf8) } == sorted)
            #expect(users.map { Array($0.id.utf8) } == sorted)
            #expect(try store.items(after: nil, limit: 0).isEmpty)
            #expect(try store.users(after: nil, limit: -1).isEmpty)
        }
    }

    @Test("the catalogue remembers in which order its entries came, page by page", arguments: StoreKind.allCases)
    func arrivals(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            func order(pages limit: Int) throws -> [String] {
                var items: [ArrivedItem] = []
                while true {
                    let page = try store.itemsByArrival(after: items.last?.arrival ?? 0, limit: limit)
                    items += page
                    if page.count < limit { return items.map(\.item.id) }
                }
            }
            try store.putItems(["c", "a", "c", "z"].map { Item(id: $0) })
            try store.putItems([Item(id: "b"), Item(id: "a", title: "replaced")])
            try store.updateItem("c") { $0.title = "changed" }
            #expect(try order(pages: 2) == ["c", "a", "z", "b"])
            #expect(try store.itemsByArrival(after: 0, limit: 9)[1].item.title == "replaced")
            // What was deleted is new when it comes again, also where it was the last of all.
            for id in ["c", "b"] {
                try store.deleteItem(id)
                try store.putItems([Item(id: id)])
            }
            #expect(try order(pages: 1) == ["a", "z", "c", "b"] && order(pages: 100) == ["a", "z", "c", "b"])
            #expect(try store.itemsByArrival(after: 0, limit: 0).isEmpty)
        }
    }

    @Test("an update changes an item in place but never its name", arguments: StoreKind.allCases)
    func updates(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.putItems([Self.film])
            let updated = try store.updateItem("483") { item in
                item.id = "other"
                item.title = nil
                item.attributes["year"] = .number(1943)
            }
            var expected = Self.film
            expected.title = nil
            expected.attributes["year"] = .number(1943)
            #expect(updated == expected)
            #expect(try store.item("483") == expected)
            #expect(try store.item("other") == nil)
            var called = false
            #expect(try store.updateItem("nobody") { _ in called = true } == nil)
            #expect(try store.updateUser("nobody") { _ in called = true } == nil)
            #expect(!called)
            #expect(throws: StoreError.self) {
                try store.updateItem("483") { $0.attributes["year"] = .number(.nan) }
            }
            #expect(try store.item("483") == expected)
            #expect(try store.counts.catalogueItems == 1)
        }
    }

    static let faulty: [(Item, String)] = [
        (Item(id: ""), "item 1: item_id is empty"),
        (Item(id: "i", title: "a\0b"), "item 1: title contains U+0000"),
        (Item(id: "i", domain: "\0"), "item 1: domain contains U+0000"),
        (Item(id: "i", tags: ["a", "\0"]), "item 1: a tag contains U+0000"),
        (Item(id: "i", attributes: ["x": .number(.infinity)]), "item 1: attribute \"x\" is not a finite number"),
        (Item(id: "i", attributes: ["x": .strings(["\0"])]), "item 1: attribute \"x\" contains U+0000"),
    ]

    @Test("an item with a fault is refused with all its company", arguments: StoreKind.allCases, faulty)
    func faults(_ kind: StoreKind, _ faulty: (Item, String)) throws {
        try kind.withStore { store throws in
            #expect(throws: StoreError.failed(operation: "storing items", reason: faulty.1)) {
                try store.putItems([Self.film, faulty.0])
            }
            #expect(try store.counts == StoreCounts())
        }
    }

    @Test("deleting an item leaves its interactions", arguments: StoreKind.allCases)
    func deletion(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            _ = try store.append([Interaction(userID: "u", itemID: "483")], idempotencyKey: nil)
            try store.putItems([Self.film])
            #expect(try store.deleteItem("483"))
            #expect(try !store.deleteItem("483"))
            #expect(try store.item("483") == nil)
            #expect(try store.counts == StoreCounts(interactions: 1, users: 1, items: 1))
        }
    }

    @Test("an item deleted from the catalogue is withdrawn until it is stored again", arguments: StoreKind.allCases)
    func withdrawnItems(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            func withdrawn() throws -> [String] { try store.withdrawnItems(after: nil, limit: 9) }
            try store.putItems([Item(id: "b"), Item(id: "a"), Item(id: "c")])
            #expect(try withdrawn() == [])
            for id in ["b", "a", "never there"] { try store.deleteItem(id) }
            #expect(try withdrawn() == ["a", "b"])
            try store.putItems([Item(id: "b", title: "back")])
            try store.deleteItem("a")
            #expect(try withdrawn() == ["a"])
        }
    }

    @Test("items are stored and withdrawn in one go, the last change of a name holding", arguments: StoreKind.allCases)
    func changes(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            try store.putItems([Item(id: "b"), Item(id: "a")])
            let created = try store.changeItems([
                .put(Item(id: "c")), .withdraw("b"), .withdraw("b"), .withdraw("never there"), .withdraw("d"),
                .put(Item(id: "d")), .put(Item(id: "b", title: "back")), .put(Item(id: "e")), .withdraw("e"),
            ])
            #expect(created == 4)
            #expect(try store.itemsByArrival(after: 0, limit: 9).map(\.item.id) == ["a", "c", "d", "b"])
            #expect(try store.counts == StoreCounts(catalogueItems: 4))
            #expect(try store.withdrawnItems(after: nil, limit: 1) == ["e"])
            #expect(try store.withdrawnItems(after: "e", limit: 9) == ["never there"])
            #expect(try store.withdrawnItems(after: "never there", limit: 9) == [])
            #expect(try store.withdrawnItems(after: nil, limit: 0) == [])
            #expect(throws: StoreError.failed(operation: "storing items", reason: "item 1: item_id is empty")) {
                try store.changeItems([.withdraw("a"), .withdraw("")])
            }
            #expect(try store.item("a") != nil)
        }
    }

    @Test("users keep tags and attributes", arguments: StoreKind.allCases)
    func users(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let user = User(id: "u", tags: ["vip"], attributes: ["age": .number(33)])
            #expect(try store.putUsers([user]) == 1)
            #expect(try store.putUsers([user]) == 0)
            #expect(try store.user("u") == user)
            #expect(try store.updateUser("u") { $0.tags = [] }?.tags == [])
            #expect(try store.user("u")?.attributes == user.attributes)
            #expect(try store.user("v") == nil)
            #expect(throws: StoreError.failed(operation: "storing users", reason: "user 0: user_id is empty")) {
                try store.putUsers([User(id: "")])
            }
        }
    }

    @Test("erasing a user removes rows, record and name, and no one else's", arguments: StoreKind.allCases)
    func erasure(_ kind: StoreKind) throws {
        try kind.withStore { store throws in
            let others = Interaction(userID: "v", itemID: "i")
            _ = try store.append([others], idempotencyKey: nil)
            let own = Interaction(userID: "u", itemID: "i", kind: "view", interactionID: "x")
            let request = [own, Interaction(userID: "u", itemID: "j", timestamp: -5), others]
            let receipt = try store.append(request, idempotencyKey: "k")
            try store.putUsers([User(id: "u"), User(id: "only record")])
            let removed = [
                RemovedInteraction(rowID: 2, itemID: "i", kind: "view"),
                RemovedInteraction(rowID: 3, itemID: "j", timestamp: -5),
            ]
            let erased = try store.eraseUser("u", at: 0)
            #expect(erased == ErasureReceipt(removed: removed, existed: true, sequence: 1, watermark: 4))
            #expect(erased.interactions == 2 && erased.firstRowID == 2)
            #expect(try store.eraseUser("u", at: 0) == ErasureReceipt(existed: false, sequence: 2, watermark: 4))
            #expect(
                try store.eraseUser("only record", at: 0) == ErasureReceipt(existed: true, sequence: 3, watermark: 4))
            #expect(try store.eraseUser("", at: 0) == ErasureReceipt(existed: false))
            #expect(try store.user("u") == nil)
            #expect(try store.everything().map(\.interaction) == [others, others])
            // Nobody else touched the item "j".
            #expect(try store.counts == StoreCounts(interactions: 2, users: 1, items: 1))
            let snapshot = try #require(try store.scanned().snapshot)
            #expect((0..<snapshot.userIDs.keyLimit).compactMap { snapshot.userIDs[$0] } == ["v"])
            #expect((0..<snapshot.itemIDs.keyLimit).compactMap { snapshot.itemIDs[$0] } == ["i"])
            // A late retry does not bring the user back; a new fact does, under a new key.
            #expect(try store.append(request, idempotencyKey: "k") == receipt)
            #expect(try store.counts.users == 1)
            #expect(try store.append([own], idempotencyKey: nil).watermark == 5)
            #expect(try store.scanned().rows.map(\.interaction.userID) == ["v", "v", "u"])
        }
    }
}
