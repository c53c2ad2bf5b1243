#if PostgreSQL
    /// The tables of a PostgreSQL store, as numbered steps; `schema_version` says how many a database has taken.
    ///
    /// A step that was ever released is never edited: what it got wrong, a later one puts right.
    struct PostgreSQLSchema: Sendable {
        /// Step n (from 1) takes a database from schema n - 1 to n.
        var steps: [String]

        /// The schema that this program writes.
        var version: Int { steps.count }

        /// All steps of this program.
        static let current = PostgreSQLSchema(steps: [
            firstTables, quarantine, arrivals, otherErasureKeys, identity, namesInUse,
        ])

        /// Takes every step the database has not taken yet, in one transaction, while no other program does.
        func migrate(_ connection: PostgreSQLConnection, schema name: String) throws {
            try connection.run("BEGIN")
            do {
                // Released with the transaction. The namespace there need not be yet, so that its name stands for it.
                try connection.query(
                    "SELECT pg_advisory_xact_lock(hashtextextended('nectar ' || $1, 0))", [.text(name)])
                if try connection.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [.text(name)]).count == 0 {
                    try connection.run("CREATE SCHEMA \(Self.quoted(name))")
                }
                let found = try Self.version(of: connection)
                guard found <= version else { throw StoreError.newerSchema(found: found, supported: version) }
                if found < version { try create(connection, from: found) }
                try connection.run("COMMIT")
            } catch {
                connection.rollBack()
                throw error
            }
        }

        /// Takes the steps after the first `found`, within a transaction of the caller's.
        func create(_ connection: PostgreSQLConnection, from found: Int = 0) throws {
            for step in steps[found...] { try connection.run(step) }
            try connection.run("DELETE FROM schema_version; INSERT INTO schema_version VALUES (\(version))")
        }

        /// How many steps the database has taken; 0 where there is no store in it.
        static func version(of connection: PostgreSQLConnection) throws -> Int {
            let exists = try connection.query("SELECT to_regclass('schema_version') IS NOT NULL")
            guard exists.boolean(0, 0) else { return 0 }
            let row = try connection.query("SELECT version FROM schema_version")
            guard row.count == 1 else { throw StoreError.corrupt("its schema_version has \(row.count) rows") }
            return Int(row.integer(0, 0))
        }

        /// A name as an identifier in a statement.
        static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

        /// As ``StoreSchema``'s: names are interned, keys and rows are counted up in `totals`, which every transaction that writes locks
        /// first and updates last. So rows are given out in the order of the commits, and whoever sees row n sees every row before it:
        /// a sequence would promise neither. Each such transaction also counts up `writes` and leaves a mark among the last sixteen, by which
        /// it is known again (``CommitOutcome``). Names compare and sort by their bytes (`COLLATE "C"`). `totals` is one short row that
        /// changes all the time, so its page keeps room for its versions.
        private static let firstTables = """
            CREATE TABLE schema_version (version integer NOT NULL);
            CREATE TABLE user_names (key integer PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
            CREATE TABLE item_names (key integer PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
            CREATE TABLE kind_names (key integer PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
            CREATE TABLE interactions (
                row_number bigint PRIMARY KEY,
                happened_at bigint,
                rating double precision,
                weight double precision,
                user_key integer NOT NULL,
                item_key integer NOT NULL,
                kind_key integer,
                interaction_id text COLLATE "C"
            );
            CREATE INDEX interactions_by_user ON interactions (user_key, row_number);
            CREATE INDEX interactions_by_item ON interactions (item_key, row_number);
            CREATE UNIQUE INDEX interactions_by_id ON interactions (interaction_id) WHERE interaction_id IS NOT NULL;
            CREATE TABLE receipts (
                sequence bigint PRIMARY KEY,
                idempotency_key text COLLATE "C" NOT NULL UNIQUE,
                stored bigint NOT NULL,
                duplicates bigint NOT NULL,
                erased bigint NOT NULL,
                watermark bigint NOT NULL,
                fingerprint bigint
            );
            CREATE TABLE catalogue (
                name text COLLATE "C" PRIMARY KEY,
                title text,
                domain text,
                hidden boolean NOT NULL,
                available_from bigint,
                available_until bigint,
                details bytea NOT NULL
            );
            CREATE TABLE withdrawn_items (name text COLLATE "C" PRIMARY KEY);
            CREATE TABLE user_records (name text COLLATE "C" PRIMARY KEY, details bytea NOT NULL);
            CREATE TABLE erasures (
                sequence bigint PRIMARY KEY,
                digest bytea NOT NULL UNIQUE,
                erased_at bigint NOT NULL,
                pending boolean NOT NULL
            );
            CREATE TABLE erasure_key (key bytea NOT NULL);
            INSERT INTO erasure_key VALUES
                (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
            CREATE TABLE totals (
                last_row bigint NOT NULL,
                last_user bigint NOT NULL,
                last_item bigint NOT NULL,
                last_kind bigint NOT NULL,
                last_receipt bigint NOT NULL,
                last_erasure bigint NOT NULL,
                interactions bigint NOT NULL,
                users bigint NOT NULL,
                items bigint NOT NULL,
                user_records bigint NOT NULL,
                catalogue_items bigint NOT NULL,
                writes bigint NOT NULL,
                marks bigint[] NOT NULL
            ) WITH (fillfactor = 10);
            INSERT INTO totals VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, array_fill(0::bigint, ARRAY[16]));
            """

        /// As ``StoreSchema``'s: rows that were refused while the others of their upload were stored, and their sums, which change with
        /// every write to the quarantine. Whoever writes there has locked `totals` first, as for any other write.
        private static let quarantine = """
            CREATE TABLE quarantine (
                id bigint PRIMARY KEY,
                upload text COLLATE "C" NOT NULL,
                line bigint NOT NULL,
                format text NOT NULL,
                text bytea NOT NULL,
                is_cut boolean NOT NULL,
                detail text COLLATE "C" NOT NULL,
                user_id text COLLATE "C",
                time bigint NOT NULL,
                size bigint NOT NULL,
                UNIQUE (upload, line)
            );
            CREATE INDEX quarantine_by_user ON quarantine (user_id) WHERE user_id IS NOT NULL;
            CREATE TABLE quarantine_totals (
                last bigint NOT NULL,
                rows bigint NOT NULL,
                bytes bigint NOT NULL,
                dropped bigint NOT NULL
            ) WITH (fillfactor = 10);
            INSERT INTO quarantine_totals VALUES (0, 0, 0, 0);
            """

        /// The order in which catalogue entries came, which SQLite has in its keys. Of those from before it is not known, and is that
        /// of their names.
        private static let arrivals = """
            ALTER TABLE catalogue ADD COLUMN arrival bigint;
            UPDATE catalogue SET arrival = numbered.place FROM (
                SELECT name, row_number() OVER (ORDER BY name) AS place FROM catalogue
            ) AS numbered WHERE numbered.name = catalogue.name;
            ALTER TABLE catalogue ALTER COLUMN arrival SET NOT NULL;
            CREATE UNIQUE INDEX catalogue_by_arrival ON catalogue (arrival);
            """

        /// As ``StoreSchema``'s: what tombstones of other stores are hashed under, in whose place this one was restored.
        private static let otherErasureKeys = "CREATE TABLE other_erasure_keys (key bytea PRIMARY KEY);"

        /// As ``StoreSchema``'s: by what the store is told from others.
        private static let identity = """
            CREATE TABLE identity (name text NOT NULL);
            INSERT INTO identity VALUES (replace(gen_random_uuid()::text, '-', ''));
            """

        /// As ``StoreSchema``'s: names that no interaction is left of.
        private static let namesInUse = """
            DELETE FROM user_names WHERE NOT EXISTS (SELECT 1 FROM interactions WHERE user_key = user_names.key);
            DELETE FROM item_names WHERE NOT EXISTS (SELECT 1 FROM interactions WHERE item_key = item_names.key);
            UPDATE totals SET users = (SELECT count(*) FROM user_names), items = (SELECT count(*) FROM item_names);
            """
    }
#endif
