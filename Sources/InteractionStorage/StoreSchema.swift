import GRDB

/// The tables of a SQLite store, as numbered steps; a file's `user_version` is the number of steps it has taken.
///
/// A step that was ever released is never edited: what it got wrong, a later one puts right.
struct StoreSchema: Sendable {
    /// "Nect" in SQLite's `application_id`: the mark by which a store is told from any other SQLite file.
    static let applicationID: Int32 = 0x4E65_6374

    /// Step n (from 1) takes a file from schema n - 1 to n.
    var steps: [String]

    /// The schema that this program writes.
    var version: Int { steps.count }

    /// All steps of this program.
    static let current = StoreSchema(steps: [
        interactionsAndCatalogue, withdrawnItems, fingerprintedReceipts, erasures, quarantine, otherErasureKeys,
        identity, namesAnew, namesInUse,
    ])

    /// Takes every step the file has not taken yet, in one transaction.
    ///
    /// The version is read inside the transaction: another program may be opening the same file. A file that has taken them all
    /// is left alone first of all, for a load may hold the right to write for minutes.
    func migrate(_ database: Database) throws {
        if try Self.version(of: database) == version { return }
        try database.inTransaction(.immediate) {
            let found = try Self.version(of: database)
            guard found <= version else {
                throw StoreError.newerSchema(found: found, supported: version)
            }
            for step in steps[found...] { try database.execute(sql: step) }
            if found < version {
                try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(version)")
            }
            return .commit
        }
    }

    /// The number of steps the file has taken.
    static func version(of database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    /// Names of users, items and kinds are interned: an interaction row is a few bytes, and a training run reads integers.
    /// Keys and row numbers are counted up in `totals` rather than by AUTOINCREMENT, which would write its own table once per
    /// inserted row; none is ever given out twice, so cursors and watermarks stay true after deletions.
    /// SQLite appends the row number to both secondary indices, which makes them (user, row) and (item, row): a page of one
    /// customer's history is one short walk, however many customers there are. The catalogue is apart from the interned
    /// names, for either may exist without the other.
    private static let interactionsAndCatalogue = """
        CREATE TABLE user_names (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE item_names (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE kind_names (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE interactions (
            row INTEGER PRIMARY KEY,
            user INTEGER NOT NULL,
            item INTEGER NOT NULL,
            kind INTEGER,
            rating REAL,
            weight REAL,
            timestamp INTEGER,
            interaction_id TEXT
        ) STRICT;
        CREATE INDEX interactions_by_user ON interactions (user);
        CREATE INDEX interactions_by_item ON interactions (item);
        CREATE UNIQUE INDEX interactions_by_id ON interactions (interaction_id) WHERE interaction_id IS NOT NULL;
        CREATE TABLE receipts (
            sequence INTEGER PRIMARY KEY,
            idempotency_key TEXT NOT NULL UNIQUE,
            stored INTEGER NOT NULL,
            duplicates INTEGER NOT NULL,
            watermark INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE catalogue (
            key INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            title TEXT,
            domain TEXT,
            hidden INTEGER NOT NULL,
            available_from INTEGER,
            available_until INTEGER,
            details BLOB NOT NULL
        ) STRICT;
        CREATE TABLE user_records (
            key INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            details BLOB NOT NULL
        ) STRICT;
        CREATE TABLE totals (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            last_row INTEGER NOT NULL,
            last_user INTEGER NOT NULL,
            last_item INTEGER NOT NULL,
            last_kind INTEGER NOT NULL,
            interactions INTEGER NOT NULL,
            users INTEGER NOT NULL,
            items INTEGER NOT NULL,
            user_records INTEGER NOT NULL,
            catalogue_items INTEGER NOT NULL
        ) STRICT;
        INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        """

    /// A catalogue entry that was deleted leaves its name here: the interactions stay, and a model trained on them would
    /// go on recommending what the owner has taken away.
    private static let withdrawnItems = """
        CREATE TABLE withdrawn_items (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        """

    /// What a receipt was given for, so that a key that is used for something else is refused rather than taken for a
    /// retry. Null in receipts from before, which answer whatever comes.
    private static let fingerprintedReceipts = """
        ALTER TABLE receipts ADD COLUMN fingerprint INTEGER;
        """

    /// Who was erased, by a keyed hash of the name, so that nothing that comes late brings them back. An erasure is pending until
    /// the models that knew the user do so no longer.
    private static let erasures = """
        CREATE TABLE erasures (
            sequence INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            erased_at INTEGER NOT NULL,
            pending INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE erasure_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;
        INSERT INTO erasure_key VALUES (1, randomblob(32));
        ALTER TABLE receipts ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
        """

    /// Rows that were refused while the others of their upload were stored. The text may be anything, also no UTF-8, and the
    /// sentence may quote it. Sums are kept apart, so that a bound is held without reading what is there.
    private static let quarantine = """
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY,
            upload TEXT NOT NULL,
            line INTEGER NOT NULL,
            format TEXT NOT NULL,
            text BLOB NOT NULL,
            is_cut INTEGER NOT NULL,
            detail TEXT NOT NULL,
            user TEXT,
            time INTEGER NOT NULL,
            size INTEGER NOT NULL,
            UNIQUE (upload, line)
        ) STRICT;
        CREATE INDEX quarantine_by_user ON quarantine (user) WHERE user IS NOT NULL;
        CREATE TABLE quarantine_totals (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            last INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            dropped INTEGER NOT NULL
        ) STRICT;
        INSERT INTO quarantine_totals VALUES (1, 0, 0, 0, 0);
        """

    /// What tombstones of other stores are hashed under, in whose place this one was restored.
    private static let otherErasureKeys = """
        CREATE TABLE other_erasure_keys (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
        """

    /// By what the store is told from others, in the descriptions of its backups.
    private static let identity = """
        CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL) STRICT;
        INSERT INTO identity VALUES (1, lower(hex(randomblob(16))));
        """

    /// Where people are named, in pages without remains of rows that moved on, which ``PageGaps`` keeps out from here on; O(users).
    private static let namesAnew = ["user_names", "user_records", "quarantine"].map { table in
        """
        CREATE TABLE anew AS SELECT * FROM \(table);
        DELETE FROM \(table);
        INSERT INTO \(table) SELECT * FROM anew;
        DROP TABLE anew;
        """
    }.joined(separator: "\n")

    /// Names that no interaction is left of: those of users were kept when single interactions were deleted, those of items always.
    /// O(names), each a search in an index.
    private static let namesInUse = """
        DELETE FROM user_names WHERE NOT EXISTS (SELECT 1 FROM interactions WHERE user = user_names.key);
        DELETE FROM item_names WHERE NOT EXISTS (SELECT 1 FROM interactions WHERE item = item_names.key);
        UPDATE totals SET users = (SELECT count(*) FROM user_names), items = (SELECT count(*) FROM item_names);
        """
}
