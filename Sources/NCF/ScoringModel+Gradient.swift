extension ScoringModel {
    /// Σ_i slopes[i] · ∂logit(u, i)/∂p_M, over the items that `rows` stand for; m elements.
    ///
    /// The plain form, for folding in a user from some hundred items; training has its own.
    func gradient(_ user: UserVector, _ rows: ItemRows, slopes: [Float]) -> [Float] {
        guard let first = layers.first else { return [] }
        let shift = userHalf(user)
        var sums = [Float](repeating: 0, count: first.outputs)
        var activations = layers.map { [Float](repeating: 0, count: $0.outputs) }
        for item in 0..<rows.count where slopes[item] != 0 {
            for k in 0..<first.outputs {
                activations[0][k] = max(0, rows.halves[item * first.outputs + k] + shift[k])
            }
            for index in layers.indices.dropFirst() {
                activations[index] = layers[index].rectified(activations[index - 1])
            }
            var delta = outputWeights.dropFirst(gmfWidth).map { $0 * slopes[item] }
            for index in layers.indices.reversed() {
                for k in delta.indices where activations[index][k] <= 0 { delta[k] = 0 }
                if index > 0 { delta = layers[index].transposed(delta) }
            }
            for k in sums.indices { sums[k] += delta[k] }
        }
        // W_1ᵁᵀ: the user's weights are the left half of each row.
        return Array(first.transposed(sums).prefix(mlpWidth))
    }
}

extension ScoringModel.Layer {
    /// ReLU(W x + b).
    fileprivate func rectified(_ input: [Float]) -> [Float] {
        unsafe weights.withUnsafeBufferPointer { weights in
            unsafe input.withUnsafeBufferPointer { input in
                (0..<outputs).map { row in
                    var sum = bias[row]
                    for column in 0..<inputs { unsafe sum += weights[row * inputs + column] * input[column] }
                    return max(0, sum)
                }
            }
        }
    }

    /// Wᵀ x.
    fileprivate func transposed(_ output: [Float]) -> [Float] {
        var result = [Float](repeating: 0, count: inputs)
        unsafe weights.withUnsafeBufferPointer { weights in
            unsafe result.withUnsafeMutableBufferPointer { result in
                for row in 0..<outputs where output[row] != 0 {
                    for column in 0..<inputs { unsafe result[column] += weights[row * inputs + column] * output[row] }
                }
            }
        }
        return result
    }
}
