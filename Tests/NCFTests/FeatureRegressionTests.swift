import Testing

@testable import NCF

@Suite("The regression of rows on features")
struct FeatureRegressionTests {
    /// Rows that follow from their features exactly.
    private func rows(
        _ count: Int, features: Int, width: Int, seed: UInt64
    ) -> (
        rows: [SparseFeatures], targets: [[Float]]
    ) {
        var random = SplitMix64(seed: seed)
        let embeddings = (0..<features).map { _ in (0..<width).map { _ in Float(random.nextNormal()) } }
        let base = (0..<width).map { Float($0) }
        var result: (rows: [SparseFeatures], targets: [[Float]]) = ([], [])
        for _ in 0..<count {
            var row = SparseFeatures()
            var target = base
            for feature in 0..<features where random.below(3) == 0 {
                let weight = Float(1 + random.below(2))
                row.indices.append(Int32(feature))
                row.weights.append(weight)
                for k in 0..<width { target[k] += weight * embeddings[feature][k] }
            }
            result.rows.append(row)
            result.targets.append(target)
        }
        return result
    }

    private func fit(
        _ rows: [SparseFeatures], _ targets: [[Float]], features: Int, blocks: [Range<Int>]
    ) -> FeatureRegression.Fit? {
        let width = targets.first?.count ?? 1
        let regression = FeatureRegression(
            rows: rows, counts: rows.indices.map { 1 + $0 % 7 }, featureCount: features, blocks: blocks,
            columnWeights: Array(repeating: 1, count: width))
        return regression.fit(target: { targets[$0] }, isCancelled: { false })
    }

    @Test("what follows from the features is found, up to the penalty", arguments: [600, 1500])
    func exact(count: Int) throws {
        let (rows, targets) = rows(count, features: 6, width: 3, seed: 1)
        let found = try #require(fit(rows, targets, features: 6, blocks: [0..<2, 2..<3]))
        #expect(found.explained.allSatisfy { $0 > 0.98 && $0 <= 1 })
        let embeddings = FeatureEmbeddings(gmf: 1, mlp: 1, rows: FrozenArray(found.rows))
        #expect(embeddings.count == 6)
        for (row, target) in zip(rows, targets) {
            let sum = embeddings.sum(of: row)
            for (value, expected) in zip(sum.gmf + sum.mlp + [sum.bias], target) {
                #expect(abs(value - expected) < 0.25)
            }
        }
    }

    @Test("the solution is the one that the normal equations have, by elimination in double precision")
    func againstReference() throws {
        let (rows, targets) = rows(40, features: 3, width: 1, seed: 4)
        let sums = NormalEquations(columns: 4, width: 1)
        let features = AlignedBuffer<Float>(count: 40 * 4, repeating: 0)
        let values = AlignedBuffer<Float>(count: 40, repeating: 0)
        for (row, sparse) in rows.enumerated() {
            for (index, weight) in zip(sparse.indices, sparse.weights) { features[row * 4 + Int(index)] = weight }
            features[row * 4 + 3] = 1
            values[row] = targets[row][0]
        }
        sums.add(rows: 40, features, values)
        let solution = try #require(sums.solution(penalty: 2))
        // (XᵀX + 2 I', with no penalty on the constant) b = Xᵀt.
        var matrix = [[Double]](repeating: Array(repeating: 0, count: 5), count: 4)
        for row in 0..<40 {
            for i in 0..<4 {
                for j in 0..<4 { matrix[i][j] += Double(features[row * 4 + i] * features[row * 4 + j]) }
                matrix[i][4] += Double(features[row * 4 + i] * values[row])
            }
        }
        for i in 0..<3 { matrix[i][i] += 2 }
        for pivot in 0..<4 {
            for row in 0..<4 where row != pivot {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                for column in 0..<5 { matrix[row][column] -= factor * matrix[pivot][column] }
            }
        }
        let expected = (0..<4).map { Float(matrix[$0][4] / matrix[$0][$0]) }
        for column in 0..<4 { #expect(abs(solution.rows[column] - expected[column]) < 1e-4) }
        // Row by row it is the same.
        let bySparseRows = NormalEquations(columns: 4, width: 1)
        for (row, sparse) in rows.enumerated() { bySparseRows.add(sparse, target: targets[row], weight: 1) }
        let same = try #require(bySparseRows.solution(penalty: 2))
        let predictions = AlignedBuffer<Float>(count: 40, repeating: 0)
        solution.predict(rows: 40, features, into: predictions)
        var one: [Float] = [0]
        for column in 0..<4 { #expect(abs(same.rows[column] - expected[column]) < 1e-4) }
        for row in 0..<40 {
            same.predict(rows[row], into: &one)
            #expect(abs(one[0] - predictions[row]) < 1e-4)
        }
    }

    @Test("a few features of many are regressed as all of them are", arguments: [0, 57])
    func sparseAndDense(unused: Int) throws {
        // Features that nobody has make rows sparse, and change nothing.
        let (rows, targets) = rows(400, features: 6, width: 3, seed: 9)
        let regression = FeatureRegression(
            rows: rows, counts: rows.indices.map { 1 + $0 % 7 }, featureCount: 6 + unused, blocks: [0..<3],
            columnWeights: [1, 1, 1])
        #expect(regression.isSparse == (unused > 0))
        let found = try #require(regression.fit(target: { targets[$0] }, isCancelled: { false }))
        let expected = try #require(fit(rows, targets, features: 6, blocks: [0..<3]))
        for (value, other) in zip(found.rows, expected.rows) { #expect(abs(value - other) < 1e-3) }
        #expect(found.rows[21...].allSatisfy { $0 == 0 })
        #expect(abs(found.explained[0] - expected.explained[0]) < 1e-3)
    }

    @Test("columns that are constant have no features, and fewer rows than two a fold teach nothing")
    func degenerate() throws {
        let (rows, _) = rows(50, features: 4, width: 1, seed: 2)
        let found = try #require(
            fit(rows, rows.map { _ in [7, 0] }, features: 4, blocks: [0..<1, 1..<2]))
        #expect(found.explained == [0, 0])
        #expect(abs(found.rows[0] - 7) < 1e-5 && found.rows[1...].allSatisfy { $0 == 0 })
        #expect(fit(Array(rows.prefix(9)), rows.prefix(9).map { _ in [1] }, features: 4, blocks: [0..<1]) == nil)
        // Features that nobody has, or that always come together, leave a system that the penalty alone makes regular.
        let twins = rows.map { row in
            SparseFeatures(
                indices: row.indices.flatMap { [2 * $0, 2 * $0 + 1] }, weights: row.weights.flatMap { [$0, $0] })
        }
        let doubled = try #require(fit(twins, rows.map { [Float($0.indices.count)] }, features: 12, blocks: [0..<1]))
        #expect(doubled.rows.allSatisfy(\.isFinite) && doubled.rows[9...].allSatisfy { $0 == 0 })
    }
}
