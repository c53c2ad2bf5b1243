extension InMemoryInteractionStore {
    /// Stores and withdraws catalogue entries; see ``InteractionStore/changeItems(_:)``.
    @discardableResult
    public func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int {
        try StoreError.check(changes, named: "item", during: "storing items", fault: \.fault)
        return try access { contents throws(StoreError) in
            var added = 0
            for change in changes {
                switch change {
                case .put(let item): if contents.put(item) { added += 1 }
                case .withdraw(let id): contents.withdraw(ExactName(id))
                }
            }
            return added
        }
    }

    /// One catalogue entry; see ``InteractionStore/item(_:)``.
    public func item(_ id: String) throws(StoreError) -> Item? {
        try access { contents throws(StoreError) in contents.catalogue[ExactName(id)] }
    }

    /// Several catalogue entries; see ``InteractionStore/lookUpItems(_:)``.
    public func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?] {
        try access { contents throws(StoreError) in ids.map { contents.catalogue[ExactName($0)] } }
    }

    /// A page of the catalogue; see ``InteractionStore/items(after:limit:)``.
    public func items(after id: String?, limit: Int) throws(StoreError) -> [Item] {
        try access { contents throws(StoreError) in Self.page(of: contents.catalogue, after: id, limit: limit) }
    }

    /// A page of the catalogue by arrival; see ``InteractionStore/itemsByArrival(after:limit:)``.
    public func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem] {
        try access { contents throws(StoreError) in
            contents.catalogueOrder.filter { $0.arrival > arrival }.prefix(max(limit, 0)).compactMap { entry in
                contents.catalogue[entry.name].map { ArrivedItem(arrival: entry.arrival, item: $0) }
            }
        }
    }

    /// Changes one catalogue entry; see ``InteractionStore/updateItem(_:_:)``.
    @discardableResult
    public func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item? {
        try access { contents throws(StoreError) in
            guard var item = contents.catalogue[ExactName(id)] else { return nil }
            change(&item)
            item.id = id
            if let fault = item.fault { throw .failed(operation: "updating an item", reason: fault) }
            contents.catalogue[ExactName(id)] = item
            return item
        }
    }

    /// Removes one catalogue entry; see ``InteractionStore/deleteItem(_:)``.
    @discardableResult
    public func deleteItem(_ id: String) throws(StoreError) -> Bool {
        try access { contents throws(StoreError) in
            guard contents.catalogue[ExactName(id)] != nil else { return false }
            contents.withdraw(ExactName(id))
            return true
        }
    }

    /// A page of what was withdrawn; see ``InteractionStore/withdrawnItems(after:limit:)``.
    public func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String] {
        try access { contents throws(StoreError) in
            let later = contents.withdrawn.filter { $0 > ExactName(id ?? "") }
            return later.sorted().prefix(max(limit, 0)).map(\.text)
        }
    }

    /// Stores user records; see ``InteractionStore/putUsers(_:begunAfter:)``.
    @discardableResult
    public func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt {
        try StoreError.check(users, named: "user", during: "storing users", fault: \.fault)
        return try access { contents throws(StoreError) in
            let before = contents.userRecords.count
            let barred = users.filter { contents.bars($0.id, begunAfter: erasures) }
            for user in users where !contents.bars(user.id, begunAfter: erasures) {
                contents.userRecords[ExactName(user.id)] = user
            }
            return UserReceipt(created: contents.userRecords.count - before, erased: barred.count)
        }
    }

    /// One user record; see ``InteractionStore/user(_:)``.
    public func user(_ id: String) throws(StoreError) -> User? {
        try access { contents throws(StoreError) in contents.userRecords[ExactName(id)] }
    }

    /// A page of user records; see ``InteractionStore/users(after:limit:)``.
    public func users(after id: String?, limit: Int) throws(StoreError) -> [User] {
        try access { contents throws(StoreError) in Self.page(of: contents.userRecords, after: id, limit: limit) }
    }

    /// Changes one user record; see ``InteractionStore/updateUser(_:begunAfter:_:)``.
    @discardableResult
    public func updateUser(
        _ id: String, begunAfter erasures: Int64?, _ change: (inout User) -> Void
    ) throws(StoreError) -> User? {
        try access { contents throws(StoreError) in
            guard var user = contents.userRecords[ExactName(id)], !contents.bars(id, begunAfter: erasures) else {
                return nil
            }
            change(&user)
            user.id = id
            if let fault = user.fault { throw .failed(operation: "updating a user", reason: fault) }
            contents.userRecords[ExactName(id)] = user
            return user
        }
    }

    private static func page<Record>(of records: [ExactName: Record], after id: String?, limit: Int) -> [Record] {
        let later = records.filter { $0.key > ExactName(id ?? "") }
        return later.sorted { $0.key < $1.key }.prefix(max(limit, 0)).map(\.value)
    }
}

extension InMemoryInteractionStore.Contents {
    /// Stores one entry; true when it is new.
    fileprivate mutating func put(_ item: Item) -> Bool {
        let name = ExactName(item.id)
        withdrawn.remove(name)
        guard catalogue.updateValue(item, forKey: name) == nil else { return false }
        lastArrival += 1
        catalogueOrder.append((lastArrival, name))
        return true
    }

    fileprivate mutating func withdraw(_ name: ExactName) {
        catalogue[name] = nil
        catalogueOrder.removeAll { $0.name == name }
        withdrawn.insert(name)
    }

    /// Whether the user was erased after so many erasures.
    fileprivate func bars(_ userID: String, begunAfter erasures: Int64?) -> Bool {
        tombstones.stone(of: userID)?.bars(requestBegunAfter: erasures) ?? false
    }
}
