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

/// Where each item occurs in the histories of a dataset.
private struct OccurrencesOfItems: Sendable {
    private var offsets: [Int]
    private var occurrences: [(user: Int32, place: Int32)]

    /// As much of a user's history as counts.
    static func history(of user: Int, in dataset: InteractionDataset) -> Range<Int> {
        let all = dataset.interactions(of: user)
        return max(all.lowerBound, all.upperBound - ItemMeetings.longestHistory)..<all.upperBound
    }

    /// O(interactions).
    init(_ dataset: InteractionDataset) {
        offsets = Array(repeating: 0, count: dataset.itemCount + 1)
        for user in 0..<dataset.userCount {
            for place in Self.history(of: user, in: dataset) { offsets[Int(dataset.items[place]) + 1] += 1 }
        }
        for item in 0..<dataset.itemCount { offsets[item + 1] += offsets[item] }
        var next = offsets
        occurrences = Array(repeating: (0, 0), count: offsets[dataset.itemCount])
        for user in 0..<dataset.userCount {
            for place in Self.history(of: user, in: dataset) {
                let item = Int(dataset.items[place])
                occurrences[next[item]] = (Int32(user), Int32(place))
                next[item] += 1
            }
        }
    }

    func of(_ item: Int) -> ArraySlice<(user: Int32, place: Int32)> { occurrences[offsets[item]..<offsets[item + 1]] }
}

/// Pairs of items that share a feature, as ``FeatureCohesion`` has them, where there is no matrix of all pairs.
private struct FeaturePairs: Sendable {
    /// Items that may have a feature which is looked at: of more a feature says little of each, and takes long.
    private static let mostItems = 2048

    private let cohesion: FeatureCohesion
    /// The items of each feature, and their weights; none of one of too many.
    private var members: [[(item: Int32, weight: Float)]]
    /// √g_i.
    private var roots: [Float] = []
    private var factors: [Float] = []

    init(_ cohesion: FeatureCohesion) {
        self.cohesion = cohesion
        members = Array(repeating: [], count: cohesion.featureCount)
        for (item, row) in cohesion.rows.enumerated() {
            for (index, weight) in zip(row.indices, row.weights) {
                members[Int(index)].append((Int32(item), weight))
            }
        }
        for feature in members.indices where members[feature].count > Self.mostItems { members[feature] = [] }
    }

    /// x_i Σ_{j≠i} x_j G_ij for each of the item's features.
    func products(of item: Int, with row: MeetingRow) -> [Double] {
        let features = cohesion.rows[item]
        return zip(features.indices, features.weights).map { index, weight in
            members[Int(index)].reduce(0.0) { $0 + Double(weight * $1.weight * row.meetings(Int($1.item))) }
        }
    }

    /// Learns what each feature is worth from ``products(of:with:)`` of all items.
    mutating func weigh(_ weight: Double, meetings: [Double], products: [[Double]]) {
        var sums = [Double](repeating: 0, count: members.count)
        for (row, products) in zip(cohesion.rows, products) {
            for (index, product) in zip(row.indices, products) { sums[Int(index)] += product / 2 }
        }
        for feature in members.indices where members[feature].isEmpty { sums[feature] = .nan }
        roots = meetings.map { Float($0.squareRoot()) }
        factors = cohesion.factors(weight: weight, meetings: meetings, products: sums)
    }

    /// What the features add to how often an item was there at all.
    func own(of item: Int) -> Float {
        let features = cohesion.rows[item]
        return zip(features.indices, features.weights).reduce(0) { sum, feature in
            let value = factors[Int(feature.0)] * feature.1 * roots[item]
            return sum + value * value
        }
    }

    /// Adds the pairs of an item; of an order, neither comes first.
    func add(_ item: Int, to row: MeetingRow, isOrdered: Bool) {
        let features = cohesion.rows[item]
        for (index, weight) in zip(features.indices, features.weights) where factors[Int(index)] > 0 {
            let factor = factors[Int(index)] * factors[Int(index)] * weight * roots[item]
            for member in members[Int(index)] where Int(member.item) != item {
                let value = factor * member.weight * roots[Int(member.item)]
                row.add(member.item, after: isOrdered ? value / 2 : value, before: isOrdered ? value / 2 : 0)
            }
        }
    }
}

/// The meetings of one item while they are gathered; one thread's at a time, all zero in between.
@safe
private final class MeetingRow: Sendable {
    /// F_ij: how often the others came after the item, or without an order were there at all.
    private let after: AlignedBuffer<Float>
    /// F_ji.
    private let before: AlignedBuffer<Float>
    private let touched: AlignedBuffer<Int32>
    /// How many of these there are.
    private let count: AlignedBuffer<Int>

    init(itemCount: Int) {
        after = AlignedBuffer(count: max(1, itemCount), repeating: 0)
        before = AlignedBuffer(count: max(1, itemCount), repeating: 0)
        touched = AlignedBuffer(count: max(1, itemCount), repeating: 0)
        count = AlignedBuffer(count: 1, repeating: 0)
    }

    /// Adds those of one occurrence of the item, in `place` of the history that lies in `range`.
    ///
    /// - Parameters:
    ///   - factors: What is left of `weight` over a distance; nil without an order.
    ///   - own: What the interactions count; empty where all count alike.
    func add(
        _ place: Int, of dataset: InteractionDataset, _ range: Range<Int>, weight: Float, _ factors: [Float]?,
        _ own: [Float]
    ) {
        guard let factors else {
            for other in range where other != place {
                add(dataset.items[other], after: own.isEmpty ? weight : weight * own[other], before: 0)
            }
            return
        }
        // Of items of one time neither comes first.
        var isTied = true
        for other in place + 1..<max(place + 1, range.upperBound) {
            guard other - place < factors.count else { break }
            isTied = isTied && dataset.timestamps[other] == dataset.timestamps[other - 1]
            let both = weight * factors[other - place] * (own.isEmpty ? 1 : own[other])
            add(dataset.items[other], after: isTied ? both / 2 : both, before: isTied ? both / 2 : 0)
        }
        isTied = true
        for other in (range.lowerBound..<place).reversed() {
            guard place - other < factors.count else { break }
            isTied = isTied && dataset.timestamps[other] == dataset.timestamps[other + 1]
            let both = weight * factors[place - other] * (own.isEmpty ? 1 : own[other])
            add(dataset.items[other], after: isTied ? both / 2 : 0, before: isTied ? both / 2 : both)
        }
    }

    /// Adds a meeting with another item; of less than nothing where features tell items apart, which counts as none.
    @inline(__always)
    func add(_ item: Int32, after weight: Float, before other: Float) {
        let item = Int(item)
        guard weight + other > 0 else { return }
        if after[item] == 0, before[item] == 0 {
            touched[count[0]] = Int32(item)
            count[0] += 1
        }
        after[item] += weight
        before[item] += other
    }

    /// The `limit` items of the greatest cosines, best first; what is the same for all of them is left out.
    private func best(_ limit: Int, _ diagonal: [Float]) -> [Int] {
        var best = TopK(limit: limit)
        for index in 0..<count[0] {
            let other = Int(touched[index])
            best.offer(item: other, score: meetings(other) / diagonal[other].squareRoot())
        }
        return best.unordered().map(\.item).sorted()
    }

    /// G_ij of another item.
    func meetings(_ other: Int) -> Float { after[other] + before[other] }

    /// How often the item was met with others.
    var sum: Float { (0..<count[0]).reduce(0) { $0 + meetings(Int(touched[$1])) } }

    /// The nearest items, by rising index.
    func nearest(_ limit: Int, diagonal: [Float], backward: Float) -> [ItemMeetings.Neighbour] {
        best(limit, diagonal).map {
            ItemMeetings.Neighbour(item: Int32($0), told: before[$0] + backward * after[$0])
        }
    }

    /// The greatest entries of the row, by rising index.
    func greatest(_ limit: Int, diagonal: [Float]) -> [(item: Int32, meetings: Float)] {
        best(limit, diagonal).map { (Int32($0), meetings($0)) }
    }

    /// Writes the row.
    func copy(to matrix: AlignedBuffer<Float>, at start: Int) {
        for index in 0..<count[0] { matrix[start + Int(touched[index])] = meetings(Int(touched[index])) }
    }

    /// Leaves none.
    func clear() {
        for index in 0..<count[0] {
            after[Int(touched[index])] = 0
            before[Int(touched[index])] = 0
        }
        count[0] = 0
    }
}
