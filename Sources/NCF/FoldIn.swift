/// Finds the vector of a user the model was not trained on, from a history of items, with everything else frozen.
///
/// The vector is the most probable one (MAP) given the log-loss (or, of ratings, the squared error) on the history, by the logits
/// as they were in training, and, as a prior, the distribution
/// of the trained users: a Gaussian around their mean with their variance, element by element. With no history it is the
/// mean user. Where the model knows histories, the prior lies around what the history itself says, which is exact and most
/// of what there is to know; each item of it is then set against the user without that item, as in training. ``UserFit``
/// finds the vector, exactly where there is no tower, up to the items that stand for those the user did not interact with
/// (``NegativePool``). In a model of cosines it is found on the sphere, by training's own loss (``CosineFit``). O(samples · (d + the dense layers)) some ten times, well below a millisecond where the layers are
/// small.
struct FoldIn {
    /// The longest history that is read; of a longer one its last items.
    static let historyLimit = 200
    /// The most that one interaction counts. Training bounds none, but has all others beside it; a single sample of millions would
    /// leave nothing of the prior, nor of the digits of a float.
    static let weightLimit: Float = 1000
    // Where a Gaussian would be a point (an untrained or constant element), a little freedom keeps the system regular.
    static let leastVariance: Float = 1e-4

    let model: ScoringModel
    /// What is assumed of the user before its samples are looked at: where the model knows histories, the mean user with
    /// the history in its bag.
    let prior: ModelPrior
    let objective: Objective
    /// How a rating comes from a logit; nil where it is one.
    var bounded: BoundedRating?
    /// What errors of ratings are measured in (``ModelSnapshot/ratingUnit``).
    var ratingUnit: Float = 1
    /// What made the logits of those that the model was trained by.
    var calibration = LogitCalibration.none
    /// Of a model of cosines what it was trained with; nil otherwise.
    var cosine: CosineFit.Training?

    /// An item that the user did or did not interact with, and how much that counts.
    struct Sample {
        var item: Int32
        var target: Float
        var weight: Float
        /// Whether the item is in the user's bag, without which it then counts.
        var isInBag = false
        /// What it counts there but for its place.
        var bagFactor: Float = 1
        /// Whether the user said no to it, rather than only not having interacted with it.
        var isDisliked = false
    }

    /// - Parameter movesTower: Whether the MLP embedding is found too, or stays the prior's.
    func vector(samples: [Sample], movesTower: Bool = true) -> UserVector {
        guard !samples.isEmpty else { return prior.user }
        let rows = model.gather(samples.map(\.item))
        if let cosine { return onTheSphere(CosineFit(samples, rows: rows.gmf, width: model.gmfWidth, cosine)) }
        let loss = SampleLoss(
            samples, objective: objective, logitsLess: bagShifts(samples, rows), bounded: bounded,
            ratingUnit: ratingUnit, calibration: calibration)
        var fit = UserFit(model, prior, loss, rows: rows, movesTower: movesTower)
        fit.solve()
        return fit.user
    }

    /// In a model of cosines: the direction that the samples say, at the length of the trained users; where they say nothing but what is
    /// disliked, the mean user turned away from it.
    private func onTheSphere(_ fit: CosineFit) -> UserVector {
        var user = prior.user
        guard let mean = CosineFit.unit(user.gmf) else {
            if let direction = fit.direction() { user.gmf = direction.map { fit.training.length * $0 } }
            return user
        }
        let length = fit.hasPositives ? fit.training.length : CosineFit.length(of: prior.user.gmf)
        let pull = fit.hasPositives ? nil : mean
        user.gmf = (fit.direction(pull: pull) ?? mean).map { length * $0 }
        return user
    }

    /// By how much each sample's logit is less without the item itself in the bag: GMF's and the biases' part, exactly (the
    /// tower's share in it is left in); empty where the model knows no histories.
    func bagShifts(_ samples: [Sample], _ rows: ItemRows) -> [Float] {
        // No item is its own neighbour.
        guard let history = model.history, history.bias.count > 0 else { return [] }
        let width = model.gmfWidth
        let weights = (0..<width).map { model.outputWeights[$0] * history.weight }
        // The history's items come newest first.
        var place = -1
        return unsafe rows.gmf.withUnsafeBufferPointer { gmf in
            unsafe history.gmf.withUnsafeBufferPointer { own in
                samples.indices.map { row in
                    guard samples[row].isInBag else { return 0 }
                    place += 1
                    let item = Int(samples[row].item)
                    var sums = SIMD8<Float>.zero
                    for k in stride(from: 0, to: width - width % 8, by: 8) {
                        for lane in 0..<8 {
                            unsafe sums[lane] +=
                                weights[k + lane] * gmf[row * width + k + lane] * own[item * width + k + lane]
                        }
                    }
                    var sum = history.weight * history.bias[item] + sums.sum()
                    for k in width - width % 8..<width {
                        unsafe sum += weights[k] * gmf[row * width + k] * own[item * width + k]
                    }
                    return sum * samples[row].bagFactor * history.recency.factor(at: place)
                }
            }
        }
    }
}

extension ModelSnapshot {
    /// The vector of a user unknown to the model, from what it interacted with; under a millisecond for small models.
    ///
    /// An approximation of what training would have found, with the same loss and all items frozen; see ``FoldIn``. Under
    /// the implicit objective the history is set against what training would draw on average (``NegativePool``).
    /// Under the rating objective, an item without a rating counts as rated four fifths up the scale, for it was chosen; one
    /// fifth if it was disliked. A dislike is otherwise a negative of its own weight, and in no bag.
    ///
    /// - Parameters:
    ///   - items: The history, oldest first; items outside the catalogue and repetitions are left out, and of a very
    ///     long history the oldest.
    ///   - weights: How much each counts, 1,000 at most, below 0 for a dislike; if nil 1 each, and in a history as
    ///     much as another. Of repetitions the newest counts.
    ///   - ratings: What each was rated, for a rating model; NaN where it was not.
    ///   - features: What the user is, where that is known (``userFeatures(of:)``): the prior lies around such users.
    public func foldIn(
        items: [Int32], weights: [Float]? = nil, ratings: [Float]? = nil, features: SparseFeatures? = nil
    ) -> UserVector {
        foldIn(around: prior(of: features).around(history(items, weights), of: model))
            .vector(samples: foldInSamples(items: items, weights: weights, ratings: ratings).all)
    }

    /// What finds a vector around `prior`, by this model's loss.
    func foldIn(around prior: ModelPrior) -> FoldIn {
        FoldIn(
            model: model, prior: prior, objective: objective, bounded: bounded, ratingUnit: ratingUnit,
            calibration: lineage.calibration ?? .none,
            cosine: cosineTraining)
    }

    /// What a model of cosines was trained with; nil for another.
    var cosineTraining: CosineFit.Training? {
        guard objective == .cosineContrastive, model.architecture == .mf, model.history == nil else { return nil }
        let settings = lineage.hyperparameters
        // All trained users have one length, whatever their directions.
        let squares = zip(self.prior.user.gmf, self.prior.userVariance.gmf).reduce(0) { $0 + $1.0 * $1.0 + $1.1 }
        return CosineFit.Training(
            contrast: settings.contrast, negativesPerPositive: settings.negativesPerPositive,
            length: squares.squareRoot())
    }

    /// The items of a history that go into the user's bag, each once, where it was last.
    func history(_ items: [Int32], _ weights: [Float]?) -> [HistoryItem] {
        guard let table = model.history else { return [] }
        var known = ItemSet(itemCount: itemCount, items: newlyDisliked(items, weights).map { Int(items[$0]) })
        let history: [HistoryItem] = items.indices.reversed().compactMap { index in
            let (item, weight) = (items[index], weights?[index] ?? 1)
            guard item >= 0, item < itemCount, !known.contains(Int(item)), weight > 0 else { return nil }
            known.insert(Int(item))
            return HistoryItem(item: item, factor: weights == nil ? 1 : table.evidence.factor(of: weight))
        }
        return history.reversed()
    }

    /// Where in a history it was last said of an item that it is disliked, for those of which nothing else was said later; ascending.
    func newlyDisliked(_ items: [Int32], _ weights: [Float]?) -> [Int] {
        guard let weights, weights.contains(where: { $0 < 0 }) else { return [] }
        var known = ItemSet(itemCount: itemCount)
        let places = items.indices.reversed().filter { index in
            let item = items[index]
            guard item >= 0, item < itemCount, weights[index] != 0, !known.contains(Int(item)) else { return false }
            known.insert(Int(item))
            return weights[index] < 0
        }
        return places.reversed()
    }

    /// What a history is folded in from: its positives, newest first, its dislikes, and the negatives beside them.
    func foldInSamples(
        items: [Int32], weights: [Float]?, ratings: [Float]?
    ) -> (all: [FoldIn.Sample], positiveCount: Int) {
        precondition(weights.map { $0.count == items.count } ?? true && ratings.map { $0.count == items.count } ?? true)
        var known = ItemSet(itemCount: itemCount)
        var (samples, dislikes) = ([FoldIn.Sample](), [FoldIn.Sample]())
        for index in items.indices.reversed() where samples.count + dislikes.count < FoldIn.historyLimit {
            let item = items[index]
            let weight = weights?[index] ?? 1
            guard item >= 0, item < itemCount, !known.contains(Int(item)), weight != 0, weight.isFinite else {
                continue
            }
            known.insert(Int(item))
            let isDisliked = weight < 0
            let sample = FoldIn.Sample(
                item: item, target: target(ratings?[index], isDisliked: isDisliked),
                weight: min(abs(weight), FoldIn.weightLimit) * (isDisliked ? 1 : propensity(of: item)),
                isInBag: model.history != nil && !isDisliked,
                bagFactor: weights == nil ? 1 : model.history?.evidence.factor(of: abs(weight)) ?? 1,
                isDisliked: isDisliked)
            if isDisliked { dislikes.append(sample) } else { samples.append(sample) }
        }
        let positiveCount = samples.count
        // A dislike is a negative on top of what everything unseen is.
        for dislike in dislikes { known.remove(Int(dislike.item)) }
        let negatives = objective == .rating ? [] : negatives(beside: samples, known)
        return (samples + dislikes + negatives, positiveCount)
    }

    private func propensity(of item: Int32) -> Float {
        propensityFactors.isEmpty ? 1 : propensityFactors[Int(item)]
    }

    private func target(_ rating: Float?, isDisliked: Bool) -> Float {
        guard objective == .rating else { return isDisliked ? 0 : 1 }
        if let rating, rating.isFinite { return rating.clamped(to: ratingRange) }
        guard let range = ratingRange else { return model.globalBias }
        return range.lowerBound + (isDisliked ? 0.2 : 0.8) * (range.upperBound - range.lowerBound)
    }

    /// How many items that a user did not interact with an interaction stands among in folding in: as many as in training, where
    /// what has been made of its logits since is known; as many as in calibration, where it is not.
    var negativesPerPositive: Int {
        // Whoever measured the calibration has applied it.
        let isUnknown = lineage.calibration == nil && lineage.metrics["calibration_error"] != nil
        return isUnknown ? ScoreCalibration.negativesPerPositive : lineage.hyperparameters.negativesPerPositive
    }

    /// Items outside the history, which together weigh as much as those that the history's logits are told among.
    private func negatives(beside positives: [FoldIn.Sample], _ known: ItemSet) -> [FoldIn.Sample] {
        guard !positives.isEmpty, positives.count < itemCount else { return [] }
        let total = Float(negativesPerPositive) * positives.reduce(0) { $0 + $1.weight }
        return zip(self.negatives.items, self.negatives.weights).compactMap { item, weight in
            known.contains(Int(item)) ? nil : FoldIn.Sample(item: item, target: 0, weight: total * weight)
        }
    }
}
