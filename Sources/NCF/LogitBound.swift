/// How large a model's scores can get, whichever user and item meet.
enum LogitBound {
    /// The largest bound that is served: far beyond any score that means something, and its square is still a number.
    static let limit = 1e15

    /// Refuses a model whose logits, or the sums on the way to them, could overflow; O(all parameters).
    ///
    /// By interval arithmetic: each element of an embedding is at most the greatest of its column, each output of a layer
    /// at most what the greatest inputs give. That is more than any pair reaches, by some orders of magnitude.
    static func check(_ parameters: ModelParameters) throws(SnapshotFileError) {
        let bound = bound(parameters)
        guard bound <= limit else {
            throw SnapshotFileError(
                path: "weights",
                reason: "its scores could reach \(bound), more than the \(limit) up to which they are computed")
        }
    }

    static func bound(_ parameters: ModelParameters) -> Double {
        let output = parameters.outputWeights.map { abs(Double($0)) }
        let history = parameters.history
        let users = greatest(
            parameters.userGMF, width: parameters.embeddingDimension, history, \.gmf, history?.ownMean.gmf ?? [])
        let items = greatest(parameters.itemGMF, width: parameters.embeddingDimension)
        var sum = greatest(parameters.itemBias, width: 1)[0]
        sum += greatest(parameters.userBias, width: 1, history, \.bias, history.map { [$0.ownMean.bias] } ?? [])[0]
        sum += abs(Double(parameters.globalBias))
        for k in users.indices { sum += output[k] * users[k] * items[k] }
        if let history, let neighbours = history.neighbours { sum += bound(neighbours, history) }
        guard parameters.architecture.hasMLP else { return sum }
        var activations = greatest(
            parameters.userMLP, width: parameters.mlpEmbeddingDimension, history, \.mlp, history?.ownMean.mlp ?? [])
        activations += greatest(parameters.itemMLP, width: parameters.mlpEmbeddingDimension)
        for layer in parameters.layers {
            activations = (0..<layer.outputSize).map { row in
                var total = abs(Double(layer.bias[row]))
                for column in 0..<layer.inputSize {
                    total += abs(Double(layer.weights[row * layer.inputSize + column])) * activations[column]
                }
                return total
            }
            // What a layer puts out may be weighted with 0, and must be a number all the same.
            sum = max(sum, activations.max() ?? 0)
        }
        for (weight, activation) in zip(output.dropFirst(users.count), activations) { sum += weight * activation }
        return sum
    }

    /// The most that a history of all items adds to any item's logit.
    private static func bound(_ neighbours: NeighbourTable, _ history: ModelParameters.History) -> Double {
        var sums = [Double](repeating: 0, count: neighbours.itemCount)
        for (item, weight) in zip(neighbours.items, neighbours.weights) { sums[Int(item)] += abs(Double(weight)) }
        let most = history.evidence.isOn ? Double(HistoryEvidence.greatestFactor) : 1
        return most * abs(Double(history.weight)) * (sums.max() ?? 0)
    }

    /// The greatest magnitude of each column of the users' matrix, and of any user whose history is folded in: at most all
    /// items there are, in addition to the mean of what users are by themselves.
    private static func greatest(
        _ matrix: [Float], width: Int, _ history: ModelParameters.History?,
        _ rows: KeyPath<ModelParameters.History, [Float]>, _ mean: [Float]
    ) -> [Double] {
        var columns = greatest(matrix, width: width)
        guard let history else { return columns }
        var sums = mean.map { abs(Double($0)) }
        let most = history.evidence.isOn ? Double(HistoryEvidence.greatestFactor) : 1
        for (index, number) in history[keyPath: rows].enumerated() {
            sums[index % width] += most * abs(Double(history.weight) * Double(number))
        }
        for column in columns.indices { columns[column] = max(columns[column], sums[column]) }
        return columns
    }

    /// The greatest magnitude of each column of a row-major matrix.
    private static func greatest(_ matrix: [Float], width: Int) -> [Double] {
        var columns = [Float](repeating: 0, count: width)
        guard width > 0 else { return [] }
        unsafe matrix.withUnsafeBufferPointer { matrix in
            for row in 0..<(matrix.count / width) {
                for column in 0..<width {
                    columns[column] = max(columns[column], abs(unsafe matrix[row * width + column]))
                }
            }
        }
        return columns.map(Double.init)
    }
}
