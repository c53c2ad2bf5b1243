/// How many interactions each user still has to make; draws the next user in proportion to what is left.
///
/// A Fenwick tree (1994): a draw and its decrement take O(log users). Drawing so until nothing is left shuffles all
/// users' interactions uniformly, without ever holding them.
struct RemainingQuotas: Sendable {
    private var tree: [Int]
    private let topStep: Int
    private(set) var total: Int

    init(_ quotas: [Int]) {
        tree = [0] + quotas
        total = quotas.reduce(0, +)
        for index in 1..<tree.count {
            let parent = index + (index & -index)
            if parent < tree.count { tree[parent] += tree[index] }
        }
        var step = 1
        while step * 2 < tree.count { step *= 2 }
        topStep = step
    }

    /// The user of the next interaction; there must be one left.
    mutating func draw(_ random: inout SplitMix64) -> Int {
        var rest = random.below(total)
        var position = 0
        var step = topStep
        while step > 0 {
            let next = position + step
            if next < tree.count && tree[next] <= rest {
                rest -= tree[next]
                position = next
            }
            step /= 2
        }
        decrement(position + 1)
        return position
    }

    private mutating func decrement(_ index: Int) {
        total -= 1
        var index = index
        while index < tree.count {
            tree[index] -= 1
            index += index & -index
        }
    }
}
