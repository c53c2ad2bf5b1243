/// What is the same for all items in one user's logits, in scratch memory of the request.
@unsafe
struct PreparedUser {
    /// h ⊙ p_G, padded with zeros.
    var weighted: UnsafePointer<Float>
    /// W_1ᵁ p_M + b_1, padded with zeros.
    var shift: UnsafePointer<Float>
    /// β_u + μ.
    var constant: Float
}

extension ScoringModel {
    /// How many elements of memory one prepared user takes.
    var preparedCount: Int { ServingKernels.padded(gmfWidth) + ServingKernels.padded(tower.half) }

    /// Prepares a user whose embeddings lie at `gmf` and `mlp`, in `memory` of ``preparedCount`` elements.
    @unsafe
    func prepare(
        gmf: UnsafePointer<Float>, mlp: UnsafePointer<Float>, bias: Float, in memory: UnsafeMutablePointer<Float>
    ) -> PreparedUser {
        unsafe memory.initialize(repeating: 0, count: preparedCount)
        unsafe outputWeights.withUnsafeBufferPointer { weights in
            for k in 0..<gmfWidth { unsafe memory[k] = unsafe weights[k] * gmf[k] }
        }
        let shift = unsafe memory + ServingKernels.padded(gmfWidth)
        if tower.half > 0 { unsafe tower.writeUserHalf(of: mlp, into: shift) }
        return unsafe PreparedUser(weighted: memory, shift: shift, constant: bias + globalBias)
    }

    /// Prepares a user given by its vector.
    @unsafe
    func prepare(_ user: UserVector, in memory: UnsafeMutablePointer<Float>) -> PreparedUser {
        precondition(user.gmf.count == gmfWidth && user.mlp.count == mlpWidth, "a vector of another model")
        return unsafe user.gmf.withUnsafeBufferPointer { gmf in
            unsafe user.mlp.withUnsafeBufferPointer { mlp in
                unsafe prepare(
                    gmf: gmf.baseAddress ?? UnsafePointer(memory), mlp: mlp.baseAddress ?? UnsafePointer(memory),
                    bias: user.bias, in: memory)
            }
        }
    }

    /// Prepares a user that the model knows, straight from its rows.
    @unsafe
    func prepare(user: Int, in memory: UnsafeMutablePointer<Float>) -> PreparedUser {
        precondition(user >= 0 && user < userCount, "a user index out of bounds")
        return unsafe userGMF.withUnsafeBufferPointer { gmf in
            unsafe userMLP.withUnsafeBufferPointer { mlp in
                let fallback = unsafe UnsafePointer(memory)
                return unsafe prepare(
                    gmf: gmf.baseAddress.map { unsafe $0 + user * gmfWidth } ?? fallback,
                    mlp: mlp.baseAddress.map { unsafe $0 + user * mlpWidth } ?? fallback, bias: userBias[user],
                    in: memory)
            }
        }
    }
}
