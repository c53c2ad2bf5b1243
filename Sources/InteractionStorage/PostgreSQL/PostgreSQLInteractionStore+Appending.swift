#if PostgreSQL
    extension PostgreSQLInteractionStore {
        /// Appends interactions in one transaction; see ``InteractionStore/append(_:idempotencyKey:)``.
        public func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt {
            let request = AppendRequest(interactions: interactions, idempotencyKey: idempotencyKey)
            return try append(group: [request])[0].get()
        }

        /// Carries out several appends in one transaction; see ``InteractionStore/append(group:)``.
        ///
        /// The group is written as a whole first: after the checks made here, a request can fail on its own only for reasons no one has
        /// foreseen. Should that happen, the group is written again, each request within a savepoint.
        public func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
            var results: [Result<AppendReceipt, StoreError>?] = requests.map { request in
                request.fault.map { .failure(.failed(operation: "append", reason: $0)) }
            }
            let sound = results.indices.filter { results[$0] == nil }
            guard !sound.isEmpty else { return results.compactMap(\.self) }
            let requests = sound.map { requests[$0] }
            let receipts: [Result<AppendReceipt, StoreError>]
            do {
                receipts = try write("append") { connection, totals in try append(requests, &totals, connection) }
            } catch {
                guard case .failed = error else { throw error }
                receipts = try write("append") { connection, totals in
                    try requests.map { try appendAlone($0, &totals, connection) }
                }
            }
            for (index, receipt) in zip(sound, receipts) { results[index] = receipt }
            return results.compactMap(\.self)
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
