import CKernels
import Glibc

/// Draws items that a user has not interacted with, in proportion to a power of their popularity.
///
/// An item has a mass, an integer, so that sums of masses are exact. What is drawn is a place in the mass of the user's
/// non-positives; bisecting the masses that lie below each of the user's positives, and then those below each item, finds
/// whose it is: exactly by the masses, in O(log positives + log items) for every user alike, and the items' part, by a table of where to
/// begin (Chen and Asau 1974), in O(1) on average. (Drawing from all items by an alias table
/// until one is no positive takes O(1) a try, but for who has seen most of what is popular there are many.) Beside
/// the dataset it takes 12 bytes an interaction, 16 an item and 8 a user.
struct PopularitySampler: Sendable {
    /// What the masses add up to, about: more than any catalogue has items, and small enough for Double to be exact.
    private static let scale = 0x1p48

    private let offsets: [Int]
    // By user, ascending.
    private let positives: [Int32]
    // Beside each positive the mass of the user's non-positives below it.
    private let gapsBelow: [Int64]
    // How much mass lies below each item; one more than there are items.
    private let massBelow: [Int64]
    // The item that has the mass at each multiple of 2^guideShift, and at last the last item.
    private let guides: [Int32]
    private let guideShift: Int
    // By user, of all its non-positives.
    private let candidateMass: [Int64]

    /// Masses in proportion to max(1, users of the item)^`exponent`: an item nobody interacted with counts as if one had, for it has
    /// to be a negative now and then to be ranked at all.
    init(dataset: InteractionDataset, exponent: Double) {
        offsets = dataset.userOffsets
        var users = [Double](repeating: 0, count: dataset.itemCount)
        for (item, weight) in zip(dataset.items, dataset.weights) where weight > 0 { users[Int(item)] += 1 }
        let powers = users.map { pow(max(1, $0), exponent) }
        let factor = Self.scale / max(1, powers.reduce(0, +))
        var total: Int64 = 0
        massBelow =
            [0]
            + powers.map { power in
                total += max(1, Int64((power * factor).rounded()))
                return total
            }
        (guides, guideShift) = Self.guides(massBelow)
        var positives: [Int32] = []
        var gaps: [Int64] = []
        var masses: [Int64] = []
        positives.reserveCapacity(dataset.interactionCount)
        gaps.reserveCapacity(dataset.interactionCount)
        for user in 0..<dataset.userCount {
            var own: Int64 = 0
            for item in dataset.items(of: user).sorted() {
                positives.append(item)
                gaps.append(massBelow[Int(item)] - own)
                own += massBelow[Int(item) + 1] - massBelow[Int(item)]
            }
            masses.append(total - own)
        }
        self.positives = positives
        gapsBelow = gaps
        candidateMass = masses
    }

    /// The probability that `item`, one that `user` has not interacted with, is drawn for `user`.
    func probability(of item: Int32, user: Int) -> Double {
        Double(massBelow[Int(item) + 1] - massBelow[Int(item)]) / Double(candidateMass[user])
    }

    /// An item that `user` has not interacted with; nil if there is none.
    func draw(user: Int, using random: inout SplitMix64) -> Int32? {
        let mass = candidateMass[user]
        guard mass > 0 else { return nil }
        let place = Int64(random.below(Int(mass)))
        // To the place among the non-positives comes the mass of the positives below it: those with no more than that below
        // them which is no positive's.
        let start = offsets[user]
        let count = offsets[user + 1] - start
        let below = Self.countAtMost(place, in: gapsBelow, from: start, count: count)
        let positiveMass =
            below < count
            ? massBelow[Int(positives[start + below])] - gapsBelow[start + below]
            : massBelow[massBelow.count - 1] - mass
        return item(at: place + positiveMass)
    }

    /// Whose mass `place` is.
    private func item(at place: Int64) -> Int32 {
        let guide = Int(place >> Int64(guideShift))
        let first = Int(guides[guide])
        let count = Int(guides[guide + 1]) - first
        return Int32(first + Self.countAtMost(place, in: massBelow, from: first + 1, count: count))
    }

    /// Between one and two for every item, or nearly so.
    private static func guides(_ massBelow: [Int64]) -> (items: [Int32], shift: Int) {
        let (items, total) = (massBelow.count - 1, massBelow[massBelow.count - 1])
        var shift = 0
        while total >> Int64(shift) > 2 * Int64(items) { shift += 1 }
        var guides: [Int32] = []
        var item: Int32 = 0
        var mass: Int64 = 0
        while mass < total {
            while massBelow[Int(item) + 1] <= mass { item += 1 }
            guides.append(item)
            mass += 1 << Int64(shift)
        }
        return (guides + [Int32(max(0, items - 1))], shift)
    }

    /// Asks for what a draw for `user` reads first to be brought near.
    func prefetch(user: Int) {
        let start = offsets[user]
        let bytes = (offsets[user + 1] - start) * MemoryLayout<Int64>.size
        unsafe gapsBelow.withUnsafeBufferPointer { gaps in
            guard let base = gaps.baseAddress else { return }
            // As with uniform draws: of long histories the beginning is enough.
            unsafe nectar_prefetch(base + start, Int64(min(bytes, 1024)))
        }
    }

    private static func countAtMost(_ limit: Int64, in values: [Int64], from start: Int, count: Int) -> Int {
        guard count > 0 else { return 0 }
        precondition(start >= 0 && start + count <= values.count)
        return unsafe values.withUnsafeBufferPointer { all in
            guard let base = all.baseAddress else { return 0 }
            return unsafe Int(nectar_count_at_most_wide(base + start, Int64(count), limit))
        }
    }
}
