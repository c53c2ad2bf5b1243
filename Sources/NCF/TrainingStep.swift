import CKernels

/// One step on one mini-batch, in two phases that each run on all threads.
///
/// First every slice (a fixed number of groups, whatever the number of threads) computes its logits, loss and gradients
/// from parameters that nobody changes. Then every touched row is updated once, by one thread, with its gradient summed in
/// the order of the samples; dense gradients are summed in the order of the slices. So no float depends on the threads.
@safe
// Unchecked: phases are separated by the loop's barrier, and within one each task writes what is its own.
final class TrainingStep: @unchecked Sendable {
    /// Samples a slice should have: large enough for matrix products, small enough for the cache nearest the core.
    private static let samplesPerSlice = 256
    /// Slices a smaller batch should have for several threads, where they get as many samples as are worth a task.
    private static let slicesPerBatch = 2
    private static let leastSamplesPerSlice = 16
    /// Rows a task of the second phase updates.
    static let rowsPerTask = 64

    let model: TrainableModel
    let objective: Objective
    /// What the phases run on: at most as many threads as there were at first. They change no float.
    var loop: ParallelLoop
    let samplesPerGroup: Int
    let groupsPerSlice: Int
    /// Whether h is left as it is. Where the tower's part of it is 0, so is then every gradient within the tower.
    var holdsOutput = false
    /// Asked before every slice and every dense layer: once it is true, what is computed is worth nothing. Must be cheap.
    var isCancelled: @Sendable () -> Bool = { false }
    /// Of ``Objective/cosineContrastive``.
    var contrast = CosineContrast()
    /// Of ``Objective/rating``; nil where the logit is the rating.
    var bounded: BoundedRating?
    /// What is left out of the dense layers' outputs; only gradients know it.
    var dropout: Dropout?
    private let workspaces: [SliceWorkspace]
    // Theirs, by worker.
    private let workspaceAddresses: [SliceWorkspace.Addresses]
    let addresses: ModelAddresses
    let logits: AlignedBuffer<Float>
    let deltas: AlignedBuffer<Float>
    let userCopies: AlignedBuffer<Float>
    let userGradients: AlignedBuffer<Float>
    let itemMLPGradients: AlignedBuffer<Float>
    let denseGradients: AlignedBuffer<Float>
    let losses: AlignedBuffer<Double>
    // As they were in the first phase, while the second already changes the model's.
    let outputWeights: AlignedBuffer<Float>
    /// Steps that the dense parameters have taken.
    var stepCount = 0

    /// Scratch for batches of up to `capacity` groups of `samplesPerGroup` samples.
    init(model: TrainableModel, objective: Objective, capacity: Int, samplesPerGroup: Int, loop: ParallelLoop) {
        self.model = model
        self.objective = objective
        self.loop = loop
        self.samplesPerGroup = samplesPerGroup
        let groupsPerSlice = Self.groupsPerSlice(of: samplesPerGroup, batch: capacity)
        self.groupsPerSlice = groupsPerSlice
        let samples = capacity * samplesPerGroup
        let slices = (capacity + groupsPerSlice - 1) / groupsPerSlice
        let gmf = model.users.gmf
        workspaces = (0..<loop.threads).map { _ in
            SliceWorkspace(
                groups: groupsPerSlice, samplesPerGroup: samplesPerGroup, rows: Self.rowsPerTask, model: model)
        }
        unsafe workspaceAddresses = unsafe workspaces.map { unsafe $0.addresses }
        unsafe addresses = unsafe ModelAddresses(model)
        logits = AlignedBuffer(count: samples, repeating: 0)
        deltas = AlignedBuffer(count: samples, repeating: 0)
        userCopies = AlignedBuffer(count: capacity * gmf, repeating: 0)
        userGradients = AlignedBuffer(count: capacity * model.users.stride, repeating: 0)
        itemMLPGradients = AlignedBuffer(count: samples * model.users.mlp, repeating: 0)
        denseGradients = AlignedBuffer(count: slices * model.dense.count, repeating: 0)
        losses = AlignedBuffer(count: slices, repeating: 0)
        outputWeights = AlignedBuffer(count: model.dense.outputCount, repeating: 0)
    }

    /// How many whole groups of so many samples make a slice of batches of `capacity` groups.
    static func groupsPerSlice(of samplesPerGroup: Int, batch capacity: Int) -> Int {
        let samples = capacity * samplesPerGroup
        let large = (samples + samplesPerSlice / 2) / samplesPerSlice
        let slices = max(1, large, min(slicesPerBatch, samples / leastSamplesPerSlice))
        return max(1, (capacity + slices - 1) / slices)
    }

    func sliceCount(_ batch: MiniBatch) -> Int {
        (batch.groupCount + groupsPerSlice - 1) / groupsPerSlice
    }

    /// The groups of slice `index`.
    func groups(ofSlice index: Int, in batch: MiniBatch) -> Range<Int> {
        index * groupsPerSlice..<min(batch.groupCount, (index + 1) * groupsPerSlice)
    }

    /// The first phase: gradients of the batch's mean loss; between its slices, as many of the caller's tasks as `more` says, which
    /// must not touch model or batch, each beside the slice of the same number.
    ///
    /// - Returns: The sum of the samples' losses, without penalties.
    func computeGradients(
        _ batch: MiniBatch, more: Int = 0, _ body: @Sendable (_ task: Int) -> Void = { _ in }
    ) -> Double {
        unsafe outputWeights.base.update(from: model.dense.values.base, count: model.dense.outputCount)
        let slices = sliceCount(batch)
        precondition(more <= slices)
        loop.run(tasks: slices + more) { worker, task in
            let pair = task / 2
            if pair >= more {
                unsafe slice(task - more, of: batch, workspaceAddresses[worker])
            } else if task % 2 == 0 {
                unsafe slice(pair, of: batch, workspaceAddresses[worker])
            } else {
                body(pair)
            }
        }
        var total = 0.0
        for index in 0..<slices { total += losses[index] }
        return total
    }

    /// The second phase: one step of the optimiser on everything the batch touched; meanwhile what `next`, which is filled, touches
    /// is found.
    func update(_ batch: MiniBatch, decay: Double, optimizer: Optimizer, next: MiniBatch? = nil) {
        stepCount += 1
        let perSample = Float(decay) / Float(batch.sampleCount)
        let (users, items) = (batch.touchedUsers, batch.touchedItems)
        let userTasks = (users.count + Self.rowsPerTask - 1) / Self.rowsPerTask
        let itemTasks = (items.count + Self.rowsPerTask - 1) / Self.rowsPerTask
        loop.run(tasks: 3 + itemTasks + userTasks) { worker, task in
            let gradients = unsafe workspaceAddresses[worker].rowGradients
            switch task {
            // The longest tasks first.
            case 0: next?.groupItems()
            case 1: updateDense(slices: sliceCount(batch), decay: Float(decay), optimizer)
            case 2: next?.groupUsers()
            case 3..<3 + itemTasks:
                let slots = rows(ofTask: task - 3, count: items.count)
                unsafe writeGradients(ofItems: slots, batch, to: gradients)
                unsafe model.items.update(
                    slots, of: items, gradients: gradients, decay: perSample, optimizer: optimizer)
                for slot in slots { gatherLeftOut(slot, batch) }
            default:
                let slots = rows(ofTask: task - 3 - itemTasks, count: users.count)
                unsafe writeGradients(ofUsers: slots, batch, to: gradients)
                unsafe model.users.update(
                    slots, of: users, gradients: gradients, decay: perSample * Float(samplesPerGroup),
                    optimizer: optimizer)
                unsafe gather(gradients, ofUsers: slots, batch)
            }
        }
    }

    private func rows(ofTask task: Int, count: Int) -> Range<Int> {
        task * Self.rowsPerTask..<min(count, (task + 1) * Self.rowsPerTask)
    }

    /// The summed gradients of the item rows in `slots`, one after the other.
    private func writeGradients(
        ofItems slots: Range<Int>, _ batch: MiniBatch, to gradients: UnsafeMutablePointer<Float>
    ) {
        unsafe nectar_item_gradients(
            addresses.layout, batch.touchedItems.kernelGroups, Int32(slots.lowerBound), Int32(slots.upperBound),
            Int32(samplesPerGroup), outputWeights.base, userCopies.base, itemMLPGradients.base, deltas.base, gradients)
    }

    /// The summed gradients of the user rows in `slots`, one after the other.
    private func writeGradients(
        ofUsers slots: Range<Int>, _ batch: MiniBatch, to gradients: UnsafeMutablePointer<Float>
    ) {
        unsafe nectar_user_gradients(
            addresses.layout.stride, batch.touchedUsers.kernelGroups, Int32(slots.lowerBound), Int32(slots.upperBound),
            userGradients.base, gradients)
    }

    /// Gathers the gradients of the user rows in `slots` for the features in their histories.
    private func gather(_ gradients: UnsafePointer<Float>, ofUsers slots: Range<Int>, _ batch: MiniBatch) {
        guard let histories = model.histories else { return }
        let stride = model.users.stride
        for slot in slots {
            let row = unsafe batch.touchedUsers.entry(slot).row
            unsafe nectar_add(
                Int32(stride), gradients + (slot - slots.lowerBound) * stride,
                histories.rowGradients.base + row * stride)
        }
    }

    /// Takes back what the item row in `slot` will get, as a feature, from groups that left it out.
    private func gatherLeftOut(_ slot: Int, _ batch: MiniBatch) {
        guard let histories = model.histories else { return }
        let (row, samples) = unsafe batch.touchedItems.entry(slot)
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
            unsafe forward(place(task, in: batch, workspaceAddresses[worker]), batch)
        }
        return unsafe Array(UnsafeBufferPointer(start: logits.base, count: batch.sampleCount))
    }

    /// The gradients of the first phase, summed and scattered to their rows; for tests.
    func gradients(_ batch: MiniBatch) -> (users: [Float], items: [Float], dense: [Float]) {
        let stride = model.users.stride
        var users = [Float](repeating: 0, count: model.users.rowCount * stride)
        var items = [Float](repeating: 0, count: model.items.rowCount * stride)
        func scatter(_ groups: RowGroups, _ gradients: [Float], to all: inout [Float]) {
            for slot in 0..<groups.count {
                let row = unsafe groups.entry(slot).row
                all.replaceSubrange(
                    row * stride..<(row + 1) * stride, with: gradients[slot * stride..<(slot + 1) * stride])
            }
        }
        scatter(
            batch.touchedUsers,
            unsafe [Float](count: batch.touchedUsers.count * stride) { gradients in
                unsafe writeGradients(ofUsers: 0..<batch.touchedUsers.count, batch, to: gradients)
            }, to: &users)
        scatter(
            batch.touchedItems,
            unsafe [Float](count: batch.touchedItems.count * stride) { gradients in
                unsafe writeGradients(ofItems: 0..<batch.touchedItems.count, batch, to: gradients)
            }, to: &items)
        sumDenseGradients(slices: sliceCount(batch))
        return (users, items, unsafe Array(UnsafeBufferPointer(start: denseGradients.base, count: model.dense.count)))
    }
}
