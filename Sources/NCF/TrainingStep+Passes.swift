import CKernels

// The first phase on one slice: forward, loss, backward.
extension TrainingStep {
    /// Weights of a layer from which on it takes a slice a millisecond.
    private static let longLayer = 1 << 16

    /// Where the model lies.
    @unsafe
    struct ModelAddresses {
        let layout: nectar_row_layout
        let userRows: UnsafePointer<Float>
        let itemRows: UnsafePointer<Float>
        /// The features of histories, if there are any.
        let features: UnsafePointer<Float>?
        let dense: UnsafePointer<Float>
        let transposed: UnsafePointer<Float>
        let denseCount: Int

        init(_ model: TrainableModel) {
            unsafe layout = model.users.layout
            unsafe userRows = unsafe UnsafePointer(model.users.rows.base)
            unsafe itemRows = unsafe UnsafePointer(model.items.rows.base)
            unsafe features = unsafe model.histories.map { unsafe UnsafePointer($0.features.base) }
            unsafe dense = unsafe UnsafePointer(model.dense.values.base)
            unsafe transposed = unsafe UnsafePointer(model.dense.transposed.base)
            unsafe denseCount = model.dense.count
        }

        var globalBias: Int { unsafe denseCount - 1 }
    }

    /// Where a slice lies: the model, its worker's scratch, its groups and, of the batch's buffers, its parts.
    @unsafe
    struct Place {
        var model: ModelAddresses
        var scratch: SliceWorkspace.Addresses
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

        /// The MLP branch's width.
        var mlp: Int { unsafe Int(model.layout.mlp) }
    }

    func place(_ index: Int, in batch: MiniBatch, _ scratch: SliceWorkspace.Addresses) -> Place {
        let range = groups(ofSlice: index, in: batch)
        let first = range.lowerBound * samplesPerGroup
        let model = unsafe addresses
        let layout = unsafe model.layout
        return unsafe Place(
            model: model,
            scratch: scratch,
            range: range,
            groups: range.count,
            samples: range.count * samplesPerGroup,
            users: UnsafePointer(batch.users.base + range.lowerBound),
            items: UnsafePointer(batch.items.base + first),
            leftOut: nectar_left_out(
                rows: model.features, weights: UnsafePointer(batch.leftOut.base + range.lowerBound)),
            targets: UnsafePointer(batch.targets.base + first),
            weights: UnsafePointer(batch.weights.base + first),
            logits: logits.base + first,
            deltas: deltas.base + first,
            userCopies: userCopies.base + range.lowerBound * Int(layout.gmf),
            userGradients: userGradients.base + range.lowerBound * Int(layout.stride),
            itemMLPGradients: itemMLPGradients.base + first * Int(layout.mlp),
            denseGradient: denseGradients.base + index * model.denseCount
        )
    }

    func slice(_ index: Int, of batch: MiniBatch, _ scratch: SliceWorkspace.Addresses) {
        guard !isCancelled() else { return }
        let place = unsafe place(index, in: batch, scratch)
        unsafe clearSums(place)
        unsafe forward(place, batch, dropout)
        let scale = 1 / Float(batch.sampleCount)
        losses[index] = unsafe loss(place, scale: scale)
        unsafe backward(place)
        if objective.comparesItems { unsafe clearUserConstants(place) }
    }

    /// Clears of the dense gradient what is added to; the weights' is written over.
    private func clearSums(_ place: Place) {
        unsafe place.denseGradient.update(repeating: 0, count: outputWeights.count)
        for index in unsafe place.scratch.layers.indices {
            let layer = unsafe place.scratch.layers[index]
            unsafe (place.denseGradient + layer.bias).update(repeating: 0, count: layer.output)
        }
        unsafe place.denseGradient[place.model.globalBias] = 0
    }

    /// Whether what is computed is worth nothing; asked where a layer takes long.
    private func isCancelled(before layer: SliceWorkspace.Layer) -> Bool {
        unsafe layer.input * layer.output > Self.longLayer && isCancelled()
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
        let (stride, bias) = unsafe (Int(place.model.layout.stride), Int(place.model.layout.gmf) + place.mlp)
        for group in unsafe 0..<place.groups { unsafe place.userGradients[group * stride + bias] = 0 }
        unsafe place.denseGradient[place.model.globalBias] = 0
    }

    func forward(_ place: Place, _ batch: MiniBatch, _ dropout: Dropout? = nil) {
        let (model, scratch) = unsafe (place.model, place.scratch)
        unsafe nectar_gmf_forward(
            model.layout, Int32(place.groups), Int32(samplesPerGroup), model.userRows, model.itemRows,
            place.users, place.items, place.leftOut, model.dense, model.dense[model.globalBias], place.userCopies,
            place.logits, scratch.row
        )
        guard let first = unsafe scratch.layers.first, let last = unsafe scratch.layers.last else { return }
        unsafe forward(first: first, place)
        if let dropout { unsafe drop(dropout, layer: 0, place, batch) }
        for index in unsafe 1..<scratch.layers.count {
            let (layer, below) = unsafe (scratch.layers[index], scratch.layers[index - 1])
            guard unsafe !isCancelled(before: layer) else { return }
            unsafe Kernels.multiply(
                rows: place.samples, columns: layer.output, inner: layer.input,
                .init(base: below.activations, stride: layer.input, order: .plain),
                .init(base: model.transposed + layer.weights, stride: layer.output, order: .plain),
                into: layer.activations, stride: layer.output
            )
            unsafe nectar_bias_relu(
                Int32(place.samples), 1, Int32(layer.output), nil, model.dense + layer.bias, layer.activations)
            if let dropout { unsafe drop(dropout, layer: index, place, batch) }
        }
        unsafe nectar_tower_output(
            Int32(place.samples), Int32(last.output), last.activations, model.dense + Int(model.layout.gmf),
            place.logits
        )
    }

    /// Drops out of a layer's activations.
    private func drop(_ dropout: Dropout, layer: Int, _ place: Place, _ batch: MiniBatch) {
        unsafe drop(
            dropout, layer: layer, outputs: place.scratch.layers[layer].output, groups: place.range, of: batch,
            place.scratch.layers[layer].activations)
    }

    /// What was dropped is 0, and gets no gradient, like what ReLU holds back; the others' is as much greater as they are.
    private func scaleGradient(of layer: SliceWorkspace.Layer, _ place: Place) {
        guard let dropout else { return }
        unsafe nectar_scale(Int32(place.samples * layer.output), dropout.scale, layer.gradients)
        unsafe nectar_scale(Int32(layer.output), dropout.scale, place.denseGradient + layer.bias)
    }

    /// The first layer's user half is computed once for the samples of a group.
    private func forward(first layer: SliceWorkspace.Layer, _ place: Place) {
        let (model, scratch, mlp) = unsafe (place.model, place.scratch, place.mlp)
        let weights = unsafe model.transposed + layer.weights
        unsafe nectar_gather_user_mlp(
            model.layout, Int32(place.groups), Int32(samplesPerGroup), model.userRows, place.users, place.items,
            place.leftOut, scratch.userInputs)
        unsafe nectar_gather_mlp(
            model.layout, Int32(place.samples), model.itemRows, place.items, scratch.itemInputs)
        unsafe Kernels.multiply(
            rows: place.groups, columns: layer.output, inner: mlp,
            .init(base: scratch.userInputs, stride: mlp, order: .plain),
            .init(base: weights, stride: layer.output, order: .plain), into: scratch.groupSums,
            stride: layer.output
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: layer.output, inner: mlp,
            .init(base: scratch.itemInputs, stride: mlp, order: .plain),
            .init(base: weights + mlp * layer.output, stride: layer.output, order: .plain), into: layer.activations,
            stride: layer.output
        )
        unsafe nectar_bias_relu(
            Int32(place.groups), Int32(samplesPerGroup), Int32(layer.output), scratch.groupSums,
            model.dense + layer.bias, layer.activations
        )
    }

    private func backward(_ place: Place) {
        let (model, scratch) = unsafe (place.model, place.scratch)
        if let first = unsafe scratch.layers.first, let last = unsafe scratch.layers.last {
            let gmf = unsafe Int(model.layout.gmf)
            unsafe nectar_tower_output_backward(
                Int32(place.samples), Int32(last.output), last.activations, model.dense + gmf, place.deltas,
                last.gradients, place.denseGradient + gmf, place.denseGradient + last.bias
            )
            unsafe scaleGradient(of: last, place)
            for index in unsafe stride(from: scratch.layers.count - 1, to: 0, by: -1) {
                let (layer, below) = unsafe (scratch.layers[index], scratch.layers[index - 1])
                guard unsafe !isCancelled(before: layer) else { return }
                unsafe backward(layer, below: below, place)
            }
            unsafe backward(first: first, place)
        }
        unsafe nectar_gmf_backward(
            model.layout, Int32(place.groups), Int32(samplesPerGroup), model.itemRows, place.items, model.dense,
            place.userCopies, place.deltas, place.userGradients, place.denseGradient
        )
        var sum: Float = 0
        for sample in unsafe 0..<place.samples { unsafe sum += place.deltas[sample] }
        unsafe place.denseGradient[model.globalBias] = sum
    }

    /// From the gradient before a layer's ReLU to that of its weights and to the gradient before the ReLU below.
    private func backward(_ layer: SliceWorkspace.Layer, below: SliceWorkspace.Layer, _ place: Place) {
        unsafe Kernels.multiply(
            rows: layer.output, columns: layer.input, inner: place.samples,
            .init(base: layer.gradients, stride: layer.output, order: .transposed),
            .init(base: below.activations, stride: layer.input, order: .plain),
            into: place.denseGradient + layer.weights, stride: layer.input
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: layer.input, inner: layer.output,
            .init(base: layer.gradients, stride: layer.output, order: .plain),
            .init(base: place.model.dense + layer.weights, stride: layer.input, order: .plain),
            into: below.gradients, stride: layer.input
        )
        unsafe nectar_relu_backward(
            Int32(place.samples), Int32(layer.input), below.activations, below.gradients,
            place.denseGradient + below.bias
        )
        unsafe scaleGradient(of: below, place)
    }

    /// The user half's gradients need only the sums over each group.
    private func backward(first layer: SliceWorkspace.Layer, _ place: Place) {
        let (model, scratch, mlp) = unsafe (place.model, place.scratch, place.mlp)
        let weights = unsafe model.dense + layer.weights
        let weightGradient = unsafe place.denseGradient + layer.weights
        let sums = unsafe scratch.groupSums
        unsafe nectar_sum_groups(
            Int32(place.groups), Int32(samplesPerGroup), Int32(layer.output), layer.gradients, sums)
        unsafe Kernels.multiply(
            rows: layer.output, columns: mlp, inner: place.groups,
            .init(base: sums, stride: layer.output, order: .transposed),
            .init(base: scratch.userInputs, stride: mlp, order: .plain), into: weightGradient, stride: layer.input
        )
        unsafe Kernels.multiply(
            rows: layer.output, columns: mlp, inner: place.samples,
            .init(base: layer.gradients, stride: layer.output, order: .transposed),
            .init(base: scratch.itemInputs, stride: mlp, order: .plain),
            into: weightGradient + mlp, stride: layer.input
        )
        unsafe Kernels.multiply(
            rows: place.groups, columns: mlp, inner: layer.output,
            .init(base: sums, stride: layer.output, order: .plain),
            .init(base: weights, stride: layer.input, order: .plain),
            into: place.userGradients + Int(model.layout.gmf), stride: Int(model.layout.stride)
        )
        unsafe Kernels.multiply(
            rows: place.samples, columns: mlp, inner: layer.output,
            .init(base: layer.gradients, stride: layer.output, order: .plain),
            .init(base: weights + mlp, stride: layer.input, order: .plain), into: place.itemMLPGradients, stride: mlp
        )
    }
}
