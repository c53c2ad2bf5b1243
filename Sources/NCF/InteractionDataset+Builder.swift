extension InteractionDataset {
    /// Gathers rows in any order and makes a dataset of them, repairing what ``DatasetCleaning`` then reports.
    public struct Builder {
        private var userIDs = IDMap.Builder()
        private var itemIDs = IDMap.Builder()
        private var rows = Rows()
        private var cleaning = DatasetCleaning()

        /// A builder without rows.
        public init() {}

        /// Adds one interaction, or leaves it out and counts it if a number in it is unusable.
        ///
        /// - Parameters:
        ///   - userID: Whose it is.
        ///   - itemID: What it is with.
        ///   - rating: On any scale; nil for none.
        ///   - weight: How much it counts; not negative.
        ///   - timestamp: In milliseconds since 1970; 0 is unknown.
        public mutating func add(
            userID: String, itemID: String, rating: Float?, weight: Float = 1, timestamp: Int64 = 0
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
            rows.users.append(Int32(userIDs.intern(userID)))
            rows.items.append(Int32(itemIDs.intern(itemID)))
            rows.ratings.append(rating ?? .nan)
            rows.weights.append(weight)
            rows.timestamps.append(timestamp)
        }

        /// Sorts the rows by user and time and merges repeated pairs: the latest wins, and what was last to arrive among
        /// equal times. O(n log n) in the rows of a user.
        public consuming func build() -> InteractionDataset {
            let users = userIDs.build()
            let byUser = rows.orderedByUser(userCount: users.count)
            var cleaning = cleaning
            var kept: [Int] = []
            kept.reserveCapacity(rows.users.count)
            var offsets = [0]
            for user in 0..<users.count {
                let own = byUser.order[byUser.offsets[user]..<byUser.offsets[user + 1]]
                kept += rows.merged(own, &cleaning)
                offsets.append(kept.count)
            }
            return InteractionDataset(
                userIDs: users,
                itemIDs: itemIDs.build(),
                userOffsets: offsets,
                items: kept.map { rows.items[$0] },
                ratings: kept.map { rows.ratings[$0] },
                weights: kept.map { rows.weights[$0] },
                timestamps: kept.map { rows.timestamps[$0] },
                cleaning: cleaning
            )
        }
    }
}

extension InteractionDataset {
    /// The rows of a builder as columns, in the order of arrival.
    private struct Rows {
        var users: [Int32] = []
        var items: [Int32] = []
        var ratings: [Float] = []
        var weights: [Float] = []
        var timestamps: [Int64] = []

        /// The rows grouped by user, each group in the order of arrival (a counting sort).
        func orderedByUser(userCount: Int) -> (order: [Int], offsets: [Int]) {
            var offsets = [Int](repeating: 0, count: userCount + 1)
            for user in users { offsets[Int(user) + 1] += 1 }
            for user in 0..<userCount { offsets[user + 1] += offsets[user] }
            var next = offsets
            var order = [Int](repeating: 0, count: users.count)
            for row in users.indices {
                let user = Int(users[row])
                order[next[user]] = row
                next[user] += 1
            }
            return (order, offsets)
        }

        /// Of one user's rows, the one to keep for each item, sorted by time and arrival.
        func merged(_ own: ArraySlice<Int>, _ cleaning: inout DatasetCleaning) -> [Int] {
            let byItem = own.sorted { sortKey($0) < sortKey($1) }
            var kept: [Int] = []
            var start = 0
            while start < byItem.count {
                var end = start + 1
                while end < byItem.count, items[byItem[end]] == items[byItem[start]] { end += 1 }
                kept.append(latest(byItem[start..<end], &cleaning))
                start = end
            }
            return kept.sorted { (timestamps[$0], $0) < (timestamps[$1], $1) }
        }

        /// Brings equal rows next to each other, and the rows of a pair together.
        private func sortKey(_ row: Int) -> (Int32, Int64, UInt32, UInt32, Int) {
            (items[row], timestamps[row], ratings[row].bitPattern, weights[row].bitPattern, row)
        }

        /// The row that stands for all rows of one pair.
        private func latest(_ pair: ArraySlice<Int>, _ cleaning: inout DatasetCleaning) -> Int {
            var winner = pair[pair.startIndex]
            for row in pair where (timestamps[row], row) > (timestamps[winner], winner) { winner = row }
            var different: [Int] = []
            for row in pair {
                if let last = different.last, isRepetition(row, of: last) {
                    cleaning.exactDuplicates += 1
                } else {
                    different.append(row)
                }
            }
            cleaning.repeatedPairs += different.count - 1
            let winning = ratings[winner].bitPattern
            cleaning.conflictingRatings += different.count { ratings[$0].bitPattern != winning }
            return winner
        }

        private func isRepetition(_ row: Int, of other: Int) -> Bool {
            timestamps[row] == timestamps[other] && weights[row] == weights[other]
                && ratings[row].bitPattern == ratings[other].bitPattern
        }
    }
}
