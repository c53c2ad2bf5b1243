internal import Glibc

/// Finds the vector of a user the model was not trained on, from a history of items, with everything else frozen.
///
/// The vector is the most probable one (MAP) given the model's own loss on the history and, as a prior, the distribution
/// of the trained users: a Gaussian around their mean with their variance, element by element. With no history it is the
/// mean user. Where the model knows histories, the prior lies around what the history itself says, which is exact and most of
/// what there is to know; each item of it is then set against the user without that item, as in training. The MLP embedding takes a few steps of Adam down the gradient (the loss is not convex there, so this is an
/// approximation); then the GMF embedding and the user's bias are solved by Newton's method, exactly up to the sampled
/// negatives. Cost O(samples · (d² + the dense layers) · steps + d³), well below a millisecond for small models.
struct FoldIn {
    /// The longest history that is read; of a longer one its last items.
    static let historyLimit = 200
    private static let newtonSteps = 10
    private static let halvings = 20
    private static let adamSteps = 20
    // Where a Gaussian would be a point (an untrained or constant element), a little freedom keeps the system regular.
    static let leastVariance: Float = 1e-4

    let model: ScoringModel
    /// What is assumed of the user before its samples are looked at: where the model knows histories, the mean user with
    /// the history in its bag.
    let prior: ModelPrior
    let objective: Objective

    /// An item that the user did or did not interact with, and how much that counts.
    struct Sample {
        var item: Int32
        var target: Float
        var weight: Float
        /// Whether the item is in the user's bag, without which it then counts.
        var isInBag = false
    }

    /// - Parameter movesTower: Whether the MLP embedding is found too, or stays the prior's.
    func vector(samples: [Sample], movesTower: Bool = true) -> UserVector {
        guard !samples.isEmpty else { return prior.user }
        let rows = model.gather(samples.map(\.item))
        var user = prior.user
        if movesTower, model.architecture.hasMLP { user.mlp = descended(user, samples, rows) }
        let features = linearFeatures(rows)
        let logits = zip(model.score(user, rows), bagShifts(samples, features)).map { $0 - $1 }
        var state = LinearState(user: user, logits: logits)
        state.cost = cost(state, samples)
        for _ in 0..<Self.newtonSteps {
            guard let next = newtonStep(from: state, samples, features) else { break }
            let gain = state.cost - next.cost
            state = next
            if gain <= 1e-4 * abs(state.cost) { break }
        }
        return state.user
    }

    /// By how much each sample's logit is less without the item itself in the bag: GMF's and the biases' part, exactly (the
    /// tower's share in it is left in).
    private func bagShifts(_ samples: [Sample], _ features: [Float]) -> [Float] {
        guard let history = model.history else { return Array(repeating: 0, count: samples.count) }
        let width = model.gmfWidth
        return samples.indices.map { row in
            guard samples[row].isInBag else { return 0 }
            let item = Int(samples[row].item)
            var sum = history.bias[item]
            for k in 0..<width { sum += features[row * (width + 1) + k] * history.gmf[item * width + k] }
            return history.weight * sum
        }
    }

    /// Where the solution of p_G and β_u stands.
    private struct LinearState {
        var user: UserVector
        /// Of the samples, in their order.
        var logits: [Float]
        /// What is minimised.
        var cost: Float = 0
    }

    /// The samples' loss, and the prior's half squared distance in units of its spread.
    private func cost(_ state: LinearState, _ samples: [Sample]) -> Float {
        var sum: Float = 0
        for (sample, logit) in zip(samples, state.logits) {
            if objective == .rating {
                sum += sample.weight * (logit - sample.target) * (logit - sample.target) / 2
            } else {
                sum += sample.weight * (max(0, logit) - sample.target * logit + log1p(exp(-abs(logit))))
            }
        }
        for k in 0..<model.gmfWidth {
            let distance = state.user.gmf[k] - prior.user.gmf[k]
            sum += distance * distance / max(prior.userVariance.gmf[k], Self.leastVariance) / 2
        }
        let distance = state.user.bias - prior.user.bias
        return sum + distance * distance / max(prior.userVariance.bias, Self.leastVariance) / 2
    }

    /// The derivative of the loss by the logit, and its own derivative.
    func slopes(_ sample: Sample, logit: Float) -> (first: Float, second: Float) {
        guard objective != .rating else { return (sample.weight * (logit - sample.target), sample.weight) }
        let probability = 1 / (1 + exp(-logit))
        return (sample.weight * (probability - sample.target), sample.weight * probability * (1 - probability))
    }

    /// What the logit is linear in, x = [h ⊙ q ; 1] of each row.
    private func linearFeatures(_ rows: ItemRows) -> [Float] {
        let width = model.gmfWidth
        var features: [Float] = []
        features.reserveCapacity(rows.count * (width + 1))
        let weights = Array(model.outputWeights.prefix(width))
        unsafe rows.gmf.withUnsafeBufferPointer { gmf in
            for row in 0..<rows.count {
                for k in 0..<width { unsafe features.append(weights[k] * gmf[row * width + k]) }
                features.append(1)
            }
        }
        return features
    }

    /// One step for p_G and β_u, halved until it lowers the cost: from far out, where the loss is nearly flat, the whole
    /// step of Newton's method leads to the other end of the world.
    private func newtonStep(from state: LinearState, _ samples: [Sample], _ features: [Float]) -> LinearState? {
        let width = model.gmfWidth
        let user = state.user
        var system = SymmetricSystem(size: width + 1)
        let slopes = zip(samples, state.logits).map { self.slopes($0, logit: $1) }
        system.add(rows: features, weights: slopes.map(\.second), values: slopes.map { -$0.first })
        for k in 0..<width {
            let precision = 1 / max(prior.userVariance.gmf[k], Self.leastVariance)
            system.addDiagonal(k, weight: precision, value: precision * (prior.user.gmf[k] - user.gmf[k]))
        }
        let precision = 1 / max(prior.userVariance.bias, Self.leastVariance)
        system.addDiagonal(width, weight: precision, value: precision * (prior.user.bias - user.bias))
        guard let change = system.solved(), change.allSatisfy(\.isFinite) else { return nil }
        // The logits are linear in the change.
        let shifts = samples.indices.map { row in
            var sum: Float = 0
            for k in 0...width { sum += features[row * (width + 1) + k] * change[k] }
            return sum
        }
        var length: Float = 1
        for _ in 0..<Self.halvings {
            var next = state
            for k in 0..<width { next.user.gmf[k] += length * change[k] }
            next.user.bias += length * change[width]
            for row in samples.indices { next.logits[row] += length * shifts[row] }
            next.cost = cost(next, samples)
            if next.cost <= state.cost { return next }
            length /= 2
        }
        return nil
    }

    /// p_M after a few steps of Adam (Kingma & Ba 2015), each of at most about a third of the users' own spread.
    private func descended(_ start: UserVector, _ samples: [Sample], _ rows: ItemRows) -> [Float] {
        let spread = prior.userVariance.mlp.map { max($0, Self.leastVariance).squareRoot() }
        var user = start
        var mean = [Float](repeating: 0, count: user.mlp.count)
        var square = mean
        for step in 1...Self.adamSteps {
            let logits = model.score(user, rows)
            let slopes = samples.indices.map { self.slopes(samples[$0], logit: logits[$0]).first }
            var gradient = model.gradient(user, rows, slopes: slopes)
            for k in gradient.indices {
                // In units of the spread, in which the prior is the unit Gaussian.
                gradient[k] = gradient[k] * spread[k] + (user.mlp[k] - prior.user.mlp[k]) / spread[k]
                mean[k] += 0.1 * (gradient[k] - mean[k])
                square[k] += 0.05 * (gradient[k] * gradient[k] - square[k])
                let corrected = mean[k] / (1 - pow(0.9, Float(step)))
                let scale = (square[k] / (1 - pow(0.95, Float(step)))).squareRoot() + 1e-8
                user.mlp[k] -= 0.3 * spread[k] * corrected / scale
            }
        }
        return user.mlp.allSatisfy(\.isFinite) ? user.mlp : start.mlp
    }
}

extension ModelSnapshot {
    /// The vector of a user unknown to the model, from what it interacted with; under a millisecond for small models.
    ///
    /// An approximation of what training would have found, with the same loss and all items frozen; see ``FoldIn``. Under
    /// the implicit objective the history is set against the seeded, uniformly drawn negatives that training would use.
    /// Under the rating objective, an item without a rating counts as rated four fifths up the scale, for it was chosen.
    ///
    /// - Parameters:
    ///   - items: The history, oldest first; items outside the catalogue and repetitions are left out, and of a very
    ///     long history the oldest.
    ///   - weights: How much each counts; 1 each if nil.
    ///   - ratings: What each was rated, for a rating model; NaN where it was not.
    public func foldIn(items: [Int32], weights: [Float]? = nil, ratings: [Float]? = nil) -> UserVector {
        FoldIn(model: model, prior: prior.around(history(items, weights), of: model), objective: objective)
            .vector(samples: foldInSamples(items: items, weights: weights, ratings: ratings).all)
    }

    /// The items of a history that go into the user's bag, each once.
    private func history(_ items: [Int32], _ weights: [Float]?) -> [Int32] {
        guard model.history != nil else { return [] }
        var known = ItemSet(itemCount: itemCount)
        return items.indices.compactMap { index in
            let item = items[index]
            guard item >= 0, item < itemCount, !known.contains(Int(item)), (weights?[index] ?? 1) > 0 else {
                return nil
            }
            known.insert(Int(item))
            return item
        }
    }

    /// What a history is folded in from: itself, newest first, and the negatives beside it.
    func foldInSamples(
        items: [Int32], weights: [Float]?, ratings: [Float]?
    ) -> (all: [FoldIn.Sample], positiveCount: Int) {
        precondition(weights.map { $0.count == items.count } ?? true && ratings.map { $0.count == items.count } ?? true)
        var known = ItemSet(itemCount: itemCount)
        var samples: [FoldIn.Sample] = []
        for index in items.indices.reversed() where samples.count < FoldIn.historyLimit {
            let item = items[index]
            let weight = weights?[index] ?? 1
            guard item >= 0, item < itemCount, !known.contains(Int(item)), weight > 0, weight.isFinite else { continue }
            known.insert(Int(item))
            samples.append(
                FoldIn.Sample(
                    item: item, target: target(ratings?[index]), weight: weight, isInBag: model.history != nil))
        }
        let positiveCount = samples.count
        if objective != .rating { samples += negatives(beside: samples, known) }
        return (samples, positiveCount)
    }

    private func target(_ rating: Float?) -> Float {
        guard objective == .rating else { return 1 }
        if let rating, rating.isFinite { return rating }
        guard let range = ratingRange else { return model.globalBias }
        return range.lowerBound + 0.8 * (range.upperBound - range.lowerBound)
    }

    /// Items outside the history, which together weigh what training's negatives would.
    private func negatives(beside positives: [FoldIn.Sample], _ known: ItemSet) -> [FoldIn.Sample] {
        guard !positives.isEmpty, positives.count < itemCount else { return [] }
        let hyperparameters = lineage.hyperparameters
        let count = min(itemCount - positives.count, max(100, positives.count))
        let total = Float(hyperparameters.negativesPerPositive) * positives.reduce(0) { $0 + $1.weight }
        var random = SplitMix64(seed: hyperparameters.seed)
        // Drawn with repetition: rejecting the history only, which leaves at least one item to find.
        return (0..<count).map { _ in
            var item = random.below(itemCount)
            while known.contains(item) { item = random.below(itemCount) }
            return FoldIn.Sample(item: Int32(item), target: 0, weight: total / Float(count))
        }
    }
}
