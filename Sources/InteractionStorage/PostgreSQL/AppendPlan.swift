#if PostgreSQL
    /// What a group of appends comes to, decided from what the database holds before anything is written.
    ///
    /// The statements are then few, however many the requests are: what a server is asked costs a journey each time.
    struct AppendPlan {
        /// An answer that was given under an idempotency key.
        struct KnownReceipt {
            var sequence: Int64
            var fingerprint: Int64?
            var receipt: AppendReceipt
        }

        /// What the database holds of all that the group names.
        struct Facts {
            var users: [ExactName: Int] = [:]
            var items: [ExactName: Int] = [:]
            var kinds: [ExactName: Int] = [:]
            /// The `interactionID`s that are taken.
            var interactionIDs: Set<ExactName> = []
            var receipts: [ExactName: KnownReceipt] = [:]
            /// Users of the group who were erased.
            var tombstones: [ExactName: Tombstones.Stone] = [:]
        }

        /// Names that are new, under the keys that they are given.
        struct Names {
            private var known: [ExactName: Int]
            private(set) var rows = PostgreSQLRows()

            fileprivate init(_ known: [ExactName: Int]) { self.known = known }

            fileprivate mutating func key(of name: String, last: inout Int) -> Int {
                if let key = known[ExactName(name)] { return key }
                last += 1
                known[ExactName(name)] = last
                rows.begin(fields: 2)
                rows.append(key: last)
                rows.append(name)
                return last
            }
        }

        private(set) var interactions = PostgreSQLRows()
        private(set) var users: Names
        private(set) var items: Names
        private(set) var kinds: Names
        private(set) var receipts = PostgreSQLRows()
        private(set) var totals: PostgreSQLTotals
        private var facts: Facts
        private let receiptsKept: Int

        init(_ facts: Facts, _ totals: PostgreSQLTotals, receiptsKept: Int) {
            self.facts = facts
            self.totals = totals
            self.receiptsKept = receiptsKept
            users = Names(facts.users)
            items = Names(facts.items)
            kinds = Names(facts.kinds)
        }

        /// Adds a request, whose interactions have no fault; one that is refused leaves nothing behind.
        mutating func add(_ request: AppendRequest) -> Result<AppendReceipt, StoreError> {
            if let key = request.idempotencyKey, let earlier = facts.receipts[ExactName(key)],
                earlier.sequence > totals.lastReceipt - Int64(receiptsKept)
            {
                guard earlier.fingerprint == nil || earlier.fingerprint == request.fingerprint else {
                    return .failure(.keyReused)
                }
                return .success(earlier.receipt)
            }
            var receipt = AppendReceipt(stored: 0, duplicates: 0, watermark: 0)
            for (position, interaction) in request.interactions.enumerated() {
                if bars(interaction, begunAfter: request.begunAfter) {
                    receipt.erased += 1
                    receipt.leftOutPositions.append(position)
                } else if !isNew(interaction) {
                    receipt.duplicates += 1
                    receipt.leftOutPositions.append(position)
                } else {
                    receipt.stored += 1
                    add(interaction)
                }
            }
            totals.counts.interactions += receipt.stored
            receipt.watermark = totals.lastRow
            if let key = request.idempotencyKey { keep(receipt, of: request, under: key) }
            return .success(receipt)
        }

        private func bars(_ interaction: Interaction, begunAfter erasures: Int64?) -> Bool {
            if facts.tombstones.isEmpty { return false }
            return facts.tombstones[ExactName(interaction.userID)]?.bars(interaction, begunAfter: erasures) ?? false
        }

        private mutating func isNew(_ interaction: Interaction) -> Bool {
            guard let id = interaction.interactionID else { return true }
            return facts.interactionIDs.insert(ExactName(id)).inserted
        }

        private mutating func add(_ interaction: Interaction) {
            let (lastUser, lastItem) = (totals.lastUser, totals.lastItem)
            let user = users.key(of: interaction.userID, last: &totals.lastUser)
            let item = items.key(of: interaction.itemID, last: &totals.lastItem)
            let kind = interaction.kind.map { kinds.key(of: $0, last: &totals.lastKind) }
            totals.counts.users += totals.lastUser - lastUser
            totals.counts.items += totals.lastItem - lastItem
            totals.lastRow += 1
            interactions.begin(fields: 8)
            interactions.append(totals.lastRow)
            interactions.append(interaction.timestamp)
            interactions.append(interaction.rating)
            interactions.append(interaction.weight)
            interactions.append(key: user)
            interactions.append(key: item)
            interactions.append(key: kind)
            interactions.append(interaction.interactionID)
        }

        private mutating func keep(_ receipt: AppendReceipt, of request: AppendRequest, under key: String) {
            totals.lastReceipt += 1
            let fingerprint = request.fingerprint
            receipts.begin(fields: 7)
            receipts.append(totals.lastReceipt)
            receipts.append(key)
            receipts.append(Int64(receipt.stored))
            receipts.append(Int64(receipt.duplicates))
            receipts.append(Int64(receipt.erased))
            receipts.append(receipt.watermark)
            receipts.append(fingerprint)
            var kept = receipt
            kept.leftOutPositions = []
            facts.receipts[ExactName(key)] = KnownReceipt(
                sequence: totals.lastReceipt, fingerprint: fingerprint, receipt: kept)
        }
    }
#endif
