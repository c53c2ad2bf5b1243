/// Which items are set against a positive as its negatives.
public enum NegativeSampling: String, Sendable, CaseIterable {
    /// Items that the user has not interacted with, each equally likely.
    case uniform
    /// Items that the user has not interacted with, in proportion to a power of how many users they have (Mikolov et al. 2013
    /// took .75 for words): they are the ones that a ranking by popularity would wrongly show.
    case popularity
    /// The positives of the groups that follow in the mini-batch, those left out that the user has interacted with too;
    /// objective ``Objective/softmax`` only. An item is then drawn as often as it was interacted with.
    case inBatch = "in_batch"
}
