/// How far a trial departs from what the rules say: factors on their answer rather than absolute numbers, so that what was
/// found on a part of the users holds for all of them. See ``AutomaticSettings``.
struct SettingsVariation: Sendable, Hashable {
    /// Which branches the model has.
    var architecture = Architecture.mf
    /// What is trained for after the closed form: `implicit`, `bpr` or `softmax`; or `rating`.
    var objective = Objective.implicit
    /// Times the rule's regularisation: of the factorisation, or for ratings the weight decay.
    var regularization = 1.0
    /// Times the defaults' regularisation of what items say of each other.
    var historyRegularization = 1.0
    /// The share of what items say of each other; nil is the defaults', and 0 is a model without histories.
    var historyShare: Double?
    /// What it leaves to the factorisation, to the fourth decimal.
    var factorisationShare: Double {
        get { 1 - (historyShare ?? HistoryBag().share) }
        set { historyShare = ((1 - newValue) * 10_000).rounded() / 10_000 }
    }
    /// Places from a history's end in which an item comes to count half; nil is the defaults'.
    var historyHalfLife: Double?
    /// The same; 0 is the defaults'.
    var triedHalfLife: Double {
        get { historyHalfLife ?? 0 }
        set { historyHalfLife = newValue }
    }
    /// Times the defaults' share of what histories say of what came before.
    var historyBackward = 1.0
    /// The power of weights that items count in histories; nil is the defaults'.
    var historyEvidence: Double?
    /// How often what features say of items counts as seen; nil is the defaults'.
    var historyFeatures: Double?
    /// The same; 0 is the defaults'.
    var triedFeatures: Double {
        get { historyFeatures ?? 0 }
        set { historyFeatures = newValue }
    }
    /// The share of neighbours in what items say of each other; 0 has none, 1 nothing but them, nil what the rules say.
    var neighbourShare: Double?
    /// The same, to the second decimal; 0 is the rules'.
    var triedNeighbourShare: Double {
        get { neighbourShare ?? 0 }
        set { neighbourShare = min(1, (newValue * 100).rounded() / 100) }
    }
    /// Times the rule's weight of unobserved pairs.
    var unobservedWeight = 1.0
    /// Times the rule's dimension.
    var dimension = 1.0
    /// Times the rule's dimension of histories.
    var historyDimension = 1.0
    /// Epochs at most, after the closed form; nil is the defaults'.
    var epochs: Int? = 0
    /// Times the rule's step size.
    var learningRate = 1.0
    /// Times the defaults' negatives.
    var negatives = 1.0
}
