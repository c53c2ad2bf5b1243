internal import Glibc

/// What a dataset is like as a whole.
public struct DatasetFigures: Sendable, Equatable {
    /// Users and items with fewer interactions are cold.
    public static let coldBelow = 5

    /// Users with interactions.
    public internal(set) var users = 0
    /// Items with interactions.
    public internal(set) var items = 0
    /// User–item pairs.
    public internal(set) var interactions = 0
    /// The share of all cells that is filled; 1 less sparsity.
    public internal(set) var density = 0.0
    /// How unevenly interactions are spread over items: 0 where all have as many, near 1 where one has all (Gini 1912).
    public internal(set) var gini = 0.0
    /// The share of all interactions that the most popular hundredth of the items has, one item at least.
    public internal(set) var topShare = 0.0
    /// The share of users with fewer than ``coldBelow`` interactions.
    public internal(set) var coldUserShare = 0.0
    /// The share of items with fewer than ``coldBelow`` interactions.
    public internal(set) var coldItemShare = 0.0
    /// The share of interactions that have a rating.
    public internal(set) var ratedShare = 0.0
    /// The standard deviation of the users' mean ratings, of those with ``coldBelow`` ratings at least: how far apart users are in
    /// what they call good. Nil where there is no such user.
    public internal(set) var userRatingDeviation: Double?
    /// The standard deviation of the ratings themselves; nil where there are none.
    public internal(set) var ratingDeviation: Double?

    /// Looks at every interaction once; O(interactions + items log items).
    init(_ dataset: InteractionDataset, userCounts: [Int32], itemCounts: [Int32]) {
        users = userCounts.count { $0 > 0 }
        items = itemCounts.count { $0 > 0 }
        interactions = dataset.interactionCount
        guard interactions > 0 else { return }
        density = Double(interactions) / (Double(users) * Double(items))
        coldUserShare = Self.coldShare(of: userCounts)
        coldItemShare = Self.coldShare(of: itemCounts)
        let ascending = itemCounts.filter { $0 > 0 }.sorted()
        gini = Self.gini(ascending)
        let top = ascending.suffix(max(1, items / 100)).reduce(0) { $0 + Int($1) }
        topShare = Double(top) / Double(interactions)
        describeRatings(of: dataset)
    }

    /// How many items make up the first hundredth.
    var topCount: Int { max(1, items / 100) }

    private static func coldShare(of counts: [Int32]) -> Double {
        let active = counts.count { $0 > 0 }
        return Double(counts.count { $0 > 0 && $0 < coldBelow }) / Double(max(1, active))
    }

    /// Σ (2k − n − 1) x₍ₖ₎ / (n Σ x), x ascending, k from 1.
    private static func gini(_ ascending: [Int32]) -> Double {
        var (sum, total) = (0.0, 0.0)
        for (index, count) in ascending.enumerated() {
            sum += Double(2 * (index + 1) - ascending.count - 1) * Double(count)
            total += Double(count)
        }
        return total > 0 ? sum / (Double(ascending.count) * total) : 0
    }

    private mutating func describeRatings(of dataset: InteractionDataset) {
        var (all, means) = (Moments(), Moments())
        for user in 0..<dataset.userCount {
            var own = Moments()
            for place in dataset.interactions(of: user) where !dataset.ratings[place].isNaN {
                own.add(Double(dataset.ratings[place]))
                all.add(Double(dataset.ratings[place]))
            }
            if own.count >= Self.coldBelow { means.add(own.mean) }
        }
        ratedShare = Double(all.count) / Double(interactions)
        ratingDeviation = all.count > 0 ? all.deviation : nil
        userRatingDeviation = means.count > 0 ? means.deviation : nil
    }
}

/// A mean and a deviation, one value after the other (Welford 1962).
struct Moments {
    private(set) var count = 0
    private(set) var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / Double(count)
        squares += distance * (value - mean)
    }

    /// Over all values, not estimated from a sample of them.
    var deviation: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }
}
