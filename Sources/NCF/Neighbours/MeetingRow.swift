/// The meetings of one item while they are gathered; one thread's at a time, all zero in between.
@safe
final class MeetingRow: Sendable {
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
