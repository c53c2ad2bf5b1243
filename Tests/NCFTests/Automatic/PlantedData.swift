@testable import NCF

/// Made-up interactions whose best model is known.
enum PlantedData {
    /// Adds users who take three items of one shelf each; an item is named by its number, shelf after shelf.
    static func addShelves(_ shelves: Int, of items: Int, users: Int, to builder: inout InteractionDataset.Builder) {
        var random = SplitMix64(seed: 4)
        for user in 0..<users {
            let shelf = random.below(shelves)
            for _ in 0..<3 {
                let item = shelf * items + random.below(items)
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: 0)
            }
        }
    }

    /// Users who like the items of their own group of `groups`, in a random order; with a time each if `timed`.
    static func groups(
        users: Int, items: Int, perUser: Int, groups: Int, timed: Bool = true, rated: Bool = false
    ) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 21)
        for user in 0..<users {
            let own = (0..<items).filter { $0 % groups == user % groups }.shuffled(using: &random)
            for (place, item) in own.prefix(perUser).enumerated() {
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: rated ? 4 : nil,
                    timestamp: timed ? Int64(place) + 1 : 0)
            }
        }
        return builder.build()
    }

    /// Users who each take 8 of the 12 items of their niche, and 10 of the 40 that everybody takes.
    static func niches(users: Int, niches: Int) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 26)
        for user in 0..<users {
            let own = (0..<12).map { "n\(user % niches)-\($0)" }.shuffled(using: &random).prefix(8)
            let popular = (0..<40).map { "p\($0)" }.shuffled(using: &random).prefix(10)
            for item in own + popular { builder.add(userID: "\(user)", itemID: item, rating: nil) }
        }
        return builder.build()
    }

    /// Users who take runs of four items that follow each other, each run beginning anywhere: only the last item tells the next.
    static func runs(users: Int, items: Int, runs: Int, timed: Bool) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 25)
        for user in 0..<users {
            var time: Int64 = 0
            for _ in 0..<runs {
                let first = random.below(items)
                for step in 0..<4 {
                    time += 1
                    builder.add(
                        userID: "\(user)", itemID: "\((first + step) % items)", rating: nil, timestamp: timed ? time : 0
                    )
                }
            }
        }
        return builder.build()
    }

    /// Items that everybody takes with one probability, which falls with their rank: nothing personal to learn.
    static func popularity(users: Int, items: Int, perUser: Int) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 22)
        for user in 0..<users {
            var taken: Set<Int> = []
            while taken.count < perUser {
                let item = Int(Double(items) * random.nextUnit() * random.nextUnit() * random.nextUnit())
                if taken.insert(item).inserted { builder.add(userID: "\(user)", itemID: "\(item)", rating: nil) }
            }
        }
        return builder.build()
    }

    /// A table nearly full of ratings: everybody has nearly everything, with a rating that depends on user and item.
    static func ratings(users: Int, items: Int) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 23)
        for user in 0..<users {
            for item in 0..<items where random.below(4) > 0 {
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: (user + item) % 2 == 0 ? 5 : 1,
                    timestamp: Int64(random.below(1000)))
            }
        }
        return builder.build()
    }

    /// A table more than half full of ratings below and above 0: everybody rates the first half of the items, which half of them like, and
    /// some of the others, which most like.
    static func gauge(users: Int, items: Int) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 27)
        for user in 0..<users {
            for item in 0..<items where item < items / 2 || random.below(10) == 0 {
                let taste: Float = (user + item) % 2 == 0 ? 3 : -3
                let rating = item < items / 2 ? taste : 2 + taste / 2
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: rating + Float(random.nextUnit()),
                    timestamp: Int64(random.below(1000)))
            }
        }
        return builder.build()
    }

    /// A table more than half full, in which what most people take is what they like least.
    static func unpopularRatings(users: Int, items: Int) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        var random = SplitMix64(seed: 24)
        for user in 0..<users {
            for item in 0..<items where random.nextUnit() > 0.9 * Double(item) / Double(items) {
                builder.add(
                    userID: "\(user)", itemID: "\(item)", rating: Float(1 + 4 * item / items + random.below(2)),
                    timestamp: Int64(random.below(1000)))
            }
        }
        return builder.build()
    }
}
