#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Stores user records; see ``InteractionStore/putUsers(_:begunAfter:)``.
        @discardableResult
        public func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt {
            try StoreError.check(users, named: "user", during: "storing users", fault: \.fault)
            guard !users.isEmpty else { return UserReceipt() }
            return try write("storing users") { connection, totals in
                let barred = try Self.barred(among: users.map(\.id), begunAfter: erasures, totals, connection)
                let welcome = users.filter { !barred.contains(ExactName($0.id)) }
                let last = Self.last(of: welcome, named: \.id)
                let added = try Self.replace("user_records", last.map(\.id), Self.rows(of: last), connection)
                totals.counts.userRecords += added
                return UserReceipt(created: added, erased: users.count - welcome.count)
            }
        }

        /// One user record; see ``InteractionStore/user(_:)``.
        public func user(_ id: String) throws(StoreError) -> User? {
            try read("reading a user") { try Self.user(id, $0) }
        }

        /// A page of user records; see ``InteractionStore/users(after:limit:)``.
        public func users(after id: String?, limit: Int) throws(StoreError) -> [User] {
            guard limit > 0 else { return [] }
            return try read("listing users") { connection in
                try Self.users(
                    of: connection.query(
                        "\(Self.selectUser) WHERE name > $1 ORDER BY name LIMIT $2",
                        [.text(Self.cursor(id)), .integer(Int64(limit))]))
            }
        }

        /// Changes one user record; see ``InteractionStore/updateUser(_:begunAfter:_:)``.
        @discardableResult
        public func updateUser(
            _ id: String, begunAfter erasures: Int64?, _ change: (inout User) -> Void
        ) throws(StoreError) -> User? {
            try write("updating a user") { connection, totals in
                guard var user = try Self.user(id, connection),
                    try Self.barred(among: [id], begunAfter: erasures, totals, connection).isEmpty
                else { return nil }
                change(&user)
                user.id = id
                if let fault = user.fault { throw StoreError.failed(operation: "updating a user", reason: fault) }
                _ = try Self.replace("user_records", [id], Self.rows(of: [user]), connection)
                return user
            }
        }

        /// Those of the users who were erased after so many erasures (nil: now).
        private static func barred(
            among users: [String], begunAfter erasures: Int64?, _ totals: PostgreSQLTotals,
            _ connection: PostgreSQLConnection
        ) throws -> Set<ExactName> {
            guard let erasures, erasures < totals.lastErasure else { return [] }
            let stones = try stones(of: Array(Set(users.map(ExactName.init))), totals, connection)
            return Set(stones.filter { $0.value.bars(requestBegunAfter: erasures) }.keys)
        }

        private static let selectUser = "SELECT name, details FROM user_records"

        private static func user(_ id: String, _ connection: PostgreSQLConnection) throws -> User? {
            guard Identifier.fault(of: id) == nil else { return nil }
            return try users(of: connection.query("\(selectUser) WHERE name = $1", [.text(id)])).first
        }

        private static func users(of rows: PostgreSQLResult) throws -> [User] {
            try (0..<rows.count).map { row in
                let id = rows.text(row, 0)
                let details = try details(rows.bytes(row, 1), of: "user \(id)")
                return User(id: id, tags: details.tags, attributes: details.attributes)
            }
        }

        private static func rows(of users: [User]) -> PostgreSQLRows {
            var rows = PostgreSQLRows()
            for user in users {
                rows.begin(fields: 2)
                rows.append(user.id)
                rows.append(RecordDetails(tags: user.tags, attributes: user.attributes).encoded())
            }
            return rows
        }
    }
#endif
