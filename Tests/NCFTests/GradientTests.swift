import Testing

@testable import NCF

@Suite("Gradients and updates")
struct GradientTests {
    @Test(
        "slices are alike, large enough for products, and of a small batch several",
        arguments: [(5, 819, 52), (1, 32, 16), (1, 31, 31), (1, 4096, 256), (5, 51, 26), (300, 7, 1), (4, 1, 1)])
    func slices(samplesPerGroup: Int, groups: Int, expected: Int) {
        #expect(TrainingStep.groupsPerSlice(of: samplesPerGroup, batch: groups) == expected)
    }

    @Test(
        "every gradient is the loss's finite difference",
        arguments: Architecture.allCases, trainableObjectives)
    func finiteDifferences(architecture: Architecture, objective: Objective) {
        // More groups than a slice holds, so that the sum over slices is part of what is checked.
        let perGroup = objective == .rating ? 1 : 4
        let groups = objective == .rating ? 270 : 70
        let model = randomModel(architecture, users: 5, items: 6, objective: objective, seed: 11)
        let batch = randomBatch(
            groups: groups, samplesPerGroup: perGroup, users: 5, items: 6, objective: objective, seed: 12)
        let step = TrainingStep(
            model: model, objective: objective, capacity: groups, samplesPerGroup: perGroup,
            loop: ParallelLoop(threads: 2))
        #expect(step.sliceCount(batch) > 1)
        let loss = step.computeGradients(batch)
        let gradients = step.gradients(batch)
        var reference = ReferenceModel(model)
        let expectedLoss = reference.loss(batch, objective: objective)
        #expect(abs(loss - expectedLoss) <= 1e-5 * abs(expectedLoss))

        check("user", gradients.users, \.users, &reference, batch, objective)
        check("item", gradients.items, \.items, &reference, batch, objective)
        check("dense", gradients.dense, \.dense, &reference, batch, objective)
    }

    /// Single precision sums some hundred terms of order one: 5e-4 is far above its error, far below any wrong term.
    private func check(
        _ name: String, _ gradient: [Float], _ path: WritableKeyPath<ReferenceModel, [Double]>,
        _ reference: inout ReferenceModel, _ batch: MiniBatch, _ objective: Objective
    ) {
        let width = 1e-5
        for index in gradient.indices {
            let value = reference[keyPath: path][index]
            reference[keyPath: path][index] = value + width
            let above = reference.loss(batch, objective: objective)
            reference[keyPath: path][index] = value - width
            let below = reference.loss(batch, objective: objective)
            reference[keyPath: path][index] = value
            let expected = (above - below) / (2 * width)
            let found = Double(gradient[index]) * Double(batch.sampleCount)
            #expect(abs(found - expected) <= 5e-4 * (1 + abs(expected)), "\(name) parameter \(index)")
        }
    }

    @Test("logits are the formula's, for widths around the vectors'", arguments: [1, 7, 8, 9, 15, 16, 17, 33])
    func logits(width: Int) {
        for architecture in Architecture.allCases {
            let model = randomModel(
                architecture, users: 4, items: 5, gmf: width, mlp: width, layers: [width, max(1, width / 2)], seed: 3)
            let batch = randomBatch(groups: 9, samplesPerGroup: 3, users: 4, items: 5, objective: .implicit, seed: 4)
            let step = TrainingStep(
                model: model, objective: .implicit, capacity: 9, samplesPerGroup: 3, loop: ParallelLoop(threads: 1))
            let parameters = model.parameters()
            for (sample, logit) in step.computeLogits(batch).enumerated() {
                let expected = parameters.logit(user: Int(batch.users[sample / 3]), item: Int(batch.items[sample]))
                #expect(abs(logit - expected) <= 1e-4 * (1 + abs(expected)), "\(architecture), sample \(sample)")
            }
        }
    }

    @Test("parameters survive the way into training and out again", arguments: Architecture.allCases)
    func roundTrip(architecture: Architecture) {
        let parameters = randomModel(architecture, users: 3, items: 4, seed: 5).parameters()
        let other = randomModel(architecture, users: 3, items: 4, seed: 6)
        #expect(other.parameters() != parameters)
        other.load(parameters)
        #expect(other.parameters() == parameters)
    }
}
