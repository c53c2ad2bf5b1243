/// Takes a snapshot's parts from its payload, each checked so far that serving cannot read out of bounds.
struct SnapshotReader {
    let file: SafetensorsFile
    let manifest: SnapshotManifest

    private var users: Int { manifest.userCount }
    private var items: Int { manifest.itemCount }

    func ids(_ name: String, count: Int) throws(SnapshotFileError) -> IDMap {
        let arena = try file.elements("\(name).bytes", of: UInt8.self, shape: [file.length(of: "\(name).bytes")])
        let offsets = try file.elements("\(name).offsets", of: UInt64.self, shape: [count + 1])
        do throws(IDMapCorruption) {
            return try IDMap(arena: arena, offsets: offsets)
        } catch {
            throw SnapshotFileError(path: file.file.path, reason: "tensor \"\(name)\": \(error.reason)")
        }
    }

    /// - Parameter seen: What the users have seen.
    func model(_ seen: SeenItems) throws(SnapshotFileError) -> ScoringModel {
        let (gmf, mlp) = (manifest.embeddingDimension, manifest.mlpEmbeddingDimension)
        let sizes = manifest.hiddenLayerSizes
        guard manifest.architecture.hasGMF == (gmf > 0), manifest.architecture.hasMLP == !sizes.isEmpty,
            manifest.architecture.hasMLP == (mlp > 0)
        else {
            throw SnapshotFileError(
                path: file.file.path, reason: "its dimensions are not those of a \(manifest.architecture.rawValue)")
        }
        return ScoringModel(
            architecture: manifest.architecture, userCount: users, itemCount: items, gmfWidth: gmf, mlpWidth: mlp,
            userGMF: try file.elements("user_gmf", shape: [users, gmf]),
            itemGMF: try file.elements("item_gmf", shape: [items, gmf]),
            userMLP: try file.elements("user_mlp", shape: [users, mlp]),
            itemMLP: try file.elements("item_mlp", shape: [items, mlp]),
            itemHalves: try file.elements("item_halves", shape: [items, sizes.first ?? 0]), layers: try layers(),
            outputWeights: try file.elements("output_weights", shape: [gmf + (sizes.last ?? 0)]),
            userBias: try file.elements("user_bias", shape: [users]),
            itemBias: try file.elements("item_bias", shape: [items]),
            globalBias: try file.elements("global_bias", of: Float.self, shape: [1])[0], history: try history(),
            seen: seen)
    }

    private func history() throws(SnapshotFileError) -> HistoryTable? {
        guard let weight = manifest.historyWeight else { return nil }
        let neighbours = try manifest.hasNeighbours ? neighbours() : nil
        // Items may contribute to nothing else.
        let rows = neighbours != nil && file.entries["history_bias"] == nil ? 0 : items
        return HistoryTable(
            weight: weight, recency: HistoryRecency(halfLife: manifest.historyHalfLife, length: manifest.historyLength),
            evidence: manifest.historyEvidence,
            gmf: rows == 0
                ? FrozenArray([]) : try file.elements("history_gmf", shape: [rows, manifest.embeddingDimension]),
            mlp: rows == 0
                ? FrozenArray([]) : try file.elements("history_mlp", shape: [rows, manifest.mlpEmbeddingDimension]),
            bias: rows == 0 ? FrozenArray([]) : try file.elements("history_bias", shape: [rows]), neighbours: neighbours
        )
    }

    private func neighbours() throws(SnapshotFileError) -> NeighbourTable {
        let count = try file.length(of: "neighbours.items")
        let table = NeighbourTable(
            offsets: try file.elements("neighbours.offsets", shape: [items + 1]),
            items: try file.elements("neighbours.items", shape: [count]),
            weights: try file.elements("neighbours.weights", shape: [count]))
        if let fault = table.fault {
            throw SnapshotFileError(path: file.file.path, reason: "tensor \"neighbours.\(fault)")
        }
        return table
    }

    private func layers() throws(SnapshotFileError) -> [ScoringModel.Layer] {
        var layers: [ScoringModel.Layer] = []
        var inputs = 2 * manifest.mlpEmbeddingDimension
        for (index, outputs) in manifest.hiddenLayerSizes.enumerated() {
            let weights = try file.elements("layers.\(index).weight", of: Float.self, shape: [outputs, inputs])
            let bias = try file.elements("layers.\(index).bias", of: Float.self, shape: [outputs])
            layers.append(ScoringModel.Layer(inputs: inputs, outputs: outputs, weights: weights, bias: bias))
            inputs = outputs
        }
        return layers
    }

    func seen() throws(SnapshotFileError) -> SeenItems {
        let offsets = try file.elements("seen.offsets", of: UInt64.self, shape: [users + 1])
        let seen = try file.elements("seen.items", of: Int32.self, shape: [file.length(of: "seen.items")])
        let isPartition = unsafe offsets.withUnsafeBufferPointer { offsets in
            unsafe zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
        }
        guard isPartition, offsets[0] == 0, offsets[users] == UInt64(seen.count) else {
            throw SnapshotFileError(
                path: file.file.path, reason: "tensor \"seen.offsets\" does not partition seen.items")
        }
        try checkItems(seen, "seen.items")
        let opinions: FrozenArray<UInt8>? =
            file.entries["seen.disliked"] == nil ? nil : try file.elements("seen.disliked", shape: [seen.count])
        guard manifest.historyEvidence.isOn else {
            return SeenItems(offsets: offsets, items: seen, opinions: opinions)
        }
        let weights = try file.elements("seen.weights", of: Float.self, shape: [seen.count])
        let areWeights = unsafe weights.withUnsafeBufferPointer { unsafe $0.allSatisfy { $0 >= 0 && $0.isFinite } }
        guard areWeights else {
            throw SnapshotFileError(path: file.file.path, reason: "tensor \"seen.weights\" holds other than weights")
        }
        return SeenItems(offsets: offsets, items: seen, opinions: opinions, weights: weights)
    }

    func popularityOrder() throws(SnapshotFileError) -> FrozenArray<Int32> {
        let order = try file.elements("popularity_order", of: Int32.self, shape: [items])
        try checkItems(order, "popularity_order")
        return order
    }

    private func checkItems(_ indices: FrozenArray<Int32>, _ name: String) throws(SnapshotFileError) {
        let bound = Int32(items)
        let areItems = unsafe indices.withUnsafeBufferPointer { unsafe $0.allSatisfy { $0 >= 0 && $0 < bound } }
        guard areItems else {
            throw SnapshotFileError(path: file.file.path, reason: "tensor \"\(name)\" names an item that is not there")
        }
    }

    func prior() throws(SnapshotFileError) -> ModelPrior {
        let half = manifest.hiddenLayerSizes.first ?? 0
        return ModelPrior(
            user: try vector("prior.user"), userVariance: try vector("prior.user_variance"),
            item: ItemRows(
                count: 1, gmf: try file.elements("prior.item_gmf", shape: [manifest.embeddingDimension]),
                halves: try file.elements("prior.item_half", shape: [half]),
                bias: try file.elements("prior.item_bias", shape: [1])))
    }

    private func vector(_ name: String) throws(SnapshotFileError) -> UserVector {
        UserVector(
            gmf: Array(try file.elements("\(name)_gmf", of: Float.self, shape: [manifest.embeddingDimension])),
            mlp: Array(try file.elements("\(name)_mlp", of: Float.self, shape: [manifest.mlpEmbeddingDimension])),
            bias: try file.elements("\(name)_bias", of: Float.self, shape: [1])[0])
    }
}
