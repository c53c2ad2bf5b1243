/// Draws an index with a given weight in constant time (Vose's alias method, 1991).
struct AliasTable: Sendable {
    private var thresholds: [Double]
    private var aliases: [Int32]

    /// Prepares `weights`, which are positive; linear.
    init(weights: [Double]) {
        let count = weights.count
        let mean = weights.reduce(0, +) / Double(count)
        var scaled = weights.map { $0 / mean }
        thresholds = [Double](repeating: 1, count: count)
        aliases = (0..<count).map { Int32($0) }
        var small = scaled.indices.filter { scaled[$0] < 1 }
        var large = scaled.indices.filter { scaled[$0] >= 1 }
        while let less = small.popLast(), let more = large.last {
            thresholds[less] = scaled[less]
            aliases[less] = Int32(more)
            scaled[more] -= 1 - scaled[less]
            if scaled[more] < 1 {
                large.removeLast()
                small.append(more)
            }
        }
    }

    /// An index.
    func draw(_ random: inout SplitMix64) -> Int {
        let column = random.below(thresholds.count)
        return random.unit() < thresholds[column] ? column : Int(aliases[column])
    }
}
