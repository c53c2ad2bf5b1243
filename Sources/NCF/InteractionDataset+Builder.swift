extension InteractionDataset {
    /// Gathers rows in any order and makes a dataset of them, repairing what ``DatasetCleaning`` then reports.
    public struct Builder {
        private var userIDs = IDMap.Builder()
        private var itemIDs = IDMap.Builder()
        private var rows = BuilderRows()
        private var cleaning = DatasetCleaning()

        /// A builder without rows.
        public init() {}

        /// Makes a kind of interaction known, and returns the number that stands for it in
        /// ``add(userID:itemID:rating:weight:timestamp:kind:)``; 0 always is ``FeedbackKind/plain``.
        public mutating func define(_ kind: FeedbackKind) -> Int {
            rows.settings.append(kind)
            return rows.settings.count - 1
        }

        /// Adds one interaction, or leaves it out and counts it if a number in it is unusable.
        ///
        /// - Parameters:
        ///   - userID: Whose it is.
        ///   - itemID: What it is with.
        ///   - rating: On any scale; nil for none.
        ///   - weight: How much it counts; not negative.
        ///   - timestamp: In milliseconds since 1970; 0 is unknown.
        ///   - kind: What ``define(_:)`` returned.
        public mutating func add(
            userID: String, itemID: String, rating: Float?, weight: Float = 1, timestamp: Int64 = 0, kind: Int = 0
        ) {
            cleaning.rows += 1
            if let rating, !rating.isFinite {
                cleaning.nonFiniteRatings += 1
                return
            }
            guard weight.isFinite, weight >= 0 else {
                cleaning.invalidWeights += 1
                return
            }
            rows.append(
                user: Int32(userIDs.intern(userID)), item: Int32(itemIDs.intern(itemID)), rating: rating ?? .nan,
                weight: weight, timestamp: timestamp, kind: kind)
        }

        /// Leaves an interaction out and counts it, because interactions of its kind are refused.
        public mutating func addRefusedKind() {
            cleaning.rows += 1
            cleaning.refusedKinds += 1
        }

        /// Sorts the rows by user and time and merges repeated pairs; O(n log n) in the rows of a user.
        ///
        /// Of rows of one kind the latest wins, and what was last to arrive among equal times. Where a pair has rows of
        /// several kinds, its newest row says whether it is a positive or a dislike, and of what says the same the
        /// strongest stands, with its own rating and time: a purchase is not undone by a later view, but by a dislike.
        /// What fades is as old as it is older than the newest rows of all, but for one in a thousand: one clock that is wrong
        /// would else have everything faded. A row without a time does not fade. A rating that lies ten times as far outside
        /// of the others' scale as that is wide is left out, and counted.
        public consuming func build() -> InteractionDataset {
            var cleaning = cleaning
            cleaning.offScaleRatings = rows.removeOffScale()
            let users = userIDs.build()
            let byUser = rows.orderedByUser(userCount: users.count)
            let newest = rows.newest
            var kept: [Int] = []
            kept.reserveCapacity(rows.users.count)
            var offsets = [0]
            for user in 0..<users.count {
                let own = byUser.order[byUser.offsets[user]..<byUser.offsets[user + 1]]
                kept += rows.merged(own, newest: newest, &cleaning)
                offsets.append(kept.count)
            }
            return InteractionDataset(
                userIDs: users,
                itemIDs: itemIDs.build(),
                userOffsets: offsets,
                items: kept.map { rows.items[$0] },
                ratings: kept.map { rows.ratings[$0] },
                weights: kept.map { rows.evidence(of: $0, newest: newest) },
                timestamps: kept.map { rows.timestamps[$0] },
                cleaning: cleaning
            )
        }
    }
}
