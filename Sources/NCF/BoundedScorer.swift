/// A model that is not a snapshot yet, with the mapping of its bounded ratings.
struct BoundedScorer: Scorer {
    private let model: ScoringModel
    private let bounded: BoundedRating

    /// `model`, whose logits become ratings by `bounded`.
    init(_ model: ScoringModel, _ bounded: BoundedRating) {
        self.model = model
        self.bounded = bounded
    }

    var itemCount: Int { model.itemCount }

    func score(user: Int, into scores: inout MutableSpan<Float>) { model.score(user: user, into: &scores) }

    func score(users: ArraySlice<Int>, into scores: inout MutableSpan<Float>) {
        model.score(users: users, into: &scores)
    }

    func score(user: Int, items: [Int32]) -> [Float] { model.score(user: user, items: items) }

    func ratings(user: Int, items: [Int32]) -> [Float] { score(user: user, items: items).map(bounded.rating) }
}
