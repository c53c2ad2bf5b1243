extension ModelSnapshot {
    /// Everything a snapshot stands on, as the tensors of its payload.
    func tensors() -> [SafetensorsTensor] {
        let (users, items) = (model.userCount, model.itemCount)
        let (gmf, mlp, half) = (model.gmfWidth, model.mlpWidth, model.layers.first?.outputs ?? 0)
        var tensors = [
            SafetensorsTensor("user_gmf", model.userGMF, shape: [users, gmf]),
            SafetensorsTensor("item_gmf", model.itemGMF, shape: [items, gmf]),
            SafetensorsTensor("user_mlp", model.userMLP, shape: [users, mlp]),
            SafetensorsTensor("item_mlp", model.itemMLP, shape: [items, mlp]),
            SafetensorsTensor("item_halves", model.itemHalves, shape: [items, half]),
            SafetensorsTensor("output_weights", model.outputWeights, shape: [model.outputWeights.count]),
            SafetensorsTensor("user_bias", model.userBias, shape: [users]),
            SafetensorsTensor("item_bias", model.itemBias, shape: [items]),
            SafetensorsTensor("global_bias", FrozenArray([model.globalBias]), shape: [1]),
        ]
        for (index, layer) in model.layers.enumerated() {
            tensors.append(
                SafetensorsTensor("layers.\(index).weight", layer.weights, shape: [layer.outputs, layer.inputs]))
            tensors.append(SafetensorsTensor("layers.\(index).bias", layer.bias, shape: [layer.outputs]))
        }
        if let history = model.history {
            if history.neighbours == nil || history.bias.count > 0 {
                tensors += [
                    SafetensorsTensor("history_gmf", history.gmf, shape: [items, gmf]),
                    SafetensorsTensor("history_mlp", history.mlp, shape: [items, mlp]),
                    SafetensorsTensor("history_bias", history.bias, shape: [items]),
                ]
            }
            if let neighbours = history.neighbours {
                tensors += [
                    SafetensorsTensor("neighbours.offsets", neighbours.offsets, shape: [items + 1]),
                    SafetensorsTensor("neighbours.items", neighbours.items, shape: [neighbours.items.count]),
                    SafetensorsTensor("neighbours.weights", neighbours.weights, shape: [neighbours.items.count]),
                ]
            }
        }
        tensors += prior.user.tensors("prior.user") + prior.userVariance.tensors("prior.user_variance")
        tensors += [
            SafetensorsTensor("prior.item_gmf", prior.item.gmf, shape: [gmf]),
            SafetensorsTensor("prior.item_half", prior.item.halves, shape: [half]),
            SafetensorsTensor("prior.item_bias", prior.item.bias, shape: [1]),
            SafetensorsTensor("seen.offsets", seen.offsets, shape: [users + 1]),
            SafetensorsTensor("seen.items", seen.items, shape: [seen.items.count]),
            SafetensorsTensor("popularity", popularity, shape: [items]),
            SafetensorsTensor("popularity_order", popularityOrder, shape: [items]),
        ]
        if let opinions = seen.opinions {
            tensors.append(SafetensorsTensor("seen.disliked", opinions, shape: [opinions.count]))
        }
        if let weights = seen.weights {
            tensors.append(SafetensorsTensor("seen.weights", weights, shape: [weights.count]))
        }
        if let features { tensors += features.tensors() }
        return tensors + self.users.tensors("user_ids") + self.items.tensors("item_ids")
    }

    /// The manifest that belongs to a payload written from ``tensors()``.
    func manifest(payload: SafetensorsFile.Receipt) -> SnapshotManifest {
        SnapshotManifest(
            version: version, payload: payload, architecture: model.architecture, userCount: model.userCount,
            itemCount: model.itemCount, embeddingDimension: model.gmfWidth, mlpEmbeddingDimension: model.mlpWidth,
            hiddenLayerSizes: model.layers.map(\.outputs), historyWeight: model.history?.weight,
            historyHalfLife: model.history?.recency.halfLife ?? 0,
            historyLength: model.history?.recency.length ?? 0,
            historyEvidence: model.history?.evidence ?? .none,
            hasNeighbours: model.history?.neighbours != nil, ratingScale: ratingScale,
            hasIndifference: seen.opinions?.contains(SeenItem.Opinion.indifferent.rawValue) ?? false, lineage: lineage)
    }

    /// Stands on a mapped payload, after checking its size, its checksum, and every tensor against the manifest.
    convenience init(manifest: SnapshotManifest, payload file: MappedFile) throws(SnapshotFileError) {
        guard file.count == manifest.payload.byteCount else {
            throw SnapshotFileError(
                path: file.path,
                reason: "it has \(file.count) bytes, its manifest says \(manifest.payload.byteCount)")
        }
        guard file.checksum() == manifest.payload.checksum else {
            throw SnapshotFileError(
                path: file.path, reason: "it is damaged: its checksum does not match its manifest's")
        }
        let reader = SnapshotReader(file: try SafetensorsFile(file), manifest: manifest)
        let seen = try reader.seen()
        self.init(
            version: manifest.version, users: try reader.ids("user_ids", count: manifest.userCount),
            items: try reader.ids("item_ids", count: manifest.itemCount), lineage: manifest.lineage,
            ratingScale: manifest.ratingScale, model: try reader.model(seen), seen: seen,
            popularity: try reader.file.elements("popularity", shape: [manifest.itemCount]),
            popularityOrder: try reader.popularityOrder(), prior: try reader.prior(), features: try reader.features())
    }
}

extension IDMap {
    fileprivate func tensors(_ name: String) -> [SafetensorsTensor] {
        [
            SafetensorsTensor("\(name).offsets", offsets, shape: [offsets.count]),
            SafetensorsTensor("\(name).bytes", arena, shape: [arena.count]),
        ]
    }
}

extension UserVector {
    fileprivate func tensors(_ name: String) -> [SafetensorsTensor] {
        [
            SafetensorsTensor("\(name)_gmf", FrozenArray(gmf), shape: [gmf.count]),
            SafetensorsTensor("\(name)_mlp", FrozenArray(mlp), shape: [mlp.count]),
            SafetensorsTensor("\(name)_bias", FrozenArray([bias]), shape: [1]),
        ]
    }
}

extension ModelSnapshot {
    /// What the payload says of itself. Nothing reads it, for the manifest says which format it is; without a bounded output it
    /// stays what it was before there was one.
    var payloadMetadata: [String: String] { ["nectar": "snapshot \(bounded == nil ? 3 : 4)"] }
}
