extension InteractionDataset {
    /// The same with the interactions that some users have in `other`, a dataset of the same users and items, in the place of theirs.
    func replacing(with other: InteractionDataset, where isOther: (Int) -> Bool) -> InteractionDataset {
        precondition(other.userCount == userCount && other.itemCount == itemCount, "other users or items")
        let areOthers = (0..<userCount).map(isOther)
        func joined<Element>(_ column: (InteractionDataset) -> [Element]) -> [Element] {
            let (own, others) = (column(self), column(other))
            return areOthers.enumerated().flatMap { user, isOther in
                isOther ? others[other.interactions(of: user)] : own[interactions(of: user)]
            }
        }
        var offsets = [0]
        for (user, isOther) in areOthers.enumerated() {
            offsets.append(offsets[user] + (isOther ? other : self).interactions(of: user).count)
        }
        return InteractionDataset(
            userIDs: userIDs, itemIDs: itemIDs, userOffsets: offsets, items: joined(\.items),
            ratings: joined(\.ratings),
            weights: joined(\.weights), timestamps: joined(\.timestamps), cleaning: cleaning)
    }

    /// The interactions of `users` with `items` under the indices that these have there, each user's in the order they have
    /// here; those of others are left out.
    ///
    /// - Parameter seen: For each of `users` items that come before those of this dataset, without rating or time; a pair
    ///   that is in both is kept once, where it is here.
    func reindexed(users: IDMap, items: IDMap, after seen: [[SeenItem]] = []) -> InteractionDataset {
        let itemIndices = (0..<itemCount).map { items.index(of: itemIDs[$0]).map(Int32.init) }
        var (offsets, taken, positions) = ([0], [Int32](), [Int?]())
        var weights: [Float] = []
        var marks = [Int](repeating: -1, count: items.count)
        for user in 0..<users.count {
            var own: [(item: Int32, position: Int)] = []
            // What the model has in its user's history it has with the weight that it knew.
            let told = seen.isEmpty ? [] : seen[user].filter { $0.opinion == .liked && $0.weight != nil }
            let known = Dictionary(told.map { ($0.item, $0.evidence) }) { $1 }
            if let index = userIDs.index(of: users[user]) {
                for position in interactions(of: index) {
                    guard let item = itemIndices[Int(self.items[position])] else { continue }
                    own.append((item, position))
                    marks[Int(item)] = user
                }
            }
            for earlier in seen.isEmpty ? [] : seen[user] where marks[Int(earlier.item)] != user {
                marks[Int(earlier.item)] = user
                taken.append(earlier.item)
                positions.append(nil)
                weights.append(earlier.evidence)
            }
            taken += own.map(\.item)
            positions += own.map(\.position)
            weights += own.map { item, position in
                let (stored, told) = (self.weights[position], known[item] ?? 0)
                return stored > 0 && told > 0 ? told : stored
            }
            offsets.append(taken.count)
        }
        return InteractionDataset(
            userIDs: users, itemIDs: items, userOffsets: offsets, items: taken,
            ratings: positions.map { $0.map { ratings[$0] } ?? .nan },
            weights: weights,
            timestamps: positions.map { $0.map { timestamps[$0] } ?? 0 }, cleaning: DatasetCleaning())
    }
}

extension InteractionDataset {
    /// The same with the items of `histories`, of which the liked are what vectors were made from, first and in their order, and with
    /// whatever was liked besides as seen and no more: it is in no vector, so that none loses it either.
    ///
    /// - Parameter histories: For each user items of this dataset.
    func resting(on histories: [[SeenItem]]) -> InteractionDataset {
        var (order, weights) = ([Int](), [Float]())
        order.reserveCapacity(interactionCount)
        weights.reserveCapacity(interactionCount)
        for user in 0..<userCount {
            var places = Dictionary(uniqueKeysWithValues: interactions(of: user).map { (items[$0], $0) })
            for earlier in histories[user] {
                guard let place = places.removeValue(forKey: earlier.item) else { continue }
                order.append(place)
                let weight = self.weights[place]
                weights.append(earlier.opinion == .liked ? weight : min(0, weight))
            }
            let rest = places.values.sorted()
            order += rest
            weights += rest.map { min(0, self.weights[$0]) }
        }
        return InteractionDataset(
            userIDs: userIDs, itemIDs: itemIDs, userOffsets: userOffsets, items: order.map { items[$0] },
            ratings: order.map { ratings[$0] }, weights: weights, timestamps: order.map { timestamps[$0] },
            cleaning: cleaning)
    }

    /// The same with whatever is not in `part`, a part of it with the same users and items, as seen and no more: what a model says of
    /// its users that was made from the part alone.
    public func resting(on part: InteractionDataset) -> InteractionDataset {
        precondition(part.userCount == userCount && part.itemCount == itemCount, "other users or items")
        var weights = weights
        var marks = [Int](repeating: -1, count: itemCount)
        for user in 0..<userCount {
            for item in part.items(of: user) { marks[Int(item)] = user }
            for place in interactions(of: user) where marks[Int(items[place])] != user {
                weights[place] = min(0, weights[place])
            }
        }
        return weighted(by: weights)
    }
}

extension ModelSnapshot {
    /// What the model can be measured on: what its users did with its items since it was trained, and had not done before.
    ///
    /// - Parameters:
    ///   - before: What was stored when it was trained; together with what it counts as seen this is the training part.
    ///   - since: What was stored afterwards.
    public func measurement(
        before: InteractionDataset, since: InteractionDataset
    ) -> (train: InteractionDataset, holdout: Holdout) {
        let train = before.reindexed(users: users, items: items, after: (0..<userCount).map(seen.list))
        let later = since.reindexed(users: users, items: items)
        var (heldOut, ratings) = ([[Int32]](), [[Float]]())
        var marks = [Int](repeating: -1, count: itemCount)
        for user in 0..<userCount {
            for item in train.items(of: user) { marks[Int(item)] = user }
            let fresh = later.interactions(of: user).filter {
                later.weights[$0] > 0 && marks[Int(later.items[$0])] != user
            }
            heldOut.append(fresh.map { later.items[$0] })
            ratings.append(fresh.map { later.ratings[$0] })
        }
        return (train, Holdout(items: heldOut, ratings: ratings))
    }
}
