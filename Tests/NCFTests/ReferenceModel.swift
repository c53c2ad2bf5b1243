import Glibc

@testable import NCF

/// The model's formula and its loss in double precision, straight from the definition: what gradients are checked against.
///
/// Parameters lie as in training, so that one index means the same number on both sides.
struct ReferenceModel {
    var gmf: Int
    var mlp: Int
    var stride: Int
    var layerSizes: [(input: Int, output: Int)]
    var users: [Double]
    var items: [Double]
    var dense: [Double]
    /// Of the items in histories, and whose they are; ``users`` have them added.
    var features: [Double]
    var bags: FeatureBags?
    /// What the output `unit` of a layer counts in a sample; 1 without dropout.
    var factor: (_ sample: Int, _ layer: Int, _ unit: Int) -> Double = { _, _, _ in 1 }

    init(_ model: TrainableModel) {
        gmf = model.users.gmf
        mlp = model.users.mlp
        stride = model.users.stride
        layerSizes = model.dense.layerSizes
        users = model.users.rows.array.map(Double.init)
        items = model.items.rows.array.map(Double.init)
        dense = model.dense.values.array.map(Double.init)
        features = model.histories?.features.array.map(Double.init) ?? []
        bags = model.histories?.bags
    }

    /// The logit of a user whose row is less by `weight` times the feature of `leftOut`.
    func logit(user: Int, item: Int, leftOut: Int = 0, weight: Double = 0, sample: Int = 0) -> Double {
        var p = Array(users[user * stride..<(user + 1) * stride])
        if weight != 0 { for k in 0..<stride { p[k] -= weight * features[leftOut * stride + k] } }
        let q = Array(items[item * stride..<(item + 1) * stride])
        var sum = p[gmf + mlp] + q[gmf + mlp] + dense[dense.count - 1]
        for k in 0..<gmf { sum += dense[k] * p[k] * q[k] }
        guard !layerSizes.isEmpty else { return sum }
        var activations = Array(p[gmf..<gmf + mlp]) + Array(q[gmf..<gmf + mlp])
        var offset = gmf + (layerSizes.last?.output ?? 0)
        for (layer, (input, output)) in layerSizes.enumerated() {
            activations = (0..<output).map { row in
                var value = dense[offset + input * output + row]
                for column in 0..<input { value += dense[offset + row * input + column] * activations[column] }
                return factor(sample, layer, row) * max(0, value)
            }
            offset += input * output + output
        }
        for (k, activation) in activations.enumerated() { sum += dense[gmf + k] * activation }
        return sum
    }

    func logit(_ batch: MiniBatch, _ sample: Int) -> Double {
        let group = sample / batch.samplesPerGroup
        return logit(
            user: Int(batch.users[group]), item: Int(batch.items[sample]),
            leftOut: Int(batch.items[group * batch.samplesPerGroup]), weight: Double(batch.leftOut[group]),
            sample: sample)
    }

    /// The loss with one number of the features moved, and every user who has the feature with it.
    func loss(_ batch: MiniBatch, objective: Objective, moving index: Int, by width: Double) -> Double {
        var moved = self
        moved.features[index] += width
        if let bags {
            for entry in bags.byFeature.entries(of: index / stride) {
                let row = Int(bags.byFeature.indices[entry])
                moved.users[row * stride + index % stride] += Double(bags.byFeature.weights[entry]) * width
            }
        }
        return moved.loss(batch, objective: objective)
    }

    /// The sum of the samples' weighted losses.
    func loss(_ batch: MiniBatch, objective: Objective) -> Double {
        if objective.comparesItems { return comparison(batch, objective) }
        var total = 0.0
        for sample in 0..<batch.sampleCount {
            let z = logit(batch, sample)
            let target = Double(batch.targets[sample])
            let own =
                objective == .rating
                ? (z - target) * (z - target) : max(z, 0) - target * z + log1p(exp(-abs(z)))
            total += Double(batch.weights[sample]) * own
        }
        return total
    }
}

extension ReferenceModel {
    /// The losses of whole groups, each a positive and its negatives.
    private func comparison(_ batch: MiniBatch, _ objective: Objective) -> Double {
        var total = 0.0
        for group in 0..<batch.groupCount {
            let samples = group * batch.samplesPerGroup..<(group + 1) * batch.samplesPerGroup
            let logits = samples.map { logit(batch, $0) }
            let weights = samples.map { Double(batch.weights[$0]) }
            if objective == .bpr {
                for (z, weight) in zip(logits, weights).dropFirst() {
                    total += weights[0] * weight * log(1 + exp(z - logits[0]))
                }
            } else {
                let others = zip(logits, weights).dropFirst().reduce(0) { $0 + $1.1 * exp($1.0) }
                total += weights[0] * (log(exp(logits[0]) + others) - logits[0])
            }
        }
        return total
    }
}

/// Dense Adam in double precision on one row, from the paper's algorithm.
struct ReferenceAdam {
    var first: [Double]
    var second: [Double]
    var step = 0

    init(count: Int) {
        first = Array(repeating: 0, count: count)
        second = Array(repeating: 0, count: count)
    }

    mutating func apply(_ gradient: [Double], to values: inout [Double], rate: Double) {
        step += 1
        for k in values.indices {
            first[k] = 0.9 * first[k] + 0.1 * gradient[k]
            second[k] = 0.999 * second[k] + 0.001 * gradient[k] * gradient[k]
            let firstCorrected = first[k] / (1 - pow(0.9, Double(step)))
            let secondCorrected = second[k] / (1 - pow(0.999, Double(step)))
            values[k] -= rate * firstCorrected / (secondCorrected.squareRoot() + 1e-8)
        }
    }
}
