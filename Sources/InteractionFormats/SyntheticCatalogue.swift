import InteractionStorage

/// The planted structure: who belongs to which group, and the items as a catalogue.
struct SyntheticCatalogue: Sendable {
    private let groups: Int
    private let seed: UInt64
    // itemAt[r * groups + g] is the item of rank r in group g; placeOf is the way back.
    private let itemAt: [Int32]
    private let placeOf: [Int32]

    init(_ configuration: SyntheticInteractions.Configuration) {
        groups = configuration.groups
        seed = configuration.seed
        var random = SplitMix64(seed: SplitMix64.mix(configuration.seed))
        var order = (0..<configuration.items).map { Int32($0) }
        order.shuffle(using: &random)
        var places = [Int32](repeating: 0, count: order.count)
        for (place, item) in order.enumerated() { places[Int(item)] = Int32(place) }
        itemAt = order
        placeOf = places
    }

    /// How many items a group has: their number differs by one at most.
    static func groupSize(_ group: Int, _ configuration: SyntheticInteractions.Configuration) -> Int {
        (configuration.items - group + configuration.groups - 1) / configuration.groups
    }

    func item(group: Int, rank: Int) -> Int { Int(itemAt[rank * groups + group]) }

    func group(ofItem item: Int) -> Int { Int(placeOf[item]) % groups }

    func group(ofUser user: Int) -> Int {
        // Each run of `groups` users has one of each group, turned by a number that the seed and the run give.
        let run = user / groups
        let turn = SplitMix64.mix(seed ^ UInt64(run) &* 0xD134_2543_DE82_EF95)
        return (user % groups + Int(turn % UInt64(groups))) % groups
    }

    /// How much better than others of its kind an item is, in ±0.5.
    func quality(ofItem item: Int) -> Double {
        Double(hash(item) >> 11) * 0x1p-53 - 0.5
    }

    /// The item with its invented title, the genre of its group as tag and attribute, and a year.
    func item(_ index: Int) -> Item {
        let hash = SplitMix64.mix(hash(index))
        let genre = genre(group(ofItem: index))
        let year = 1960 + Int(hash % 65)
        let adjective = Self.adjectives[Int((hash >> 8) % UInt64(Self.adjectives.count))]
        let noun = Self.nouns[Int((hash >> 24) % UInt64(Self.nouns.count))]
        var item = Item(id: String(index + 1), title: "\(adjective) \(noun) \(index + 1) (\(year))", tags: [genre])
        item.attributes = ["genres": .strings([genre]), "year": .number(Double(year))]
        return item
    }

    private func hash(_ item: Int) -> UInt64 {
        SplitMix64.mix(seed &+ UInt64(item + 1) &* 0x9E37_79B9_7F4A_7C15)
    }

    private func genre(_ group: Int) -> String {
        let name = Self.genres[group % Self.genres.count]
        return group < Self.genres.count ? name : "\(name) \(group / Self.genres.count + 1)"
    }

    private static let genres = [
        "Drama", "Comedy", "Thriller", "Romance", "Adventure", "Crime", "Science Fiction", "Horror", "Documentary",
        "Western", "Musical", "Mystery", "War", "Fantasy", "Animation", "History",
    ]
    private static let adjectives = [
        "Amber", "Broken", "Crimson", "Distant", "Electric", "Forgotten", "Golden", "Hollow", "Iron", "Jagged", "Quiet",
        "Last", "Midnight", "Northern", "Paper", "Restless", "Silver", "Thousandth", "Velvet", "Winter",
    ]
    private static let nouns = [
        "Archive", "Bridge", "Carousel", "Divide", "Ember", "Frontier", "Garden", "Harbour", "Island", "Journey", "Key",
        "Lantern", "Meadow", "Orchard", "Parade", "River", "Signal", "Tower", "Voyage", "Window",
    ]
}
