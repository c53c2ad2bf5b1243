#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Carries out several appends in one transaction; see ``InteractionStore/append(group:)``.
        ///
        /// As a whole, or each request within a savepoint; see ``AppendRequest/carryOut(_:by:)``.
        public func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
            try AppendRequest.carryOut(requests) { requests, isolated throws(StoreError) in
                try write("append") { connection, totals in
                    guard isolated else { return try append(requests, &totals, connection) }
                    return try requests.map { try appendAlone($0, &totals, connection) }
                }
            }
        }

        private func append(
            _ requests: [AppendRequest], _ totals: inout PostgreSQLTotals, _ connection: PostgreSQLConnection
        ) throws -> [Result<AppendReceipt, StoreError>] {
            let facts = try AppendPlan.Facts(of: requests, totals, in: connection)
            var plan = AppendPlan(facts, totals, receiptsKept: configuration.receiptsKept)
            let results = requests.map { plan.add($0) }
            for (table, rows) in [
                ("user_names", plan.users.rows), ("item_names", plan.items.rows), ("kind_names", plan.kinds.rows),
                ("interactions", plan.interactions), ("receipts", plan.receipts),
            ] where !rows.isEmpty {
                try connection.copyIn("COPY \(table) FROM STDIN (FORMAT binary)", rows)
            }
            if !plan.receipts.isEmpty {
                try connection.query(
                    "DELETE FROM receipts WHERE sequence <= $1",
                    [.integer(plan.totals.lastReceipt - Int64(configuration.receiptsKept))])
            }
            totals = plan.totals
            return results
        }

        /// One request of a group in which something fails that no one has foreseen.
        private func appendAlone(
            _ request: AppendRequest, _ totals: inout PostgreSQLTotals, _ connection: PostgreSQLConnection
        ) throws -> Result<AppendReceipt, StoreError> {
            let before = totals
            try connection.run("SAVEPOINT request")
            do {
                let result = try append([request], &totals, connection)[0]
                try connection.run("RELEASE SAVEPOINT request")
                return result
            } catch let failure as PostgreSQLFailure {
                let error = StoreError(failure, during: "append")
                guard case .failed = error else { throw failure }
                try connection.run("ROLLBACK TO SAVEPOINT request; RELEASE SAVEPOINT request")
                totals = before
                return .failure(error)
            }
        }
    }
#endif
