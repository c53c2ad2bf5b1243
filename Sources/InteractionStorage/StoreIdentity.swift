import GRDB

/// By what a store is told from others: 32 hexadecimal digits, made up with the store.
///
/// It goes along with a copy of the file. A restoration keeps that of the store in whose place it comes, or makes up another: a backup may be
/// restored in many places.
enum StoreIdentity {
    /// One that no other store has.
    static func make() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// That of an open file; nil where it is from before there was one.
    static func read(_ database: Database) throws -> String? {
        guard try database.tableExists("identity") else { return nil }
        return try String.fetchOne(database, sql: "SELECT name FROM identity")
    }
}

extension SQLiteInteractionStore {
    /// The store's own.
    var identity: String? {
        get throws(StoreError) { try read("reading the identity") { try StoreIdentity.read($0) } }
    }

    /// From now on the store is taken for the one of that name.
    func setIdentity(_ name: String) throws(StoreError) {
        try write("setting the identity") { database, _ in
            try database.execute(sql: "UPDATE identity SET name = ?", arguments: [name])
        }
    }
}
