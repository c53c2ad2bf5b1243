extension ScoringModel {
    /// Writes every item's logit for a user given by its vector; `scores` must hold ``itemCount`` elements.
    func score(_ user: UserVector, into scores: inout MutableSpan<Float>) {
        precondition(scores.count == itemCount, "room for \(scores.count) scores of \(itemCount) items")
        unsafe scores.withUnsafeMutableBufferPointer { unsafe score(user, catalogue, into: $0) }
    }

    /// The logits of a few items.
    func score(_ user: UserVector, items: [Int32]) -> [Float] {
        score(user, gather(items))
    }

    /// The logits of the items that `rows` stand for.
    func score(_ user: UserVector, _ rows: ItemRows) -> [Float] {
        unsafe [Float](unsafeUninitializedCapacity: rows.count) { scores, count in
            unsafe score(user, rows, into: scores)
            count = rows.count
        }
    }

    private func score(_ user: UserVector, _ rows: ItemRows, into scores: UnsafeMutableBufferPointer<Float>) {
        guard let result = scores.baseAddress, rows.count > 0 else { return }
        unsafe rows.bias.withUnsafeBufferPointer { bias in
            let constant = user.bias + globalBias
            for item in 0..<rows.count { unsafe result[item] = unsafe bias[item] + constant }
        }
        unsafe addGMF(user, rows, to: result)
        unsafe addMLP(user, rows, to: result)
    }

    /// Adds Σ h_k p_k q_k, as one matrix–vector product with h ⊙ p.
    private func addGMF(_ user: UserVector, _ rows: ItemRows, to scores: UnsafeMutablePointer<Float>) {
        guard architecture.hasGMF else { return }
        let weighted = zip(user.gmf, outputWeights).map { $0 * $1 }
        unsafe weighted.withUnsafeBufferPointer { weighted in
            unsafe rows.gmf.withUnsafeBufferPointer { gmf in
                guard let gmf = gmf.baseAddress, let weighted = weighted.baseAddress else { return }
                unsafe ServingProducts.addProduct(gmf, rows: rows.count, columns: gmfWidth, weighted, to: scores)
            }
        }
    }

    /// Adds h_Mᵀ φ_M, block by block.
    private func addMLP(_ user: UserVector, _ rows: ItemRows, to scores: UnsafeMutablePointer<Float>) {
        guard let first = layers.first else { return }
        let shift = userHalf(user)
        let blockRows = min(rows.count, Self.blockRows(of: layers))
        let width = layers.reduce(0) { $0 + $1.outputs }
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: blockRows * width) { scratch in
            unsafe rows.halves.withUnsafeBufferPointer { halves in
                unsafe shift.withUnsafeBufferPointer { shift in
                    guard let scratch = scratch.baseAddress, let halves = halves.baseAddress,
                        let shift = shift.baseAddress
                    else { return }
                    for start in stride(from: 0, to: rows.count, by: blockRows) {
                        let count = min(blockRows, rows.count - start)
                        unsafe ServingProducts.addAndRectify(
                            halves + start * first.outputs, rows: count, columns: first.outputs, shift, into: scratch)
                        unsafe addTower(rows: count, scratch, to: scores + start)
                    }
                }
            }
        }
    }

    /// Runs the layers after the first over activations that lie at `scratch`, and adds their weighted output.
    private func addTower(
        rows: Int, _ scratch: UnsafeMutablePointer<Float>, to scores: UnsafeMutablePointer<Float>
    ) {
        var input = unsafe scratch
        for layer in layers.dropFirst() {
            let output = unsafe input + rows * layer.inputs
            unsafe layer.weights.withUnsafeBufferPointer { weights in
                unsafe layer.bias.withUnsafeBufferPointer { bias in
                    guard let weights = weights.baseAddress, let bias = bias.baseAddress else { return }
                    unsafe ServingProducts.product(
                        input, rows: rows, inner: layer.inputs, weights, columns: layer.outputs,
                        rightStride: layer.inputs, into: output)
                    unsafe ServingProducts.addAndRectify(
                        output, rows: rows, columns: layer.outputs, bias, into: output)
                }
            }
            unsafe input = unsafe output
        }
        unsafe outputWeights.withUnsafeBufferPointer { weights in
            guard let weights = weights.baseAddress else { return }
            unsafe ServingProducts.addProduct(
                input, rows: rows, columns: outputWeights.count - gmfWidth, weights + gmfWidth, to: scores)
        }
    }

    /// W_1ᵁ p_M + b_1, the part of the first layer that is the same for all items.
    func userHalf(_ user: UserVector) -> [Float] {
        guard let first = layers.first else { return [] }
        return unsafe first.weights.withUnsafeBufferPointer { weights in
            (0..<first.outputs).map { row in
                var sum = first.bias[row]
                for column in 0..<mlpWidth { unsafe sum += weights[row * first.inputs + column] * user.mlp[column] }
                return sum
            }
        }
    }

    // Small enough that a block's activations of all layers stay in the second-level cache beside the weights.
    private static let blockBytes = 192 * 1024

    private static func blockRows(of layers: [Layer]) -> Int {
        let rowBytes = layers.reduce(0) { $0 + $1.outputs } * MemoryLayout<Float>.stride
        return max(16, blockBytes / max(1, rowBytes) / 16 * 16)
    }
}
