import CKernels

// The first phase on one slice: forward, loss, backward.
extension TrainingStep {
    /// Where a slice lies: its groups and, of the batch's buffers, its parts.
    @unsafe
    struct Place {
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

    func place(_ index: Int, in batch: MiniBatch) -> Place {
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

    func slice(_ index: Int, of batch: MiniBatch, _ workspace: SliceWorkspace) {
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
            if let bounded {
                unsafe bounded.squaredError(
                    place.samples, place.logits, place.targets, place.weights, scale: scale, deltas: place.deltas)
            } else {
                unsafe nectar_squared_error(samples, place.logits, place.targets, place.weights, scale, place.deltas)
            }
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

    func forward(
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
