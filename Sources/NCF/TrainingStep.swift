import CKernels

/// One step on one mini-batch, in two phases that each run on all threads.
///
/// First every slice (a fixed number of groups, whatever the number of threads) computes its logits, loss and gradients
/// from parameters that nobody changes. Then every touched row is updated once, by one thread, with its gradient summed in
/// the order of the samples; dense gradients are summed in the order of the slices. So no float depends on the threads.
@safe
final class TrainingStep: @unchecked Sendable {
    // Sendable because phases are separated by the loop's barrier, and within one each task writes what is its own.

    /// Samples a slice should have: large enough for matrix products, small enough for the cache nearest the core.
    static let samplesPerSlice = 256
    /// Rows a task of the second phase updates.
    private static let rowsPerTask = 64
    /// How long before its update a row is asked for.
    private static let rowsAhead = 3

    let model: TrainableModel
    let objective: Objective
    let loop: ParallelLoop
    let samplesPerGroup: Int
    let groupsPerSlice: Int
    /// Whether h is left as it is. Where the tower's part of it is 0, so is then every gradient within the tower.
    var holdsOutput = false
    /// Asked before every slice and every dense layer: once it is true, what is computed is worth nothing. Must be cheap.
    var isCancelled: @Sendable () -> Bool = { false }
    /// Of ``Objective/cosineContrastive``.
    var contrast = CosineContrast()
    /// What is left out of the dense layers' outputs; only gradients know it.
    var dropout: Dropout?
    private let workspaces: [SliceWorkspace]
    private let logits: AlignedBuffer<Float>
    private let deltas: AlignedBuffer<Float>
    private let userCopies: AlignedBuffer<Float>
    private let userGradients: AlignedBuffer<Float>
    private let itemMLPGradients: AlignedBuffer<Float>
    private let denseGradients: AlignedBuffer<Float>
    private let losses: AlignedBuffer<Double>
    // As they were in the first phase, while the second already changes the model's.
    private let outputWeights: AlignedBuffer<Float>
    private let userGroups: RowGroups
    private let itemGroups: RowGroups
    /// Steps that the dense parameters have taken.
    var stepCount = 0

    /// Scratch for batches of up to `capacity` groups of `samplesPerGroup` samples.
    init(model: TrainableModel, objective: Objective, capacity: Int, samplesPerGroup: Int, loop: ParallelLoop) {
        self.model = model
        self.objective = objective
        self.loop = loop
        self.samplesPerGroup = samplesPerGroup
        let groupsPerSlice = Self.groupsPerSlice(of: samplesPerGroup)
        self.groupsPerSlice = groupsPerSlice
        let samples = capacity * samplesPerGroup
        let slices = (capacity + groupsPerSlice - 1) / groupsPerSlice
        let gmf = model.users.gmf
        workspaces = (0..<loop.threads).map { _ in
            SliceWorkspace(groups: groupsPerSlice, samplesPerGroup: samplesPerGroup, model: model)
        }
        logits = AlignedBuffer(count: samples, repeating: 0)
        deltas = AlignedBuffer(count: samples, repeating: 0)
        userCopies = AlignedBuffer(count: capacity * gmf, repeating: 0)
        userGradients = AlignedBuffer(count: capacity * model.users.stride, repeating: 0)
        itemMLPGradients = AlignedBuffer(count: samples * model.users.mlp, repeating: 0)
        denseGradients = AlignedBuffer(count: slices * model.dense.count, repeating: 0)
        losses = AlignedBuffer(count: slices, repeating: 0)
        outputWeights = AlignedBuffer(count: model.dense.outputCount, repeating: 0)
        userGroups = RowGroups(rowCount: model.users.rowCount, sampleCapacity: capacity)
        itemGroups = RowGroups(rowCount: model.items.rowCount, sampleCapacity: samples)
    }

    /// How many whole groups of so many samples make a slice.
    static func groupsPerSlice(of samplesPerGroup: Int) -> Int { max(1, samplesPerSlice / samplesPerGroup) }

    func sliceCount(_ batch: MiniBatch) -> Int {
        (batch.groupCount + groupsPerSlice - 1) / groupsPerSlice
    }

    /// The groups of slice `index`.
    func groups(ofSlice index: Int, in batch: MiniBatch) -> Range<Int> {
        index * groupsPerSlice..<min(batch.groupCount, (index + 1) * groupsPerSlice)
    }

    /// The first phase: gradients of the batch's mean loss.
    ///
    /// - Returns: The sum of the samples' losses, without penalties.
    func computeGradients(_ batch: MiniBatch) -> Double {
        unsafe outputWeights.base.update(from: model.dense.values.base, count: model.dense.outputCount)
        let slices = sliceCount(batch)
        loop.run(tasks: slices + 2) { worker, task in
            switch task {
            // The longest tasks first.
            case 0: unsafe itemGroups.group(rows: batch.items.base, count: batch.sampleCount)
            case 1: unsafe userGroups.group(rows: batch.users.base, count: batch.groupCount)
            default: slice(task - 2, of: batch, workspaces[worker])
            }
        }
        var total = 0.0
        for index in 0..<slices { total += losses[index] }
        return total
    }

    /// The second phase: one step of the optimiser on everything the batch touched; then `more` further tasks of the caller's, which
    /// must not touch the model.
    func update(
        _ batch: MiniBatch, decay: Double, optimizer: Optimizer, more: Int = 0,
        _ body: @Sendable (_ task: Int) -> Void = { _ in }
    ) {
        stepCount += 1
        let perSample = Float(decay) / Float(batch.sampleCount)
        let userTasks = (userGroups.count + Self.rowsPerTask - 1) / Self.rowsPerTask
        let itemTasks = (itemGroups.count + Self.rowsPerTask - 1) / Self.rowsPerTask
        loop.run(tasks: 1 + itemTasks + userTasks + more) { worker, task in
            let workspace = workspaces[worker]
            switch task {
            case 0:
                updateDense(slices: sliceCount(batch), decay: Float(decay), optimizer)
            case 1...itemTasks:
                for slot in rows(ofTask: task - 1, count: itemGroups.count) {
                    model.items.prefetch(row: itemGroups.row(slot + Self.rowsAhead))
                    let (row, occurrences) = itemGradient(slot, workspace)
                    let decay = perSample * Float(occurrences)
                    unsafe model.items.update(
                        row: row, gradient: workspace.row.base, decay: decay, optimizer: optimizer)
                    gatherLeftOut(slot, batch)
                }
            case 1 + itemTasks..<1 + itemTasks + userTasks:
                for slot in rows(ofTask: task - 1 - itemTasks, count: userGroups.count) {
                    model.users.prefetch(row: userGroups.row(slot + Self.rowsAhead))
                    let (row, occurrences) = userGradient(slot, workspace)
                    let decay = perSample * Float(occurrences * samplesPerGroup)
                    unsafe model.users.update(
                        row: row, gradient: workspace.row.base, decay: decay, optimizer: optimizer)
                    gather(workspace.row, ofUser: row)
                }
            default:
                body(task - 1 - itemTasks - userTasks)
            }
        }
    }

    private func rows(ofTask task: Int, count: Int) -> Range<Int> {
        task * Self.rowsPerTask..<min(count, (task + 1) * Self.rowsPerTask)
    }

    /// Leaves the summed gradient of the item row in `slot` in the workspace.
    private func itemGradient(_ slot: Int, _ workspace: SliceWorkspace) -> (row: Int, occurrences: Int) {
        let (row, samples) = unsafe itemGroups.entry(slot)
        guard let first = samples.baseAddress else { return (row, 0) }
        unsafe nectar_item_gradient(
            model.items.layout, Int32(samples.count), first, Int32(samplesPerGroup), outputWeights.base,
            userCopies.base, itemMLPGradients.base, deltas.base, workspace.row.base
        )
        return (row, samples.count)
    }

    /// Leaves the summed gradient of the user row in `slot` in the workspace.
    private func userGradient(_ slot: Int, _ workspace: SliceWorkspace) -> (row: Int, occurrences: Int) {
        let (row, groups) = unsafe userGroups.entry(slot)
        guard let first = groups.baseAddress else { return (row, 0) }
        unsafe nectar_user_gradient(
            model.users.layout.stride, Int32(groups.count), first, userGradients.base, workspace.row.base
        )
        return (row, groups.count)
    }

    /// Gathers the gradient of a user's row for the features in its history.
    private func gather(_ gradient: AlignedBuffer<Float>, ofUser row: Int) {
        guard let histories = model.histories else { return }
        let stride = model.users.stride
        unsafe nectar_add(Int32(stride), gradient.base, histories.rowGradients.base + row * stride)
    }

    /// Takes back what the item row in `slot` will get, as a feature, from groups that left it out.
    private func gatherLeftOut(_ slot: Int, _ batch: MiniBatch) {
        guard let histories = model.histories else { return }
        let (row, samples) = unsafe itemGroups.entry(slot)
        guard let first = samples.baseAddress else { return }
        let stride = model.users.stride
        unsafe nectar_left_out_gradient(
            Int32(stride), Int32(samples.count), first, Int32(samplesPerGroup), batch.leftOut.base,
            userGradients.base, histories.ownGradients.base + row * stride)
    }

    /// Steps on the features by what was gathered since the last time.
    func settle(optimizer: Optimizer) {
        model.histories?.settle(rows: model.users.rows, loop: loop, optimizer: optimizer)
    }

    /// Leaves the summed dense gradient in the first slice's place.
    private func sumDenseGradients(slices: Int) {
        let count = model.dense.count
        for slice in 1..<max(1, slices) {
            unsafe nectar_add(Int32(count), denseGradients.base + slice * count, denseGradients.base)
        }
    }

    private func updateDense(slices: Int, decay: Float, _ optimizer: Optimizer) {
        sumDenseGradients(slices: slices)
        if holdsOutput {
            for index in 0..<model.dense.outputCount { denseGradients[index] = 0 }
        }
        unsafe model.dense.update(gradient: denseGradients.base, decay: decay, optimizer: optimizer, step: stepCount)
    }

    /// The logits of the batch, by the same kernels as in training.
    func computeLogits(_ batch: MiniBatch) -> [Float] {
        let slices = sliceCount(batch)
        loop.run(tasks: slices) { worker, task in
            guard !isCancelled() else { return }
            unsafe forward(place(task, in: batch), batch, workspaces[worker])
        }
        return unsafe Array(UnsafeBufferPointer(start: logits.base, count: batch.sampleCount))
    }

    /// The gradients of the first phase, summed and scattered to their rows; for tests.
    func gradients(_ batch: MiniBatch) -> (users: [Float], items: [Float], dense: [Float]) {
        let stride = model.users.stride
        var users = [Float](repeating: 0, count: model.users.rowCount * stride)
        var items = [Float](repeating: 0, count: model.items.rowCount * stride)
        let workspace = workspaces[0]
        for slot in 0..<userGroups.count {
            let (row, _) = userGradient(slot, workspace)
            users.replaceSubrange(row * stride..<(row + 1) * stride, with: workspace.row.array)
        }
        for slot in 0..<itemGroups.count {
            let (row, _) = itemGradient(slot, workspace)
            items.replaceSubrange(row * stride..<(row + 1) * stride, with: workspace.row.array)
        }
        sumDenseGradients(slices: sliceCount(batch))
        return (users, items, unsafe Array(UnsafeBufferPointer(start: denseGradients.base, count: model.dense.count)))
    }
}

extension TrainingStep {
    /// Where a slice lies: its groups and, of the batch's buffers, its parts.
    @unsafe
    private struct Place {
        var range: Range<Int>
        var groups: Int
        var samples: Int
        var users: UnsafePointer<Int32>
        var items: UnsafePointer<Int32>
        var leftOut: nectar_left_out
        var targets: UnsafePointer<Float>
        var weights: UnsafePointer<Float>
        var logits: UnsafeMutablePointer<Float>
        var deltas: UnsafeMutablePointer<Float>
        var userCopies: UnsafeMutablePointer<Float>
        var userGradients: UnsafeMutablePointer<Float>
        var itemMLPGradients: UnsafeMutablePointer<Float>
        var denseGradient: UnsafeMutablePointer<Float>
    }

    private func place(_ index: Int, in batch: MiniBatch) -> Place {
        let range = groups(ofSlice: index, in: batch)
        let first = range.lowerBound * samplesPerGroup
        let layout = model.users.layout
        return unsafe Place(
            range: range,
            groups: range.count,
            samples: range.count * samplesPerGroup,
            users: UnsafePointer(batch.users.base + range.lowerBound),
            items: UnsafePointer(batch.items.base + first),
            leftOut: nectar_left_out(
                rows: model.histories.map { unsafe UnsafePointer($0.features.base) },
                weights: UnsafePointer(batch.leftOut.base + range.lowerBound)),
            targets: UnsafePointer(batch.targets.base + first),
            weights: UnsafePointer(batch.weights.base + first),
            logits: logits.base + first,
            deltas: deltas.base + first,
            userCopies: userCopies.base + range.lowerBound * Int(layout.gmf),
            userGradients: userGradients.base + range.lowerBound * Int(layout.stride),
            itemMLPGradients: itemMLPGradients.base + first * Int(layout.mlp),
            denseGradient: denseGradients.base + index * model.dense.count
        )
    }

    private func slice(_ index: Int, of batch: MiniBatch, _ workspace: SliceWorkspace) {
        guard !isCancelled() else { return }
        let place = unsafe place(index, in: batch)
        unsafe place.denseGradient.update(repeating: 0, count: model.dense.count)
        unsafe forward(place, batch, workspace, dropout)
        let scale = 1 / Float(batch.sampleCount)
        losses[index] = unsafe loss(place, scale: scale)
        unsafe backward(place, workspace)
        if objective.comparesItems { unsafe clearUserConstants(place) }
    }

    /// The slice's loss; leaves its derivative by each logit, times `scale`, in the deltas.
    private func loss(_ place: Place, scale: Float) -> Double {
        let (samples, groups, per) = unsafe (Int32(place.samples), Int32(place.groups), Int32(samplesPerGroup))
        return switch objective {
        case .rating:
            unsafe nectar_squared_error(samples, place.logits, place.targets, place.weights, scale, place.deltas)
        case .bpr:
            unsafe nectar_pairwise_ranking(groups, per, place.logits, place.weights, scale, place.deltas)
        case .softmax:
            unsafe nectar_sampled_softmax(groups, per, place.logits, place.weights, scale, place.deltas)
        case .cosineContrastive:
            unsafe nectar_cosine_contrast(
                groups, per, place.logits, place.weights, Float(contrast.margin), Float(contrast.negativeWeight), scale,
                place.deltas)
        case .auto, .implicit:
            unsafe nectar_cross_entropy(samples, place.logits, place.targets, place.weights, scale, place.deltas)
        }
    }

    /// What is the same for all items of a group has no gradient; Adam and Adagrad would blow its rounding error up to whole steps.
    private func clearUserConstants(_ place: Place) {
        let layout = model.users.layout
        let bias = Int(layout.gmf + layout.mlp)
        for group in unsafe 0..<place.groups { unsafe place.userGradients[group * Int(layout.stride) + bias] = 0 }
        unsafe place.denseGradient[model.dense.globalBiasOffset] = 0
    }

    private func forward(
        _ place: Place, _ batch: MiniBatch, _ workspace: SliceWorkspace, _ dropout: Dropout? = nil
    ) {
        let dense = model.dense
        let layout = model.users.layout
        unsafe nectar_gmf_forward(
            layout, Int32(place.groups), Int32(samplesPerGroup), model.users.rows.base, model.items.rows.base,
            place.users, place.items, place.leftOut, dense.values.base, dense.values[dense.globalBiasOffset],
            place.userCopies,
            place.logits, workspace.row.base
        )
        guard let last = dense.layerSizes.last else { return }
        unsafe forwardFirstLayer(place, workspace)
        if let dropout { unsafe drop(dropout, layer: 0, place, batch, workspace) }
        for layer in dense.layerSizes.indices.dropFirst() {
            guard !isCancelled() else { return }
            let (input, output) = dense.layerSizes[layer]
            let offset = dense.layerOffsets[layer]
            let below = workspace.activations[layer - 1]
            let own = workspace.activations[layer]
            unsafe Kernels.multiply(
                rows: place.samples, columns: output, inner: input,
                .init(base: below.base, stride: input, order: .plain),
                .init(base: dense.values.base + offset.weights, stride: input, order: .transposed),
                into: own.base, stride: output
            )
            unsafe nectar_bias_relu(
                Int32(place.samples), 1, Int32(output), nil, dense.values.base + offset.bias, own.base)
            if let dropout { unsafe drop(dropout, layer: layer, place, batch, workspace) }
        }
        unsafe nectar_tower_output(
            Int32(place.samples), Int32(last.output), workspace.activations[dense.layerSizes.count - 1].base,
            dense.values.base + Int(layout.gmf), place.logits
        )
    }

    /// Drops out of a layer's activations.
    private func drop(
        _ dropout: Dropout, layer: Int, _ place: Place, _ batch: MiniBatch, _ workspace: SliceWorkspace
    ) {
        unsafe drop(
            dropout, layer: layer, outputs: model.dense.layerSizes[layer].output, groups: place.range, of: batch,
            workspace.activations[layer].base)
    }

    /// What was dropped is 0, and gets no gradient, like what ReLU holds back; the others' is as much greater as they are.
    private func scaleGradient(layer: Int, _ place: Place, _ workspace: SliceWorkspace) {
        guard let dropout else { return }
        let output = model.dense.layerSizes[layer].output
        unsafe nectar_scale(Int32(place.samples * output), dropout.scale, workspace.gradients[layer].base)
        unsafe nectar_scale(
            Int32(output), dropout.scale, place.denseGradient + model.dense.layerOffsets[layer].bias)
    }

    /// The first layer's user half is computed once for the samples of a group.
    private func forwardFirstLayer(_ place: Place, _ workspace: SliceWorkspace) {
        let dense = model.dense
        let layout = model.users.layout
        let (input, output) = dense.layerSizes[0]
        let mlp = Int(layout.mlp)
        let weights = unsafe UnsafePointer(dense.values.base) + dense.layerOffsets[0].weights
        let activations = workspace.activations[0]
        unsafe nectar_gather_user_mlp(
            layout, Int32(place.groups), Int32(samplesPerGroup), model.users.rows.base, place.users, place.items,
            place.leftOut, workspace.userInputs.base)
        unsafe nectar_gather_mlp(
            layout, Int32(place.samples), model.items.rows.base, place.items, workspace.itemInputs.base)
        unsafe Kernels.multiply(
            rows: place.groups, columns: output, inner: mlp,
            .init(base: workspace.userInputs.base, stride: mlp, order: .plain),
            .init(base: weights, stride: input, order: .transposed), into: workspace.groupSums.base, stride: output
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: output, inner: mlp,
            .init(base: workspace.itemInputs.base, stride: mlp, order: .plain),
            .init(base: weights + mlp, stride: input, order: .transposed), into: activations.base, stride: output
        )
        unsafe nectar_bias_relu(
            Int32(place.groups), Int32(samplesPerGroup), Int32(output), workspace.groupSums.base,
            dense.values.base + dense.layerOffsets[0].bias, activations.base
        )
    }

    private func backward(_ place: Place, _ workspace: SliceWorkspace) {
        let dense = model.dense
        let layout = model.users.layout
        if let last = dense.layerSizes.last {
            let top = dense.layerSizes.count - 1
            unsafe nectar_tower_output_backward(
                Int32(place.samples), Int32(last.output), workspace.activations[top].base,
                dense.values.base + Int(layout.gmf), place.deltas, workspace.gradients[top].base,
                place.denseGradient + Int(layout.gmf), place.denseGradient + dense.layerOffsets[top].bias
            )
            unsafe scaleGradient(layer: top, place, workspace)
            for layer in stride(from: top, to: 0, by: -1) {
                guard !isCancelled() else { return }
                unsafe backward(layer: layer, place, workspace)
            }
            unsafe backwardFirstLayer(place, workspace)
        }
        unsafe nectar_gmf_backward(
            layout, Int32(place.groups), Int32(samplesPerGroup), model.items.rows.base, place.items,
            dense.values.base, place.userCopies, place.deltas, place.userGradients, place.denseGradient,
            workspace.row.base
        )
        var sum: Float = 0
        for sample in unsafe 0..<place.samples { unsafe sum += place.deltas[sample] }
        unsafe place.denseGradient[dense.globalBiasOffset] = sum
    }

    /// From the gradient before a layer's ReLU to that of its weights and to the gradient before the ReLU below.
    private func backward(layer: Int, _ place: Place, _ workspace: SliceWorkspace) {
        let dense = model.dense
        let (input, output) = dense.layerSizes[layer]
        let offset = dense.layerOffsets[layer]
        let gradient = workspace.gradients[layer]
        let below = workspace.gradients[layer - 1]
        let inputs = workspace.activations[layer - 1]
        unsafe Kernels.multiply(
            rows: output, columns: input, inner: place.samples,
            .init(base: gradient.base, stride: output, order: .transposed),
            .init(base: inputs.base, stride: input, order: .plain),
            into: place.denseGradient + offset.weights, stride: input
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: input, inner: output,
            .init(base: gradient.base, stride: output, order: .plain),
            .init(base: dense.values.base + offset.weights, stride: input, order: .plain),
            into: below.base, stride: input
        )
        unsafe nectar_relu_backward(
            Int32(place.samples), Int32(input), inputs.base, below.base,
            place.denseGradient + dense.layerOffsets[layer - 1].bias
        )
        unsafe scaleGradient(layer: layer - 1, place, workspace)
    }

    /// The user half's gradients need only the sums over each group.
    private func backwardFirstLayer(_ place: Place, _ workspace: SliceWorkspace) {
        let dense = model.dense
        let layout = model.users.layout
        let (input, output) = dense.layerSizes[0]
        let mlp = Int(layout.mlp)
        let weights = unsafe UnsafePointer(dense.values.base) + dense.layerOffsets[0].weights
        let weightGradient = unsafe place.denseGradient + dense.layerOffsets[0].weights
        let gradient = workspace.gradients[0]
        let sums = workspace.groupSums
        unsafe nectar_sum_groups(
            Int32(place.groups), Int32(samplesPerGroup), Int32(output), gradient.base, sums.base)
        unsafe Kernels.multiply(
            rows: output, columns: mlp, inner: place.groups,
            .init(base: sums.base, stride: output, order: .transposed),
            .init(base: workspace.userInputs.base, stride: mlp, order: .plain), into: weightGradient, stride: input
        )
        unsafe Kernels.multiply(
            rows: output, columns: mlp, inner: place.samples,
            .init(base: gradient.base, stride: output, order: .transposed),
            .init(base: workspace.itemInputs.base, stride: mlp, order: .plain),
            into: weightGradient + mlp, stride: input
        )
        unsafe Kernels.multiply(
            rows: place.groups, columns: mlp, inner: output, .init(base: sums.base, stride: output, order: .plain),
            .init(base: weights, stride: input, order: .plain),
            into: place.userGradients + Int(layout.gmf), stride: Int(layout.stride)
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: mlp, inner: output,
            .init(base: gradient.base, stride: output, order: .plain),
            .init(base: weights + mlp, stride: input, order: .plain), into: place.itemMLPGradients, stride: mlp
        )
    }
}
