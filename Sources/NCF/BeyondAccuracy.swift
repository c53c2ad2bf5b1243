internal import Glibc

/// What the first K recommendations of many users are like, whether or not they are right.
public struct BeyondAccuracy: Sendable, Equatable {
    /// K.
    public let cutoff: Int
    /// How many lists it is about.
    public let lists: Int
    /// The share of the catalogue that is in at least one list.
    public let coverage: Double
    /// The mean surprise of a recommended item, log₂(users / interactions of the item) bits (Zhou et al. 2010); an item
    /// without interactions counts as one with a single one.
    public let novelty: Double
    /// The mean of 1 − cosine over the pairs of items in a list (Ziegler et al. 2005), an item being the set of users who
    /// interacted with it: 0 where everybody who took one took the other too, 1 where nobody did.
    public let diversity: Double
    /// How unevenly the lists are spread over the catalogue: 0 where every item is recommended as often, near 1 where one
    /// is everybody's (the Gini coefficient over all items).
    public let gini: Double

    /// Measures the first `cutoff` of each of `lists`; O(lists · cutoff² + co-occurrences of the pairs recommended).
    ///
    /// - Parameter train: What the lists were made from.
    public init(lists: [[Int32]], cutoff: Int, train: InteractionDataset) {
        self.cutoff = cutoff
        let train = train.withoutDislikes()
        let lists = lists.map { $0.prefix(cutoff) }
        self.lists = lists.count
        var interactions = [Int](repeating: 0, count: train.itemCount)
        for item in train.items { interactions[Int(item)] += 1 }
        var recommended = [Int](repeating: 0, count: train.itemCount)
        var surprise = 0.0
        for item in lists.joined() {
            recommended[Int(item)] += 1
            surprise += log2(Double(max(1, train.userCount)) / Double(max(1, interactions[Int(item)])))
        }
        let total = recommended.reduce(0, +)
        coverage = train.itemCount == 0 ? 0 : Double(recommended.count { $0 > 0 }) / Double(train.itemCount)
        novelty = total == 0 ? 0 : surprise / Double(total)
        gini = Self.gini(recommended)
        diversity = ItemPairs(lists: lists, train: train).meanDistance
    }

    /// Σ (2k − n − 1) x₍ₖ₎ / (n Σ x), x ascending, k from 1.
    private static func gini(_ counts: [Int]) -> Double {
        let total = counts.reduce(0, +)
        guard total > 0 else { return 0 }
        var sum = 0.0
        for (index, count) in counts.sorted().enumerated() where count > 0 {
            sum += Double(2 * (index + 1) - counts.count - 1) * Double(count)
        }
        return sum / (Double(counts.count) * Double(total))
    }

    /// Every figure by name.
    public var byName: [String: Double] {
        ["coverage": coverage, "novelty": novelty, "diversity": diversity, "gini": gini, "lists": Double(lists)]
    }
}

/// The pairs of items that are together in lists, and how far apart the items of each are.
private struct ItemPairs {
    /// The mean over lists of the mean distance within a list; lists of one item have none.
    let meanDistance: Double

    init(lists: [ArraySlice<Int32>], train: InteractionDataset) {
        var partners: [Int32: Set<Int32>] = [:]
        for list in lists {
            for (place, item) in list.enumerated() {
                for other in list.dropFirst(place + 1) {
                    partners[min(item, other), default: []].insert(max(item, other))
                }
            }
        }
        let similarities = Self.cosines(of: partners, train)
        var (sum, measured) = (0.0, 0)
        for list in lists where list.count > 1 {
            var distance = 0.0
            for (place, item) in list.enumerated() {
                for other in list.dropFirst(place + 1) {
                    distance += 1 - (similarities[Pair(first: min(item, other), second: max(item, other))] ?? 0)
                }
            }
            sum += distance / Double(list.count * (list.count - 1) / 2)
            measured += 1
        }
        meanDistance = measured == 0 ? 0 : sum / Double(measured)
    }

    private struct Pair: Hashable {
        var first: Int32
        var second: Int32
    }

    /// |users of both| / √(|users of one| · |users of the other|), by marking the users of the first item of many pairs.
    private static func cosines(of partners: [Int32: Set<Int32>], _ train: InteractionDataset) -> [Pair: Double] {
        let byItem = UsersOfItems(train)
        var marks = [Int32](repeating: -1, count: train.userCount)
        var cosines: [Pair: Double] = [:]
        for (first, others) in partners {
            let users = byItem.users(of: first)
            for user in users { marks[Int(user)] = first }
            for second in others {
                let theirs = byItem.users(of: second)
                let both = theirs.count { marks[Int($0)] == first }
                guard both > 0 else { continue }
                cosines[Pair(first: first, second: second)] =
                    Double(both) / (Double(users.count) * Double(theirs.count)).squareRoot()
            }
        }
        return cosines
    }
}

/// The interactions by item.
private struct UsersOfItems {
    private var offsets: [Int]
    private var users: [Int32]

    init(_ dataset: InteractionDataset) {
        var starts = [Int](repeating: 0, count: dataset.itemCount + 1)
        for item in dataset.items { starts[Int(item) + 1] += 1 }
        for item in 0..<dataset.itemCount { starts[item + 1] += starts[item] }
        offsets = starts
        users = Array(repeating: 0, count: dataset.items.count)
        for user in 0..<dataset.userCount {
            for item in dataset.items(of: user) {
                users[starts[Int(item)]] = Int32(user)
                starts[Int(item)] += 1
            }
        }
    }

    func users(of item: Int32) -> ArraySlice<Int32> { users[offsets[Int(item)]..<offsets[Int(item) + 1]] }
}
