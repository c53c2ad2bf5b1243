public import InteractionFormats
public import NCF

/// The measurement of He et al. 2017: each user's held-out item ranked against the negatives that the split prescribes.
public enum PaperProtocol {
    /// A prescribed split as a dataset to train on and a holdout to measure on.
    public static func dataset(of split: LeaveOneOutSplit) -> (train: InteractionDataset, test: Holdout) {
        var builder = InteractionDataset.Builder()
        for pair in split.training { builder.add(userID: pair.userID, itemID: pair.itemID, rating: nil) }
        let train = builder.build()
        var items = [[Int32]](repeating: [], count: train.userCount)
        var negatives = items
        for held in split.heldOut {
            // Whoever, or whatever, is not in the training pairs has nothing learnt about it, and is not measured.
            guard let user = train.userIDs.index(of: held.pair.userID),
                let item = train.itemIDs.index(of: held.pair.itemID)
            else { continue }
            items[user] = [Int32(item)]
            negatives[user] = held.negatives.compactMap { train.itemIDs.index(of: $0).map(Int32.init) }
        }
        let ratings = items.map { $0.map { _ in Float.nan } }
        return (train, Holdout(items: items, ratings: ratings, negatives: negatives))
    }
}
