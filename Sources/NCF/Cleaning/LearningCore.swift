/// Who and what is learned from, when ``CleaningRules`` have been applied.
///
/// Users and items that are too rare leave, and with them their interactions, by which others become too rare, until all that are
/// left have enough: the k-core of the bipartite graph (Seidman 1983; Batagelj and Zaveršnik 2003), with a k for either side.
/// There is exactly one, whatever the order in which they leave.
public struct LearningCore: Sendable {
    /// Users who are not in it, though they have interactions, bots apart.
    let rareUsers: ItemSet
    /// Items that are not in it, though they have interactions.
    let rareItems: ItemSet
    /// Users who are left out as bots.
    let bots: ItemSet
    /// Whether everybody and everything is in it.
    public let isWhole: Bool

    /// Finds it; O(interactions + users + items), and nothing where the rules keep everything.
    init(_ dataset: InteractionDataset, rules: CleaningRules, bots: ItemSet) {
        self.bots = rules.bots == .leaveOut ? bots : ItemSet(itemCount: dataset.userCount)
        var peeling = CorePeeling(dataset, rules: rules, without: self.bots)
        peeling.run()
        rareUsers = peeling.users
        rareItems = peeling.items
        isWhole = rareUsers.isEmpty && rareItems.isEmpty && self.bots.isEmpty
    }

    /// `dataset` as it is served and measured: without the interactions of bots, and with those outside of the core as seen and
    /// nothing else (weight 0), so that none of them is held out.
    func settingAside(_ dataset: InteractionDataset) -> InteractionDataset {
        guard !isWhole else { return dataset }
        let kept = bots.isEmpty ? dataset : dataset.removing(where: { user, _ in bots.contains(user) })
        var weights = kept.weights
        kept.forEachInteraction { user, place in
            if isRare(user, kept.items[place]) { weights[place] = 0 }
        }
        return kept.weighted(by: weights)
    }

    /// What of `dataset`, or of a part of it with the same indices, is learned from: the same users and items, some without
    /// interactions.
    public func learned(from dataset: InteractionDataset) -> InteractionDataset {
        guard !isWhole else { return dataset }
        return dataset.removing(where: { user, place in isRare(user, dataset.items[place]) })
    }

    /// Whether nothing was learned of that user.
    func isUnlearned(_ user: Int) -> Bool { rareUsers.contains(user) || bots.contains(user) }

    private func isRare(_ user: Int, _ item: Int32) -> Bool {
        rareUsers.contains(user) || rareItems.contains(Int(item))
    }
}

/// Takes the rare away until none is left.
private struct CorePeeling {
    private(set) var users: ItemSet
    private(set) var items: ItemSet
    private let dataset: InteractionDataset
    private let rules: CleaningRules
    private let usersOfItems: TransposedInteractions?
    private let bots: ItemSet
    private var userCounts: [Int32]
    private var itemCounts: [Int32]

    init(_ dataset: InteractionDataset, rules: CleaningRules, without bots: ItemSet) {
        self.dataset = dataset
        self.rules = rules
        self.bots = bots
        users = ItemSet(itemCount: dataset.userCount)
        items = ItemSet(itemCount: dataset.itemCount)
        let isNeeded = rules.minimumUserInteractions > 1 || rules.minimumItemInteractions > 1
        usersOfItems = isNeeded ? TransposedInteractions(dataset) : nil
        (userCounts, itemCounts) = isNeeded ? dataset.interactionCounts(without: bots) : ([], [])
    }

    mutating func run() {
        guard let usersOfItems else { return }
        // Those that are to leave and whose interactions still count.
        var leaving: [(isUser: Bool, index: Int)] = []
        for user in userCounts.indices where isRare(user: user) { leave(user: user, &leaving) }
        for item in itemCounts.indices where isRare(item: item) { leave(item: item, &leaving) }
        while let next = leaving.popLast() {
            if next.isUser {
                for item in dataset.items(of: next.index) where !items.contains(Int(item)) {
                    itemCounts[Int(item)] -= 1
                    if isRare(item: Int(item)) { leave(item: Int(item), &leaving) }
                }
            } else {
                for place in usersOfItems.offsets[next.index]..<usersOfItems.offsets[next.index + 1] {
                    let user = Int(usersOfItems.users[place])
                    guard !users.contains(user), !bots.contains(user) else { continue }
                    userCounts[user] -= 1
                    if isRare(user: user) { leave(user: user, &leaving) }
                }
            }
        }
    }

    /// Whoever lost the last interaction is out as well.
    private func isRare(user: Int) -> Bool {
        userCounts[user] < rules.minimumUserInteractions && !bots.contains(user)
            && !dataset.interactions(of: user).isEmpty
    }

    private func isRare(item: Int) -> Bool { itemCounts[item] < rules.minimumItemInteractions }

    private mutating func leave(user: Int, _ leaving: inout [(isUser: Bool, index: Int)]) {
        guard !users.contains(user) else { return }
        users.insert(user)
        leaving.append((true, user))
    }

    private mutating func leave(item: Int, _ leaving: inout [(isUser: Bool, index: Int)]) {
        guard !items.contains(item) else { return }
        items.insert(item)
        leaving.append((false, item))
    }
}
