extension InteractionDataset {
    /// Gathers rows in any order and makes a dataset of them, repairing what ``DatasetCleaning`` then reports.
    public struct Builder {
        private var userIDs = IDMap.Builder()
        private var itemIDs = IDMap.Builder()
        private var rows = BuilderRows()
        private var cleaning = DatasetCleaning()
        private let latest: Int64

        /// Times before this are told as impossible: 1990, before which nobody recorded interactions, and in which milliseconds of
        /// 1970 lie that were meant for seconds of today.
        static let earliestTime: Int64 = 631_152_000_000
        /// How far ahead of the clock a time may be: clocks differ, and so do the zones of those who forget theirs.
        public static let greatestLead: Int64 = 86_400_000

        /// A builder without rows.
        ///
        /// - Parameter now: The time in milliseconds since 1970, by which rows of the future are told; nil tells none. It decides
        ///   about the report alone: the same rows make the same dataset at any time.
        public init(now: Int64? = nil) {
            latest = now.map { $0 + Self.greatestLead } ?? .max
        }

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
            func example(_ detail: String) -> DatasetCleaning.Example {
                .init(userID: userID, itemID: itemID, detail: detail)
            }
            if let rating, !rating.isFinite {
                return cleaning.note(.nonFiniteRatings, example("rating: \(rating)"))
            }
            guard weight.isFinite, weight >= 0 else {
                return cleaning.note(.invalidWeights, example("weight: \(weight)"))
            }
            if rating == nil { cleaning.note(.missingRatings, example("no rating")) }
            if timestamp == 0 {
                cleaning.note(.missingTimes, example("no time"))
            } else if timestamp < Self.earliestTime {
                cleaning.note(.earlyTimes, example("milliseconds since 1970: \(timestamp)"))
            } else if timestamp > latest {
                cleaning.note(.futureTimes, example("milliseconds since 1970: \(timestamp)"))
            }
            rows.append(
                user: Int32(userIDs.intern(userID)), item: Int32(itemIDs.intern(itemID)), rating: rating ?? .nan,
                weight: weight, timestamp: timestamp, kind: kind)
        }

        /// Leaves an interaction out and counts it, because interactions of its kind are refused.
        ///
        /// - Parameter kind: Its name.
        public mutating func addRefusedKind(userID: String, itemID: String, kind: String) {
            cleaning.rows += 1
            cleaning.note(.refusedKinds, .init(userID: userID, itemID: itemID, detail: "kind: \(kind)"))
        }

        /// Sorts the rows by user and time and merges repeated pairs; O(n log n) in the rows of a user.
        ///
        /// Of rows of one kind the latest wins, and what was last to arrive among equal times. Where a pair has rows of
        /// several kinds, its newest row that counts for anything says whether it is a positive or a dislike, and of what
        /// says the same the strongest stands, with its own rating and time: a purchase is not undone by a later view, but by a
        /// dislike. A row without a time comes right after what had come before it.
        /// What fades is as old as it is older than the newest rows of all, but for one in a thousand: one clock that is wrong
        /// would else have everything faded. A row without a time does not fade. A rating that lies ten times as far outside
        /// of the others' scale as that is wide is left out, and counted.
        public consuming func build() -> InteractionDataset {
            var cleaning = cleaning
            // What all rows lack is no fault of any.
            for missing in [CleaningFinding.missingRatings, .missingTimes] where cleaning[missing] == rows.users.count {
                cleaning.withdraw(missing)
            }
            let users = userIDs.build()
            let items = itemIDs.build()
            let example = { (user: Int32, item: Int32, detail: String) in
                DatasetCleaning.Example(userID: users[Int(user)], itemID: items[Int(item)], detail: detail)
            }
            rows.removeOffScale { user, item, rating in
                cleaning.note(.offScaleRatings, example(user, item, "rating: \(rating)"))
            }
            rows.placeUntimed(userCount: users.count)
            let byUser = rows.orderedByUser(userCount: users.count)
            let newest = rows.newest
            var kept: [Int] = []
            kept.reserveCapacity(rows.users.count)
            var offsets = [0]
            var marks = [Int32](repeating: -1, count: items.count)
            for user in 0..<users.count {
                let own = byUser.order[byUser.offsets[user]..<byUser.offsets[user + 1]]
                kept += rows.merged(own, newest: newest, marks: &marks) { finding, row, detail in
                    cleaning.note(finding, example(rows.users[row], rows.items[row], detail()))
                }
                offsets.append(kept.count)
            }
            return InteractionDataset(
                userIDs: users,
                itemIDs: items,
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
