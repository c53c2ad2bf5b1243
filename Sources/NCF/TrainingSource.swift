import CKernels
import Glibc

/// Where mini-batches come from: the positives of a dataset in the random order of an epoch, each with its negatives.
///
/// What a group holds depends only on the seed, the epoch and the group's place in it, not on who fills it.
struct TrainingSource: Sendable {
    let objective: Objective
    let samplesPerGroup: Int
    /// How many groups an epoch has.
    let groupCount: Int
    private let seed: UInt64
    private let positives: [Positive]
    private let sampler: NegativeSampler

    /// One interaction; side by side, since they are visited in random order.
    private struct Positive {
        var user: Int32
        var item: Int32
        var target: Float
        var weight: Float
        /// In the user's history; 0 where there are no histories.
        var leftOut: Float
    }

    /// - Throws: ``TrainingError/nothingToTrain(_:)`` where there is nothing to learn from.
    init(dataset: InteractionDataset, hyperparameters: Hyperparameters) throws(TrainingError) {
        objective = hyperparameters.objective
        seed = hyperparameters.seed
        let isRating = objective == .rating
        samplesPerGroup = isRating ? 1 : 1 + hyperparameters.negativesPerPositive
        guard dataset.interactionCount > 0 else { throw .nothingToTrain("there are no interactions") }
        var positions = Array(0..<dataset.interactionCount)
        if isRating {
            positions.removeAll { dataset.ratings[$0].isNaN }
            guard !positions.isEmpty else {
                throw .nothingToTrain("the objective is rating, and no interaction has a rating")
            }
        }
        positions.removeAll { dataset.weights[$0] == 0 }
        guard !positions.isEmpty else { throw .nothingToTrain("every interaction has weight 0") }
        sampler = NegativeSampler(dataset: dataset)
        if !isRating {
            let sampler = sampler
            guard (0..<dataset.userCount).contains(where: { sampler.candidateCount(user: $0) > 0 }) else {
                throw .nothingToTrain("every user has interacted with every item, so that there are no negatives")
            }
        }
        var owners: [Int32] = []
        owners.reserveCapacity(dataset.interactionCount)
        for user in 0..<dataset.userCount {
            owners.append(contentsOf: repeatElement(Int32(user), count: dataset.interactions(of: user).count))
        }
        let historyWeight = hyperparameters.hasHistory ? FeatureBags.historyWeight(of: dataset) : 0
        positives = positions.map {
            let (target, weight) = (isRating ? dataset.ratings[$0] : 1, dataset.weights[$0])
            return Positive(
                user: owners[$0], item: dataset.items[$0], target: target, weight: weight,
                leftOut: historyWeight)
        }
        groupCount = positions.count
    }

    /// Where μ starts: the mean rating, or the log-odds of a positive among its negatives.
    var globalBias: Float {
        guard objective == .rating else { return -log(Float(max(1, samplesPerGroup - 1))) }
        return Float(positives.reduce(0.0) { $0 + Double($1.target) } / Double(positives.count))
    }

    /// The order in which `epoch` visits the positives (Fisher–Yates).
    func order(epoch: Int) -> [Int32] {
        var order = (0..<Int32(groupCount)).map { $0 }
        var random = SplitMix64(seed: seed, 4, epoch)
        for index in stride(from: groupCount - 1, to: 0, by: -1) { order.swapAt(index, random.below(index + 1)) }
        return order
    }

    /// Positives are visited in random order: asks for the one eight places on, and for what its negatives need four on.
    private func prefetch(after place: Int, order: [Int32]) {
        if place + 8 < order.count {
            unsafe positives.withUnsafeBufferPointer { all in
                guard let base = all.baseAddress else { return }
                unsafe nectar_prefetch(base + Int(order[place + 8]), 1)
            }
        }
        if samplesPerGroup > 1, place + 4 < order.count {
            sampler.prefetch(user: Int(positives[Int(order[place + 4])].user))
        }
    }

    /// Fills the groups `range` of `batch`, which starts at place `first` of `order`.
    func fill(_ range: Range<Int>, of batch: MiniBatch, first: Int, order: [Int32], epoch: Int) {
        precondition(range.upperBound <= batch.capacity && first + range.upperBound <= order.count)
        // Within the bounds just checked.
        let (users, items) = unsafe (batch.users.base, batch.items.base)
        let (targets, weights) = unsafe (batch.targets.base, batch.weights.base)
        let leftOut = unsafe batch.leftOut.base
        for group in range {
            let place = first + group
            prefetch(after: place, order: order)
            let positive = positives[Int(order[place])]
            let start = group * samplesPerGroup
            unsafe users[group] = positive.user
            unsafe leftOut[group] = positive.leftOut
            unsafe items[start] = positive.item
            unsafe targets[start] = positive.target
            unsafe weights[start] = positive.weight
            guard samplesPerGroup > 1 else { continue }
            var random = SplitMix64(seed: seed, ~epoch, place)
            for sample in start + 1..<start + samplesPerGroup {
                let negative = sampler.draw(user: Int(positive.user), using: &random)
                // Of a user who has seen everything only the positives count.
                unsafe items[sample] = negative ?? positive.item
                unsafe targets[sample] = 0
                unsafe weights[sample] = negative == nil ? 0 : 1
            }
        }
    }
}
