import Glibc
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
            parameters: parameters, lineage: ServingFixture.lineage(objective),
            ratingScale: objective == .rating ? RatingScale(range: -10...10, deviation: 1) : nil)
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

    @Test(
        "the derivatives of the tower equal finite differences, by every instruction set",
        arguments: ServingKernels.available.indices, [[8, 5, 3], [7], [17, 9]])
    func gradient(instructionSet: Int, hidden: [Int]) {
        let parameters = ServingFixture.parameters(
            .neumf, users: 3, items: 70, seed: 6, embedding: 2, mlp: 4, hidden: hidden)
        let model = ScoringModel(parameters, kernels: ServingKernels.available[instructionSet])
        let items = (0..<70).map(Int32.init)
        let user = model.vector(of: 1)
        let tower = TowerGradients(model, model.gather(items))
        var logits = model.scoreWithoutTower(user, model.gather(items))
        tower.evaluate(at: user.mlp, addingTo: &logits)
        #expect(logits == model.score(user, items: items))
        let gradients = tower.all()
        for (index, gradient) in gradients.enumerated() {
            let (item, element, step) = (index / 4, index % 4, 1e-6)
            let above = ServingFixture.logit(parameters, user: 1, item: item, moving: element, by: step)
            let below = ServingFixture.logit(parameters, user: 1, item: item, moving: element, by: -step)
            #expect(abs((above - below) / (2 * step) - Double(gradient)) < 1e-4)
        }
        let slopes = items.map { 0.5 - Float($0 % 3) }
        var sum = [Float](repeating: 0, count: 4)
        tower.sum(slopes: slopes + Array(repeating: 0, count: 16), into: &sum)
        for k in 0..<4 {
            let expected = items.indices.reduce(Float(0)) { $0 + slopes[$1] * gradients[$1 * 4 + k] }
            #expect(abs(sum[k] - expected) < 1e-4)
        }
    }

    @Test(
        "without a tower the vector is where the loss and its prior are least", arguments: [Architecture.mf, .gmf],
        [Objective.implicit, .rating])
    func isOptimal(architecture: Architecture, objective: Objective) {
        let (fold, samples) = fold(architecture, objective)
        let (before, after) = (
            slope(at: fold.prior.user, samples, fold), slope(at: fold.vector(samples: samples), samples, fold)
        )
        #expect(after < 5e-3 * before, "\(before) \(after)")
    }

    @Test(
        "with a tower no element of the vector can be moved for much less cost", arguments: [Architecture.mlp, .neumf],
        [Objective.implicit, .rating])
    func isNearlyOptimal(architecture: Architecture, objective: Objective) {
        let (fold, samples) = fold(architecture, objective)
        let user = fold.vector(samples: samples)
        let found = cost(of: user, samples, fold)
        #expect(found < 0.95 * cost(of: fold.prior.user, samples, fold))
        for k in user.elements().indices {
            let spread = fold.prior.userVariance.elements()[k].squareRoot()
            for share in [-0.5, -0.1, 0.1, 0.5] as [Float] {
                var elements = user.elements()
                elements[k] += share * spread
                let moved = user.moved(to: elements)
                #expect(cost(of: moved, samples, fold) > 0.97 * found, "element \(k)")
            }
        }
    }

    private func fold(_ architecture: Architecture, _ objective: Objective) -> (FoldIn, [FoldIn.Sample]) {
        let snapshot = ServingFixture.snapshot(architecture, users: 40, items: 300, objective: objective)
        let samples = snapshot.foldInSamples(
            items: (0..<25).map { $0 * 11 }, weights: nil, ratings: (0..<25).map { 1 + Float($0 % 5) })
        return (FoldIn(model: snapshot.model, prior: snapshot.prior, objective: objective), samples.all)
    }

    /// The loss and the prior's half squared distance, in double precision from their definition.
    private func cost(of user: UserVector, _ samples: [FoldIn.Sample], _ fold: FoldIn) -> Double {
        var cost = 0.0
        for ((element, mean), variance) in zip(
            zip(user.elements(), fold.prior.user.elements()), fold.prior.userVariance.elements())
        {
            cost += Double(element - mean) * Double(element - mean) / max(Double(variance), 1e-4) / 2
        }
        for (sample, logit) in zip(samples, fold.model.score(user, items: samples.map(\.item))) {
            let (z, y) = (Double(logit), Double(sample.target))
            let loss = fold.objective == .rating ? (z - y) * (z - y) / 2 : max(z, 0) - y * z + log1p(exp(-abs(z)))
            cost += Double(sample.weight) * loss
        }
        return cost
    }

    /// The length of the cost's gradient without a tower, each element in units of the users' spread.
    private func slope(at user: UserVector, _ samples: [FoldIn.Sample], _ fold: FoldIn) -> Double {
        let (model, prior) = (fold.model, fold.prior)
        let spread = prior.userVariance.elements().map { max(Double($0), 1e-4).squareRoot() }
        let distance = zip(user.elements(), prior.user.elements()).map { Double($0 - $1) }
        var gradient = zip(distance, spread).map { $0 / ($1 * $1) }
        let logits = model.score(user, items: samples.map(\.item))
        for (sample, logit) in zip(samples, logits) {
            let found = fold.objective == .rating ? Double(logit) : 1 / (1 + exp(-Double(logit)))
            let slope = Double(sample.weight) * (found - Double(sample.target))
            for k in 0..<model.gmfWidth {
                let feature = model.outputWeights[k] * model.itemGMF[Int(sample.item) * model.gmfWidth + k]
                gradient[k] += slope * Double(feature)
            }
            gradient[model.gmfWidth] += slope
        }
        return zip(gradient, spread).reduce(0) { $0 + $1.0 * $1.0 * $1.1 * $1.1 }.squareRoot()
    }

    @Test(
        "the items that stand for the others have, weighted, the others' mean, or that of training's negatives",
        arguments: [40, 3000], [NegativeSampling.uniform, .popularity])
    func negatives(itemCount: Int, sampling: NegativeSampling) {
        let snapshot = ServingFixture.snapshot(.mf, users: 20, items: itemCount)
        let model = snapshot.model
        let quantity = (0..<itemCount).map { 1 + Double(model.itemGMF[$0 * model.gmfWidth]) }
        var settings = snapshot.lineage.hyperparameters
        settings.negativeSampling = sampling
        let likelihoods = NegativePool.likelihoods(settings, popularity: snapshot.popularity)
        #expect((likelihoods == nil) == (sampling == .uniform))
        let powers = (0..<itemCount).map { pow(Double(max(1, snapshot.interactionCount(ofItem: $0))), 0.75) }
        let shares = powers.map { sampling == .uniform ? 1 / Double(itemCount) : $0 / powers.reduce(0, +) }
        let expected = zip(shares, quantity).reduce(0) { $0 + $1.0 * $1.1 }
        var (mean, total) = (0.0, 0.0)
        for seed in 0..<50 as Range<UInt64> {
            let pool = NegativePool(
                model, meanUser: snapshot.prior.user, popularityOrder: snapshot.popularityOrder, seed: seed,
                likelihoods: likelihoods)
            #expect(pool.items.count <= NegativePool.draws && Set(pool.items).count == pool.items.count)
            #expect(pool.items.count == itemCount || pool.items.count > 200)
            for (item, weight) in zip(pool.items, pool.weights) {
                total += Double(weight) / 50
                mean += Double(weight) * quantity[Int(item)] / 50
            }
        }
        #expect(abs(total - 1) < 0.01 && abs(mean - expected) < 0.02, "\(total) \(mean) \(expected)")
    }

    @Test("products of halved vectors have the inverse between them; an indefinite system is refused")
    func halves() throws {
        var random = SeededGenerator(seed: 8)
        for size in [1, 2, 9, 40] {
            let rows = (0..<2 * size * size).map { _ in Float.random(in: -1...1, using: &random) }
            let weights = (0..<2 * size).map { _ in Float.random(in: 0...2, using: &random) }
            var system = SymmetricSystem(diagonal: Array(repeating: 0.5, count: size))
            system.add(rows: rows, weights: weights)
            var halved = Array(rows.prefix(2 * size))
            try #require(system.factored()).halve(rows: &halved)
            let found = (0..<size).reduce(Float(0)) { $0 + halved[$1] * halved[size + $1] }
            #expect(abs(found - inverseProduct(rows, weights, size: size)) < 1e-3)
        }
        #expect(SymmetricSystem(diagonal: [1, -1]).factored() == nil)
    }

    /// row 0 · A⁻¹ · row 1 for A = ½ + Σ w x xᵀ, by Gauss and Jordan in double precision.
    private func inverseProduct(_ rows: [Float], _ weights: [Float], size: Int) -> Float {
        func row(_ index: Int) -> [Double] { rows[index * size..<(index + 1) * size].map(Double.init) }
        var (matrix, solution) = ((0..<size).map { _ in [Double](repeating: 0, count: size) }, row(1))
        for k in 0..<size { matrix[k][k] = 0.5 }
        for (index, weight) in weights.enumerated() {
            let x = row(index)
            for i in 0..<size { for k in 0..<size { matrix[i][k] += Double(weight) * x[i] * x[k] } }
        }
        for pivot in 0..<size {
            for other in 0..<size where other != pivot {
                let factor = matrix[other][pivot] / matrix[pivot][pivot]
                for k in 0..<size { matrix[other][k] -= factor * matrix[pivot][k] }
                solution[other] -= factor * solution[pivot]
            }
        }
        return Float((0..<size).reduce(0) { $0 + row(0)[$1] * solution[$1] / matrix[$1][$1] })
    }
}
