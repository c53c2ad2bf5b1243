import CKernels
import Glibc

/// Where mini-batches come from: the positives of a dataset in the random order of an epoch, each with its negatives.
///
/// What a group holds depends only on the seed, the epoch and the group's place in it, not on who fills it.
final class TrainingSource: Sendable {
    let objective: Objective
    /// The mapping of a bounded output, on the scale of what is trained on.
    let bounded: BoundedRating?
    /// What ratings are divided by to be trained on, so that they differ by 1; 1 where none are.
    let ratingDeviation: Float
    let samplesPerGroup: Int
    /// How many groups an epoch has.
    let groupCount: Int
    private let seed: UInt64
    private let positives: [Positive]
    private let historyWeights: HistoryWeights
    private let negatives: Negatives
    private let dislikes: DislikedItems?
    private let itemCount: Int
    private let offsets: [Int]
    // Streams are named by two numbers, and those of epochs are taken.
    private static let dislikeStream: UInt64 = 0xD151_11CE

    /// Where negatives come from.
    private enum Negatives {
        case none
        case uniform(NegativeSampler)
        case popularity(PopularitySampler)
        case inBatch(BatchNegatives)
    }

    /// One interaction; side by side, since they are visited in random order.
    private struct Positive {
        var user: Int32
        var item: Int32
        var target: Float
        var weight: Float
    }

    /// What each positive counts in its user's history; all the same where no order weighs.
    private enum HistoryWeights {
        case all(Float)
        case each([Float])

        subscript(index: Int) -> Float {
            switch self {
            case .all(let weight): weight
            case .each(let weights): weights[index]
            }
        }
    }

    /// - Throws: ``TrainingError/nothingToTrain(_:)`` where there is nothing to learn from.
    init(dataset whole: InteractionDataset, hyperparameters: Hyperparameters) throws(TrainingError) {
        objective = hyperparameters.objective
        let deviation = objective == .rating ? whole.ratingScale?.deviation ?? 1 : 1
        ratingDeviation = deviation
        bounded = hyperparameters.boundedRating(
            on: whole.ratingRange.map { $0.lowerBound / deviation...$0.upperBound / deviation })
        seed = hyperparameters.seed
        let isRating = objective == .rating
        samplesPerGroup = isRating ? 1 : 1 + hyperparameters.negativesPerPositive
        guard whole.interactionCount > 0 else { throw .nothingToTrain("there are no interactions") }
        // What is disliked may be drawn like what was never seen, and comes besides.
        let dataset = isRating ? whole : whole.withoutDislikes()
        var positions = Array(0..<dataset.interactionCount)
        if isRating {
            positions.removeAll { dataset.ratings[$0].isNaN }
            guard !positions.isEmpty else {
                throw .nothingToTrain("the objective is rating, and no interaction has a rating")
            }
        }
        positions.removeAll { dataset.weights[$0] <= 0 }
        guard !positions.isEmpty else {
            throw .nothingToTrain(
                whole.hasDislikes ? "no interaction counts for an item" : "every interaction has weight 0")
        }
        // The closed form alone draws none but to find its scale.
        if !isRating, hyperparameters.epochs > 0 {
            guard (0..<dataset.userCount).contains(where: { dataset.items(of: $0).count < dataset.itemCount }) else {
                throw .nothingToTrain("every user has interacted with every item, so that there are no negatives")
            }
        }
        negatives =
            isRating ? .none : Self.negatives(dataset, trained: positions.map { dataset.items[$0] }, hyperparameters)
        dislikes =
            isRating ? nil : DislikedItems(dataset: whole, negativesPerPositive: hyperparameters.negativesPerPositive)
        itemCount = dataset.itemCount
        offsets = dataset.userOffsets
        var owners: [Int32] = []
        owners.reserveCapacity(dataset.interactionCount)
        for user in 0..<dataset.userCount {
            owners.append(contentsOf: repeatElement(Int32(user), count: dataset.interactions(of: user).count))
        }
        let counting = hyperparameters.history.counting(in: whole)
        let historyWeight =
            hyperparameters.history.dimension > 0 ? FeatureBags.historyWeight(of: whole, counting: counting) : 0
        let factors = hyperparameters.history.dimension > 0 && counting.isOn ? counting.factors(of: dataset) : []
        positives = positions.map {
            let (target, weight) = (isRating ? dataset.ratings[$0] / deviation : 1, dataset.weights[$0])
            return Positive(user: owners[$0], item: dataset.items[$0], target: target, weight: weight)
        }
        historyWeights = factors.isEmpty ? .all(historyWeight) : .each(positions.map { historyWeight * factors[$0] })
        groupCount = positions.count
    }

    private static func negatives(
        _ dataset: InteractionDataset, trained: @autoclosure () -> [Int32], _ settings: Hyperparameters
    ) -> Negatives {
        switch settings.negativeSampling {
        case .uniform: .uniform(NegativeSampler(dataset: dataset))
        case .popularity: .popularity(PopularitySampler(dataset: dataset, exponent: settings.popularityExponent))
        case .inBatch: .inBatch(BatchNegatives(dataset: dataset, trained: trained()))
        }
    }

    /// Where μ starts: the mean rating in ``ratingDeviation``, with a bounded output its logit; or the log-odds of a positive among its negatives; a cosine has none.
    var globalBias: Float {
        if objective == .cosineContrastive { return 0 }
        guard objective == .rating else { return -log(Float(max(1, samplesPerGroup - 1))) }
        let mean = Float(positives.reduce(0.0) { $0 + Double($1.target) } / Double(positives.count))
        return bounded?.logit(mean) ?? mean
    }

    /// `model` as it leaves: with a linear output its logits are ratings again, not parts of ``ratingDeviation``.
    func parameters(of model: TrainableModel) -> ModelParameters {
        let parameters = model.parameters()
        guard objective == .rating, bounded == nil else { return parameters }
        return parameters.withLogits(times: ratingDeviation)
    }

    /// A mean loss in the units of what was told: squared ratings, where these are learned.
    func reported(_ loss: Double) -> Double { loss * Double(ratingDeviation) * Double(ratingDeviation) }

    /// The order in which `epoch` visits the positives (Fisher–Yates).
    func order(epoch: Int) -> [Int32] {
        var order = (0..<Int32(groupCount)).map { $0 }
        var random = SplitMix64(seed: seed, 4, epoch)
        for index in stride(from: groupCount - 1, to: 0, by: -1) { order.swapAt(index, random.below(index + 1)) }
        return order
    }

    /// Fills the groups `range` of `batch`, which starts at place `first` of `order`.
    func fill(_ range: Range<Int>, of batch: MiniBatch, first: Int, order: [Int32], epoch: Int) {
        precondition(range.upperBound <= batch.capacity && first + range.upperBound <= order.count)
        placePositives(range, of: batch, first: first, order: order)
        switch negatives {
        case .none: break
        case .uniform(let sampler):
            draw(sampler, range, of: batch, from: SplitMix64.Streams(seed: seed, ~epoch), first: first)
        case .popularity(let sampler):
            for group in range {
                // As far ahead as a draw takes.
                if group + 4 < range.upperBound { sampler.prefetch(user: Int(batch.users[group + 4])) }
                var random = SplitMix64(seed: seed, ~epoch, first + group)
                draw(sampler, group: group, of: batch, using: &random)
            }
        case .inBatch(let others):
            for group in range { take(others, group: group, of: batch, first: first, order: order) }
        }
        guard let dislikes else { return }
        for group in range {
            var random = SplitMix64(seed: seed &+ Self.dislikeStream, epoch, first + group)
            dislikes.place(
                of: Int(batch.users[group]), in: negatives(of: group), of: batch, using: &random)
        }
    }

    /// The places of a group's negatives in a batch.
    private func negatives(of group: Int) -> Range<Int> {
        group * samplesPerGroup + 1..<(group + 1) * samplesPerGroup
    }

    /// Begins each group with its positive.
    private func placePositives(_ range: Range<Int>, of batch: MiniBatch, first: Int, order: [Int32]) {
        // Within the bounds that the caller has checked.
        let (users, items) = unsafe (batch.users.base, batch.items.base)
        let (targets, weights) = unsafe (batch.targets.base, batch.weights.base)
        let leftOut = unsafe batch.leftOut.base
        unsafe positives.withUnsafeBufferPointer { positives in
            guard let base = positives.baseAddress else { return }
            // They are visited in random order: each is asked for eight places before.
            for place in order[first + range.lowerBound..<first + range.upperBound].prefix(8) {
                unsafe nectar_prefetch(base + Int(place), 1)
            }
            for group in range {
                let place = first + group
                if group + 8 < range.upperBound { unsafe nectar_prefetch(base + Int(order[place + 8]), 1) }
                let index = Int(order[place])
                let positive = unsafe positives[index]
                let start = group * samplesPerGroup
                unsafe users[group] = positive.user
                unsafe leftOut[group] = historyWeights[index]
                unsafe items[start] = positive.item
                unsafe targets[start] = positive.target
                unsafe weights[start] = positive.weight
            }
        }
    }

    /// Fills the groups' negatives, each equally likely among what its user has not interacted with.
    private func draw(
        _ sampler: NegativeSampler, _ range: Range<Int>, of batch: MiniBatch, from streams: SplitMix64.Streams,
        first: Int
    ) {
        guard samplesPerGroup > 1 else { return }
        let (targets, weights) = unsafe (batch.targets.base, batch.weights.base)
        var exhausted: [Int] = []
        for group in range {
            let isExhausted = sampler.candidateCount(user: Int(batch.users[group])) == 0
            if isExhausted { exhausted.append(group) }
            for sample in negatives(of: group) {
                unsafe targets[sample] = 0
                unsafe weights[sample] = isExhausted ? 0 : 1
            }
        }
        sampler.fill(range, of: batch, from: streams, first: first)
        // Of a user who has seen everything only the positives count.
        for group in exhausted {
            for sample in negatives(of: group) { batch.items[sample] = batch.items[group * samplesPerGroup] }
        }
    }
}

extension TrainingSource {
    // A softmax over sampled negatives estimates one over all of the user's non-positives (Bengio and Senécal 2008): a negative
    // counts as much more than a uniformly drawn one as it is less likely to be drawn, which is to subtract log Q from its logit
    // (Yi et al. 2019, who correct the positive's too; here it is no draw, but always there). Up to noise the loss is then the
    // uniform one's, whatever the sampling; where every exponent is 0, it is the same.

    /// How many items `user` has not interacted with.
    private func candidateCount(user: Int32) -> Int {
        itemCount - (offsets[Int(user) + 1] - offsets[Int(user)])
    }

    /// Fills a group's negatives.
    private func draw(
        _ sampler: PopularitySampler, group: Int, of batch: MiniBatch, using random: inout SplitMix64
    ) {
        let user = Int(batch.users[group])
        let candidates = Double(candidateCount(user: batch.users[group]))
        for sample in negatives(of: group) {
            let negative = sampler.draw(user: user, using: &random)
            batch.items[sample] = negative ?? batch.items[group * samplesPerGroup]
            batch.targets[sample] = 0
            guard let negative else {
                batch.weights[sample] = 0
                continue
            }
            batch.weights[sample] =
                objective == .softmax ? Float(1 / (candidates * sampler.probability(of: negative, user: user))) : 1
        }
    }

    /// Fills a group's negatives with the positives of the groups after it, the first coming after the last.
    ///
    /// Hits get no weight, and what is left of the negatives as much as all of them would have.
    private func take(
        _ others: BatchNegatives, group: Int, of batch: MiniBatch, first: Int, order: [Int32]
    ) {
        let user = Int(batch.users[group])
        let start = group * samplesPerGroup
        var taken = 0
        for distance in 1..<samplesPerGroup {
            let place = first + (group + distance) % batch.groupCount
            // A batch of fewer groups comes round to this one.
            let item = distance < batch.groupCount ? positives[Int(order[place])].item : batch.items[start]
            let isHit = others.isHit(item, user: user)
            batch.items[start + distance] = item
            batch.targets[start + distance] = 0
            batch.weights[start + distance] = isHit ? 0 : 1
            taken += isHit ? 0 : 1
        }
        let candidates = Double(candidateCount(user: batch.users[group]))
        for sample in negatives(of: group) where batch.weights[sample] > 0 {
            let likelihood = candidates * others.probability(of: batch.items[sample], user: user) * Double(taken)
            batch.weights[sample] = Float(Double(samplesPerGroup - 1) / likelihood)
        }
    }
}
