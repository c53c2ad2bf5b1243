internal import CKernels

extension ScoringModel {
    /// Items of a block: its rows stay in the second-level cache while several users pass over them.
    static let blockItems = 192

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
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: preparedCount + tower.scratchCount + 1) {
            guard let memory = $0.baseAddress else { return }
            let prepared = unsafe prepare(user, in: memory)
            for start in stride(from: 0, to: rows.count, by: Self.blockItems) {
                let items = start..<min(rows.count, start + Self.blockItems)
                unsafe score(prepared, rows, items, scratch: memory + preparedCount, into: result + start)
            }
        }
    }

    /// Writes the logits of the rows `items`, and returns the greatest (NaN never is; -infinity for none).
    ///
    /// A row's logit depends on that row and the user alone, bit for bit: not on the block, nor on the other rows.
    @unsafe @discardableResult @inline(__always)
    func score(
        _ user: PreparedUser, _ rows: ItemRows, _ items: Range<Int>, scratch: UnsafeMutablePointer<Float>,
        into scores: UnsafeMutablePointer<Float>
    ) -> Float {
        unsafe rows.gmf.withUnsafeBufferPointer { gmf in
            unsafe rows.halves.withUnsafeBufferPointer { halves in
                unsafe rows.bias.withUnsafeBufferPointer { bias in
                    guard let bias = bias.baseAddress else { return -.infinity }
                    let count = items.count
                    let greatest = unsafe nectar_score_gmf(
                        Int32(count), Int32(gmfWidth), gmf.baseAddress.map { unsafe $0 + items.lowerBound * gmfWidth },
                        user.weighted, bias + items.lowerBound, user.constant, scores)
                    guard tower.half > 0, let halves = halves.baseAddress else { return greatest }
                    return unsafe tower.add(
                        count: count, halves: halves + items.lowerBound * tower.half, shift: user.shift,
                        scratch: scratch, to: scores)
                }
            }
        }
    }

    /// W_1ᵁ p_M + b_1, the part of the first layer that is the same for all items.
    func userHalf(_ user: UserVector) -> [Float] {
        guard tower.half > 0 else { return [] }
        return unsafe [Float](unsafeUninitializedCapacity: tower.half) { out, count in
            unsafe user.mlp.withUnsafeBufferPointer { mlp in
                guard let mlp = mlp.baseAddress, let out = out.baseAddress else { return }
                unsafe tower.writeUserHalf(of: mlp, into: out)
                count = tower.half
            }
        }
    }
}
