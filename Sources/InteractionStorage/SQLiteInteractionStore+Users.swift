import Foundation
import GRDB

extension SQLiteInteractionStore {
    /// Stores user records; see ``InteractionStore/putUsers(_:begunAfter:)``.
    @discardableResult
    public func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt {
        guard !users.isEmpty else { return UserReceipt() }
        return try write("storing users") { database, totals in
            try Self.put(users, begunAfter: erasures, &totals, database)
        }
    }

    /// Stores user records, within a write transaction.
    static func put(
        _ users: [User], begunAfter erasures: Int64?, _ totals: inout StoreTotals, _ database: Database
    ) throws -> UserReceipt {
        try StoreError.check(users, named: "user", during: "storing users", fault: \.fault)
        var receipt = UserReceipt()
        var barred = try BarredUsers(database)
        for user in users {
            if try barred.bars(user.id, begunAfter: erasures) {
                receipt.erased += 1
            } else if try put(user, database) {
                receipt.created += 1
            }
        }
        totals.counts.userRecords += receipt.created
        return receipt
    }

    /// One user record; see ``InteractionStore/user(_:)``.
    public func user(_ id: String) throws(StoreError) -> User? {
        try read("reading a user") { try Self.user(id, $0) }
    }

    /// A page of user records; see ``InteractionStore/users(after:limit:)``.
    public func users(after id: String?, limit: Int) throws(StoreError) -> [User] {
        guard limit > 0 else { return [] }
        return try read("listing users") { database in
            let statement = try database.cachedStatement(
                sql: "SELECT name, details FROM user_records WHERE name > ? ORDER BY name LIMIT ?")
            return try Row.fetchAll(statement, arguments: [id ?? "", limit]).map(Self.user)
        }
    }

    /// Changes one user record; see ``InteractionStore/updateUser(_:begunAfter:_:)``.
    @discardableResult
    public func updateUser(
        _ id: String, begunAfter erasures: Int64?, _ change: (inout User) -> Void
    ) throws(StoreError) -> User? {
        try write("updating a user") { database, _ in
            var barred = try BarredUsers(database)
            guard var user = try Self.user(id, database), try !barred.bars(id, begunAfter: erasures) else { return nil }
            change(&user)
            user.id = id
            if let fault = user.fault { throw StoreError.failed(operation: "updating a user", reason: fault) }
            _ = try Self.put(user, database)
            return user
        }
    }

    private static func user(_ id: String, _ database: Database) throws -> User? {
        guard Identifier.fault(of: id) == nil else { return nil }
        let statement = try database.cachedStatement(sql: "SELECT name, details FROM user_records WHERE name = ?")
        return try Row.fetchOne(statement, arguments: [id]).map(user)
    }

    private static func user(_ row: Row) throws -> User {
        let id: String = row[0]
        let details = try details(row[1], of: "user \(id)")
        return User(id: id, tags: details.tags, attributes: details.attributes)
    }

    /// Writes one record; true when it is new.
    private static func put(_ user: User, _ database: Database) throws -> Bool {
        let details = Data(RecordDetails(tags: user.tags, attributes: user.attributes).encoded())
        let update = try database.cachedStatement(sql: "UPDATE user_records SET details = ? WHERE name = ?")
        try update.execute(arguments: [details, user.id])
        if database.changesCount > 0 { return false }
        let insert = try database.cachedStatement(sql: "INSERT INTO user_records (details, name) VALUES (?, ?)")
        try insert.execute(arguments: [details, user.id])
        return true
    }
}
