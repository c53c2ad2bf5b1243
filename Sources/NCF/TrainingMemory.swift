import CKernels

/// What a training takes of memory at its peak, beside the dataset: told from the settings and the sizes of the data alone,
/// before anything is allocated.
///
/// A sum of everything that grows with them, as if all of it were there at once; what really is, is a little less.
struct TrainingMemory {
    /// Bytes.
    let bytes: Int

    private static let elementBytes = 4
    /// Of an interaction: its place in the order, itself as a sample, among its user's positives and in the item's column.
    private static let interactionBytes = 40

    /// Of an interaction, where negatives are drawn by popularity: the mass below it.
    private static let massBytes = 8

    /// Of an interaction, where the order of histories matters: its place, its item, what it counts, and where its item comes.
    private static let orderBytes = 21

    /// Of an interaction, where there are dislikes: itself in the data without them, and its place there.
    private static let copyBytes = 28

    /// Of `settings` that are within their bounds, the objective resolved.
    init(
        _ settings: Hyperparameters, userCount: Int, itemCount: Int, interactionCount: Int, hasDislikes: Bool = false
    ) {
        let rows = userCount + itemCount
        let shape = Shape(settings)
        let perGroup = settings.objective == .rating ? 1 : 1 + settings.negativesPerPositive
        let groups = min(interactionCount, max(1, settings.batchSize / perGroup))
        let groupsPerSlice = TrainingStep.groupsPerSlice(of: perGroup, batch: groups)
        let slices = (groups + groupsPerSlice - 1) / groupsPerSlice
        // A parameter has what the optimiser remembers beside it; a copy of the best epoch's waits, and one leaves.
        let own = 1 + Optimizer(settings).numbersPerParameter
        var elements = rows * (own * shape.stride + 2 * shape.width) + shape.dense * (own + 3 + slices)
        if settings.history.dimension > 0 {
            // What each place of a history counts.
            if settings.history.recency.isOn { elements += interactionCount }
            elements += itemCount * ((own + 1) * shape.stride + 2 * shape.width) + userCount * shape.stride
        }
        elements += groups * (perGroup * (shape.mlp + 18) + shape.stride + shape.gmf) + 2 * rows
        elements += settings.threads * groupsPerSlice * perGroup * 2 * (shape.activations + shape.mlp)
        elements += settings.threads * TrainingStep.rowsPerTask * shape.stride
        if settings.start.sweeps > 0, settings.objective != .rating {
            // Beside histories the MLP branch takes none of the factors.
            let ofMLP = settings.hasHistory && shape.gmf > 0 ? 0 : shape.mlp
            let dimension = max(shape.gmf > 0 ? settings.embeddingDimension : 0, ofMLP)
            elements += 2 * rows * dimension + 2 * settings.threads * dimension * dimension
            if settings.history.neighbours > 0 {
                let kept = ItemMeetings.entriesKept(
                    itemCount: itemCount, neighbours: settings.history.neighbours)
                // Of a whole matrix an element each, of its greatest entries their columns too, twice while they are put together.
                elements += itemCount * (itemCount <= ItemMeetings.denseLimit ? 1 : 4) * kept
                elements += itemCount * (8 * settings.history.neighbours + 4 * settings.threads)
                elements += 2 * interactionCount
            }
            if settings.history.dimension > 0 {
                let side = min(itemCount, ItemItemRegression.itemLimit)
                let vectors = min(side, settings.history.dimension + ItemItemRegression.surplus)
                // Where the order matters, what follows and what comes before is no longer one matrix.
                let matrices = settings.history.order == nil ? 1 : 2
                elements += side * (matrices * side + 3 * vectors + 3 * settings.history.dimension)
                if settings.history.features > 0 { elements += 2 * side * FeatureCohesion.chunk }
            }
        }
        // The last positive of every cache line.
        elements += interactionCount / Int(NECTAR_GAPS_OF_LINE)
        var interactionBytes = Self.interactionBytes
        if settings.negativeSampling != .uniform, settings.objective != .rating {
            elements += 4 * rows
            interactionBytes += Self.massBytes
        }
        // The weights by propensity.
        if settings.propensity.isOn { interactionBytes += Self.elementBytes }
        if settings.hasHistory, settings.history.order != nil { interactionBytes += Self.orderBytes }
        if hasDislikes {
            elements += 6 * userCount
            interactionBytes += Self.copyBytes
        }
        bytes = elements * Self.elementBytes + interactionCount * interactionBytes
    }

    /// The sizes of a model's parts, in elements.
    private struct Shape {
        let gmf: Int
        let mlp: Int
        let activations: Int
        let dense: Int

        init(_ settings: Hyperparameters) {
            gmf = settings.resolvedEmbeddingDimension
            mlp = settings.resolvedMLPEmbeddingDimension
            let layers = settings.architecture.hasMLP ? settings.hiddenLayerSizes : []
            activations = layers.reduce(0, +)
            dense = zip([2 * mlp] + layers, layers).reduce(gmf + (layers.last ?? 0) + 1) { $0 + ($1.0 + 1) * $1.1 }
        }

        var width: Int { gmf + mlp + 1 }
        var stride: Int { (width + 7) / 8 * 8 }
    }
}
