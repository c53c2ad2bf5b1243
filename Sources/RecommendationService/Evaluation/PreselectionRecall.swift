import NCF

/// What lists lack that are ranked of preselected items (``ServingOptions``): the figures of an evaluation are those of the whole
/// model, which scores every item.
public struct PreselectionRecall: Sendable, Equatable {
    /// Of how many users, at most, the lists are looked at: each costs a pass of the dense layers over the catalogue.
    public static let userLimit = 1000

    /// How many items are chosen for the dense layers to rank.
    public let candidates: Int
    /// How many items a list has.
    public let listLength: Int
    /// Users whose lists were looked at.
    public let users: Int
    /// The share of the exact lists' items that the lists have.
    public let recall: Double

    /// Ranks for those with anything in `holdout`, items of `train` left out as in serving.
    ///
    /// - Parameter isCancelled: Once it is true the measuring soon ends, and its figure is worth nothing.
    /// - Returns: Nil where `snapshot` scores every item.
    init?(
        of snapshot: ModelSnapshot, train: InteractionDataset, holdout: Holdout, settings: EvaluationSettings,
        isCancelled: @Sendable () -> Bool
    ) {
        listLength = settings.listLength
        guard let count = snapshot.preselectedCount(for: listLength) else { return nil }
        let measured = holdout.sample(users: Self.userLimit, seed: settings.seed)
        let subjects = measured.items.indices.filter { !measured.items[$0].isEmpty }.map { user in
            RankingSubject(.user(user), hidden: Array(train.items(of: user)))
        }
        candidates = count
        users = subjects.count
        recall = snapshot.recallOfPreselection(for: subjects, limit: listLength, isEnded: isCancelled)
    }
}
