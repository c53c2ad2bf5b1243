/// Which way the vectors of some items point, side by side: their products are the cosines that
/// ``ModelSnapshot/similar(item:limit:excluding:)`` goes by.
public struct ItemDirections: Sendable {
    /// An item, as far as a model can say where it lies.
    public enum Subject: Sendable {
        /// One that the model knows, by its index.
        case known(Int)
        /// One that it knows by features.
        case featured(FeaturedItem)
        /// One that it can say nothing of, which is like no other.
        case unknown
    }

    /// How many there are.
    public let count: Int
    private let width: Int
    /// `count` rows of length 1, or 0.
    private let rows: [Float]

    fileprivate init(_ vectors: [[Float]], weights: [Float]) {
        (count, width) = (vectors.count, weights.count)
        let scales = weights.map { $0.squareRoot() }
        rows = vectors.flatMap { vector in
            guard vector.count == scales.count else { return [Float](repeating: 0, count: scales.count) }
            let row = zip(vector, scales).map { $0 * $1 }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return length > 0 && length.isFinite ? row.map { $0 / length } : row.map { _ in 0 }
        }
    }

    /// From −1 to 1; 0 with an item that lies nowhere.
    public func cosine(_ first: Int, _ second: Int) -> Float {
        precondition(first < count && second < count, "an item out of bounds")
        return unsafe rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return 0 }
            return unsafe Kernels.dot(rows + first * width, rows + second * width, count: width)
        }
    }

    /// The places of `limit` items that are relevant and unlike each other, by maximal marginal relevance (Carbonell and Goldstein 1998):
    /// each is the best of those that are left by (1 − `diversity`) · its relevance − `diversity` · its greatest cosine with one before it.
    /// The first is the most relevant one; ties are the earlier place's. O(`limit` · count · width).
    ///
    /// - Parameters:
    ///   - relevance: Of each item, best first, on any scale; it is taken between the greatest as 1 and the least as 0.
    ///   - diversity: From 0, which leaves the order, to 1, which looks at cosines alone.
    public func diverse(_ limit: Int, relevance: [Double], diversity: Double) -> [Int] {
        precondition(relevance.count == count, "a relevance for each item")
        guard let greatest = relevance.max(), let least = relevance.min() else { return [] }
        let span = greatest - least
        let shares = relevance.map { span > 0 ? ($0 - least) / span : 1 }
        var left = Array(0..<count)
        var likeness = [Float](repeating: -.infinity, count: count)
        var chosen: [Int] = []
        while chosen.count < limit, !left.isEmpty {
            var best = (position: 0, value: -Double.infinity)
            for (position, place) in left.enumerated() {
                let value =
                    chosen.isEmpty
                    ? shares[place] : (1 - diversity) * shares[place] - diversity * Double(likeness[place])
                if value > best.value { best = (position, value) }
            }
            let next = left.remove(at: best.position)
            chosen.append(next)
            for place in left { likeness[place] = max(likeness[place], cosine(place, next)) }
        }
        return chosen
    }
}

extension ModelSnapshot {
    /// Which way the vectors of `items` point.
    public func directions(of items: [ItemDirections.Subject]) -> ItemDirections {
        let (rows, weights) = itemVectors
        let vectors = items.map { item -> [Float] in
            switch item {
            case .known(let index): Array(rows[index * weights.count..<(index + 1) * weights.count])
            case .featured(let item): model.architecture.hasGMF ? item.gmf : item.half
            case .unknown: []
            }
        }
        return ItemDirections(vectors, weights: weights)
    }
}
