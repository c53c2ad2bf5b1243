import TestSupport
import Testing

@testable import NCF

@Suite("Folding in a user the model does not know")
struct FoldInTests {
    private static let groups = 3
    private static let itemsPerGroup = 12

    /// Users and items of three taste groups: a user likes the items of its own group and no others.
    private func planted(_ architecture: Architecture, objective: Objective) -> ModelSnapshot {
        let (groups, items, users) = (Self.groups, Self.groups * Self.itemsPerGroup, 30)
        var random = SeededGenerator(seed: 4)
        var parameters = ModelParameters(
            architecture: architecture, userCount: users, itemCount: items, embeddingDimension: groups,
            mlpEmbeddingDimension: groups, hiddenLayerSizes: [groups, groups])
        func plant(_ rows: inout [Float], count: Int, scale: Float) {
            for index in rows.indices {
                let isOwn = index % groups == (index / groups) % groups
                rows[index] = (isOwn ? scale : 0) + Float.random(in: -0.1...0.1, using: &random)
            }
        }
        plant(&parameters.userGMF, count: users, scale: 2)
        plant(&parameters.itemGMF, count: items, scale: 2)
        plant(&parameters.userMLP, count: users, scale: 1)
        plant(&parameters.itemMLP, count: items, scale: 1)
        // The first layer fires where a user and an item of one group meet, the second passes it on.
        for layer in parameters.layers.indices {
            let inputs = parameters.layers[layer].inputSize
            for group in 0..<groups {
                parameters.layers[layer].weights[group * inputs + group] = 1
                if layer == 0 { parameters.layers[layer].weights[group * inputs + groups + group] = 1 }
                parameters.layers[layer].bias[group] = layer == 0 ? -0.8 : 0
            }
        }
        for index in parameters.outputWeights.indices where index >= parameters.embeddingDimension {
            parameters.outputWeights[index] = 3
        }
        parameters.globalBias = objective == .rating ? 2.5 : -3
        return ModelSnapshot(
            version: 1, dataset: ServingFixture.dataset(users: users, items: items, seed: 1, rated: true),
            parameters: parameters, lineage: ServingFixture.lineage(objective))
    }

    @Test("a history far from what the mean user does is met, not overshot", arguments: [6, 20] as [Float])
    func notOvershot(scale: Float) {
        // Loud users and a low μ: at the mean user the loss is nearly flat.
        var parameters = ServingFixture.parameters(.mf, users: 6, items: 20, seed: 3)
        parameters.userGMF = parameters.userGMF.map { scale * $0 }
        parameters.globalBias = -12
        let snapshot = ModelSnapshot(
            version: 1, dataset: ServingFixture.dataset(users: 6, items: 20, seed: 3), parameters: parameters,
            lineage: ServingFixture.lineage())
        let user = snapshot.foldIn(items: [1, 2])
        for item in [1, 2] {
            let logit = snapshot.predict(foldedIn: user, item: item).logit
            #expect(logit > -12 && logit < 12, "\(logit)")
        }
    }

    @Test(
        "a user with a history in one taste group gets that group's items", arguments: Architecture.allCases, 0..<3)
    func findsGroup(architecture: Architecture, group: Int) {
        for objective in [Objective.implicit, .rating] {
            let snapshot = planted(architecture, objective: objective)
            let own = (0..<Self.groups * Self.itemsPerGroup).filter { $0 % Self.groups == group }
            let history = own.prefix(4).map(Int32.init)
            // What the model itself says of a user of this group: a like, on the scale that was planted.
            let ratings = history.map { snapshot.predict(user: group, item: Int($0)).logit }
            let user = snapshot.foldIn(items: history, ratings: ratings)
            let answer = snapshot.recommend(for: user, limit: Self.itemsPerGroup - 4, hiding: history)
            #expect(Set(answer.map(\.item)) == Set(own.dropFirst(4)), "\(objective)")
            let liked = snapshot.predict(foldedIn: user, item: own[7])
            let other = snapshot.predict(foldedIn: user, item: (own[7] + 1) % 36)
            #expect(liked.basis == .foldIn && liked.logit > other.logit)
        }
    }

    @Test("without a history, or with items that do not exist, it is the mean user", arguments: Architecture.allCases)
    func withoutHistory(architecture: Architecture) {
        let snapshot = planted(architecture, objective: .implicit)
        #expect(snapshot.foldIn(items: []) == snapshot.foldIn(items: [-1, 36, .max]))
        let user = snapshot.foldIn(items: [])
        #expect(snapshot.predict(foldedIn: user, item: 2).logit == snapshot.predict(user: nil, item: 2).logit)
    }

    @Test("items with more weight pull harder, items without weight not at all")
    func weights() {
        let snapshot = planted(.mf, objective: .implicit)
        #expect(snapshot.foldIn(items: [0, 1], weights: [1, 0]) == snapshot.foldIn(items: [0]))
        let user = snapshot.foldIn(items: [0, 1], weights: [5, 0.2])
        #expect(snapshot.predict(foldedIn: user, item: 3).logit > snapshot.predict(foldedIn: user, item: 4).logit)
    }

    @Test("a history of the whole catalogue is folded in, of one longer than the limit the last items")
    func longHistories() {
        let user = planted(.neumf, objective: .implicit).foldIn(items: (0..<1000).map { $0 % 36 })
        let numbers = user.gmf + user.mlp + [user.bias]
        #expect(numbers.allSatisfy { $0.isFinite })
        let snapshot = ServingFixture.snapshot(items: 300)
        let last = (100..<300).map(Int32.init)
        #expect(last.count == FoldIn.historyLimit)
        #expect(snapshot.foldIn(items: (0..<300).map(Int32.init)) == snapshot.foldIn(items: last))
        #expect(snapshot.foldIn(items: [99] + last) == snapshot.foldIn(items: last))
        #expect(snapshot.foldIn(items: Array(last.dropFirst())) != snapshot.foldIn(items: last))
    }

    @Test("the gradient equals finite differences")
    func gradient() {
        let model = ScoringModel(
            ServingFixture.parameters(.neumf, users: 3, items: 9, seed: 6, embedding: 2, mlp: 4, hidden: [8, 5, 3]))
        let items: [Int32] = [0, 3, 8]
        let slopes: [Float] = [0.5, -1.25, 2]
        func loss(_ user: UserVector) -> Double {
            zip(model.score(user, items: items), slopes).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let user = model.vector(of: 1)
        let gradient = model.gradient(user, model.gather(items), slopes: slopes)
        for k in 0..<4 {
            var (more, less) = (user, user)
            more.mlp[k] += 0.002
            less.mlp[k] -= 0.002
            #expect(abs((loss(more) - loss(less)) / 0.004 - Double(gradient[k])) < 2e-3)
        }
    }

    @Test("a system of equations is solved, an indefinite one refused")
    func solves() {
        var random = SeededGenerator(seed: 8)
        for size in [1, 2, 9] {
            var system = SymmetricSystem(size: size)
            var (matrix, right) = ([Float](repeating: 0, count: size * size), [Float](repeating: 0, count: size))
            for _ in 0..<(2 * size) {
                let x = (0..<size).map { _ in Float.random(in: -1...1, using: &random) }
                unsafe x.withUnsafeBufferPointer { unsafe system.add($0, weight: 2, value: 3) }
                for row in 0..<size {
                    right[row] += 3 * x[row]
                    for column in 0..<size { matrix[row * size + column] += 2 * x[row] * x[column] }
                }
            }
            for row in 0..<size {
                system.addDiagonal(row, weight: 0.5, value: 1)
                matrix[row * size + row] += 0.5
                right[row] += 1
            }
            let solution = system.solved() ?? []
            #expect(solution.count == size)
            for row in 0..<size {
                let product = (0..<size).reduce(Float(0)) { $0 + matrix[row * size + $1] * solution[$1] }
                #expect(abs(product - right[row]) < 1e-3)
            }
        }
        #expect(SymmetricSystem(size: 2).solved() == nil)
    }
}
