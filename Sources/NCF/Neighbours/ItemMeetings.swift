/// How often items were met with each other in one history: who is nearest to each, and the Gram matrix G of all, or of a large
/// catalogue the greatest entries of each of its rows.
struct ItemMeetings: Sendable {
    /// An item that another was met with, as one of its nearest.
    struct Neighbour: Sendable {
        var item: Int32
        /// C_ji: what of their meetings says the other of this one's being there.
        var told: Float
    }

    /// What is kept of G.
    private enum Entries: Sendable {
        /// All of it, row-major.
        case all(AlignedBuffer<Float>)
        /// The greatest by their cosines.
        case greatest(Greatest)
    }

    private struct Greatest: Sendable {
        var offsets = [0]
        /// Ascending in each row.
        var items: [Int32] = []
        var meetings: [Float] = []
        /// Whether nothing of the row is missing.
        var areWhole: [Bool] = []

        mutating func append(_ row: [(item: Int32, meetings: Float)], limit: Int) {
            areWhole.append(row.count < limit)
            for entry in row {
                items.append(entry.item)
                meetings.append(entry.meetings)
            }
            offsets.append(items.count)
        }
    }

    /// G_ii.
    let diagonal: [Float]
    /// Σ_j G_ij over the others, and that of all items.
    private let sums: [Float]
    private let total: Float
    private let nearest: [[Neighbour]]
    private let entries: Entries

    /// The nearest of `item`, by rising index.
    func nearest(to item: Int) -> [Neighbour] { nearest[item] }

    /// Items up to which all of G is kept.
    static let denseLimit = ItemItemRegression.itemLimit
    /// Entries of G that are kept of a larger catalogue, about; of each item at least ``leastShare`` times as many as it has neighbours.
    static let greatestEntries = 32_000_000
    static let leastShare = 2
    /// Of a longer history its last items count, or one of a hundred thousand would have ten thousand million meetings.
    static let longestHistory = 4096
    private static let itemsPerTask = 32
    private static let tasksAtOnce = 32

    /// Entries that are kept of each of `itemCount` items with as many `neighbours`.
    static func entriesKept(itemCount: Int, neighbours: Int, greatest: Int? = nil) -> Int {
        guard itemCount > denseLimit || greatest != nil else { return itemCount }
        return min(itemCount, max(leastShare * neighbours, (greatest ?? greatestEntries) / max(1, itemCount)))
    }

    /// - Parameters:
    ///   - weights: What each user counts.
    ///   - told: What features say of which items go together, and how often that counts as seen; nil where they say nothing.
    ///   - limit: How many are nearest, by their cosines.
    ///   - entries: How many entries of G are kept, about; nil for all of a catalogue that is no larger than ``denseLimit``.
    /// - Returns: Nil where `isCancelled` said so.
    init?(
        of dataset: InteractionDataset, weights: [Float], _ order: HistoryOrder?, _ evidence: HistoryEvidence,
        told: (cohesion: FeatureCohesion, weight: Double)? = nil, nearest limit: Int, keeping entries: Int? = nil,
        loop: ParallelLoop, isCancelled: () -> Bool
    ) {
        let (places, count) = (OccurrencesOfItems(dataset), dataset.itemCount)
        let own = evidence.isOn ? dataset.weights.map { evidence.factor(of: $0) } : []
        var diagonal = (0..<count).map { item in
            places.of(item).reduce(Float(0)) { sum, occurrence in
                let factor = own.isEmpty ? 1 : own[Int(occurrence.place)]
                return sum + weights[Int(occurrence.user)] * factor * factor
            }
        }
        let factors = order?.factors(longest: Self.longestHistory)
        let rows = (0..<loop.threads).map { _ in MeetingRow(itemCount: count) }
        let all =
            count <= Self.denseLimit && entries == nil ? AlignedBuffer<Float>(count: count * count, repeating: 0) : nil
        let kept = Self.entriesKept(itemCount: count, neighbours: limit, greatest: entries)
        @Sendable func gather(_ item: Int, in row: MeetingRow) {
            for occurrence in places.of(item) {
                let place = Int(occurrence.place)
                row.add(
                    place, of: dataset, OccurrencesOfItems.history(of: Int(occurrence.user), in: dataset),
                    weight: weights[Int(occurrence.user)] * (own.isEmpty ? 1 : own[place]), factors, own)
            }
        }
        var pairs: FeaturePairs?
        if let told {
            var learned = FeaturePairs(told.cohesion)
            let counted = loop.blocks(
                of: Self.itemsPerTask, below: count, piece: Self.tasksAtOnce, isCancelled: isCancelled
            ) { [learned] worker, items in
                items.map { item in
                    gather(item, in: rows[worker])
                    defer { rows[worker].clear() }
                    return (sum: rows[worker].sum, products: learned.products(of: item, with: rows[worker]))
                }
            }
            guard let counted = counted?.flatMap({ $0 }) else { return nil }
            learned.weigh(told.weight, meetings: counted.map { Double($0.sum) }, products: counted.map(\.products))
            for item in 0..<count { diagonal[item] += learned.own(of: item) }
            pairs = learned
        }
        let blocks = loop.blocks(
            of: Self.itemsPerTask, below: count, piece: Self.tasksAtOnce, isCancelled: isCancelled
        ) { [diagonal, pairs] worker, items in
            items.map { item in
                let row = rows[worker]
                gather(item, in: row)
                pairs?.add(item, to: row, isOrdered: factors != nil)
                let found = Row(
                    nearest: row.nearest(limit, diagonal: diagonal, backward: Float(order?.backward ?? 1)),
                    greatest: all == nil ? row.greatest(kept, diagonal: diagonal) : [], sum: row.sum)
                if let all { row.copy(to: all, at: item * count) }
                row.clear()
                return found
            }
        }
        guard let blocks else { return nil }
        let found = blocks.flatMap { $0 }
        self.diagonal = diagonal
        sums = found.map(\.sum)
        total = Float(sums.reduce(0.0) { $0 + Double($1) })
        nearest = found.map(\.nearest)
        if let all {
            self.entries = .all(all)
        } else {
            var greatest = Greatest()
            let count = found.reduce(0) { $0 + $1.greatest.count }
            greatest.items.reserveCapacity(count)
            greatest.meetings.reserveCapacity(count)
            for row in found { greatest.append(row.greatest, limit: kept) }
            self.entries = .greatest(greatest)
        }
    }

    private struct Row: Sendable {
        var nearest: [Neighbour]
        var greatest: [(item: Int32, meetings: Float)]
        var sum: Float
    }

    /// The upper triangle of G over some items, row-major. Of two that are among each other's greatest entries neither way, though either
    /// may have lost some, what their frequency alone lets expect.
    ///
    /// - Parameter places: −1 for every item, before and after.
    func gram(of items: [Neighbour], _ places: AlignedBuffer<Int32>) -> [Float] {
        let size = items.count
        var gram = [Float](repeating: 0, count: size * size)
        for (row, neighbour) in items.enumerated() { gram[row * (size + 1)] = diagonal[Int(neighbour.item)] }
        switch entries {
        case .all(let matrix):
            for (row, neighbour) in items.enumerated() {
                let start = Int(neighbour.item) * diagonal.count
                for column in row + 1..<max(row + 1, size) {
                    gram[row * size + column] = matrix[start + Int(items[column].item)]
                }
            }
        case .greatest(let greatest):
            for (row, neighbour) in items.enumerated() {
                let mean = total > 0 ? sums[Int(neighbour.item)] / total : 0
                let isWhole = greatest.areWhole[Int(neighbour.item)]
                for column in row + 1..<max(row + 1, size)
                where !isWhole && !greatest.areWhole[Int(items[column].item)] {
                    gram[row * size + column] = mean * sums[Int(items[column].item)]
                }
                places[Int(neighbour.item)] = Int32(row)
            }
            for (row, neighbour) in items.enumerated() {
                for entry in greatest.offsets[Int(neighbour.item)]..<greatest.offsets[Int(neighbour.item) + 1] {
                    let column = Int(places[Int(greatest.items[entry])])
                    guard column >= 0 else { continue }
                    gram[min(row, column) * size + max(row, column)] = greatest.meetings[entry]
                }
            }
            for neighbour in items { places[Int(neighbour.item)] = -1 }
        }
        return gram
    }
}
