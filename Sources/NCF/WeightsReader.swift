internal import JSON

/// Takes the parts of a model out of a file of weights made elsewhere; see docs/model-format.md.
struct WeightsReader {
    let file: SafetensorsFile
    let metadata: WeightsMetadata

    /// The tensors of a model, but for those of its dense layers, and what may lie beside them.
    private static let names = [
        "user_gmf", "item_gmf", "user_mlp", "item_mlp", "output_weights", "user_bias", "item_bias", "global_bias",
        "user_ids.bytes", "user_ids.offsets", "item_ids.bytes", "item_ids.offsets", "seen.offsets", "seen.items",
        "seen.disliked", "seen.weights",
        "history_gmf", "history_mlp", "history_bias", "neighbours.offsets", "neighbours.items", "neighbours.weights",
    ]

    /// Which branches the file has, by its tensors, and how wide everything is.
    private struct Shape {
        var gmf = 0
        var mlp = 0
        var hidden: [Int] = []
    }

    // MARK: Weights

    /// The weights, every tensor accounted for.
    func parameters(userCount: Int, itemCount: Int) throws(SnapshotFileError) -> ModelParameters {
        let shape = try shape()
        let architecture = try architecture(shape)
        try checkNames(layerCount: shape.hidden.count)
        var parameters = ModelParameters(
            architecture: architecture, userCount: userCount, itemCount: itemCount, embeddingDimension: shape.gmf,
            mlpEmbeddingDimension: shape.mlp, hiddenLayerSizes: shape.hidden)
        if architecture.hasGMF {
            parameters.userGMF = try floats("user_gmf", [userCount, shape.gmf])
            parameters.itemGMF = try floats("item_gmf", [itemCount, shape.gmf])
        }
        if architecture.hasMLP {
            parameters.userMLP = try floats("user_mlp", [userCount, shape.mlp])
            parameters.itemMLP = try floats("item_mlp", [itemCount, shape.mlp])
        }
        for (index, layer) in parameters.layers.enumerated() {
            parameters.layers[index].weights = try floats(
                "layers.\(index).weight", [layer.outputSize, layer.inputSize])
            parameters.layers[index].bias = try floats(ifThere: "layers.\(index).bias", [layer.outputSize])
        }
        try readOutput(into: &parameters)
        parameters.userBias = try floats(ifThere: "user_bias", [userCount])
        parameters.itemBias = try floats(ifThere: "item_bias", [itemCount])
        parameters.globalBias = try floats(ifThere: "global_bias", [1])[0]
        parameters.history = try history(of: parameters)
        return parameters
    }

    /// What the items of histories contribute, in a model that says so by its metadata.
    private func history(of parameters: ModelParameters) throws(SnapshotFileError) -> ModelParameters.History? {
        guard let weight = metadata.historyWeight else {
            let names =
                ["history_gmf", "history_mlp", "history_bias"]
                + ["offsets", "items", "weights"].map { "neighbours.\($0)" }
            guard let name = names.first(where: has) else { return nil }
            throw refusal("metadata: tensor \"\(name)\" needs \"history_weight\"")
        }
        let (items, gmf, mlp) = (
            parameters.itemCount, parameters.embeddingDimension, parameters.mlpEmbeddingDimension
        )
        let neighbours = try neighbours(itemCount: items)
        // Items may contribute to nothing else.
        let isAlone = neighbours != nil && !has("history_gmf") && !has("history_mlp") && !has("history_bias")
        func rows(_ name: String, _ width: Int) throws(SnapshotFileError) -> [Float] {
            width == 0 || isAlone ? [] : try floats(name, [items, width])
        }
        func vector(_ name: String) throws(SnapshotFileError) -> UserVector {
            UserVector(
                gmf: gmf == 0 ? [] : try floats("\(name)_gmf", [gmf]),
                mlp: mlp == 0 ? [] : try floats("\(name)_mlp", [mlp]), bias: try floats("\(name)_bias", [1])[0])
        }
        let variance = try vector("prior.user_variance")
        guard (variance.gmf + variance.mlp + [variance.bias]).allSatisfy({ $0 >= 0 }) else {
            throw refusal("the tensors \"prior.user_variance_…\" hold a variance below 0")
        }
        var history = ModelParameters.History(
            weight: weight, halfLife: metadata.historyHalfLife ?? 0, length: metadata.historyLength ?? 0,
            evidence: metadata.historyEvidence ?? .none, gmf: try rows("history_gmf", gmf),
            mlp: try rows("history_mlp", mlp),
            bias: isAlone ? [] : try floats("history_bias", [items]), ownMean: try vector("prior.user"),
            ownVariance: variance)
        history.neighbours = neighbours
        return history
    }

    /// What items add to the logits of others directly; nil where the file has none of it.
    private func neighbours(itemCount: Int) throws(SnapshotFileError) -> NeighbourTable? {
        guard has("neighbours.items") || has("neighbours.offsets") || has("neighbours.weights") else { return nil }
        guard try isThere("seen.offsets", with: "seen.items") else {
            throw refusal("the tensors \"neighbours.…\" need \"seen.items\": what users have done decides their scores")
        }
        let count = try file.length(of: "neighbours.items")
        let table = NeighbourTable(
            // A negative one is none that partitions anything.
            offsets: FrozenArray(
                try file.copyIntegers("neighbours.offsets", count: itemCount + 1).map { UInt64(exactly: $0) ?? .max }),
            items: FrozenArray(try file.copy("neighbours.items", of: Int32.self, shape: [count])),
            weights: FrozenArray(try floats("neighbours.weights", [count])))
        if let fault = table.fault { throw refusal("tensor \"neighbours.\(fault)") }
        return table
    }

    /// h, which a matrix factorisation may leave out, for all of it is 1.
    private func readOutput(into parameters: inout ModelParameters) throws(SnapshotFileError) {
        let count = parameters.outputWeights.count
        guard parameters.architecture == .mf else {
            parameters.outputWeights = try floats("output_weights", [count])
            return
        }
        guard has("output_weights") else { return }
        guard try floats("output_weights", [count]) == parameters.outputWeights else {
            throw refusal("tensor \"output_weights\" of an mf is not 1 throughout; the architecture may be gmf")
        }
    }

    private func shape() throws(SnapshotFileError) -> Shape {
        var shape = Shape()
        if try isThere("user_gmf", with: "item_gmf") {
            shape.gmf = try width(of: "user_gmf", upTo: Hyperparameters.Limit.embeddingDimension)
        }
        if try isThere("user_mlp", with: "item_mlp") {
            shape.mlp = try width(of: "user_mlp", upTo: Hyperparameters.Limit.embeddingDimension)
            while has("layers.\(shape.hidden.count).weight") {
                let name = "layers.\(shape.hidden.count).weight"
                guard shape.hidden.count < Hyperparameters.Limit.hiddenLayerCount else {
                    throw refusal("there are more dense layers than \(Hyperparameters.Limit.hiddenLayerCount)")
                }
                shape.hidden.append(try height(of: name, upTo: Hyperparameters.Limit.hiddenLayerSize))
            }
            guard !shape.hidden.isEmpty else { throw refusal("there is no tensor \"layers.0.weight\"") }
        }
        guard shape.gmf > 0 || shape.mlp > 0 else {
            throw refusal("there is neither \"user_gmf\" nor \"user_mlp\", so that nothing is known of the users")
        }
        return shape
    }

    /// The architecture that the tensors are those of, which must be the one that the metadata name.
    private func architecture(_ shape: Shape) throws(SnapshotFileError) -> Architecture {
        let found: Architecture =
            if shape.mlp > 0 {
                shape.gmf > 0 ? .neumf : .mlp
            } else {
                metadata.architecture == .mf || !has("output_weights") ? .mf : .gmf
            }
        if let named = metadata.architecture, named != found {
            throw refusal(
                "metadata: \"architecture\" is \"\(named.rawValue)\", the tensors are those of \(found.rawValue)")
        }
        return found
    }

    /// Refuses tensors that would be left lying: a name mistyped must not silently be a bias of 0.
    private func checkNames(layerCount: Int) throws(SnapshotFileError) {
        let layers = (0..<layerCount).flatMap { ["layers.\($0).weight", "layers.\($0).bias"] }
        let known = Set(Self.names + layers)
        for name in file.entries.keys.sorted() where !known.contains(name) && !ModelSnapshot.isDerived(tensor: name) {
            let suggestion = NearestName.of(name, among: Self.names + layers)
            throw refusal("tensor \"\(name)\" is unknown\(suggestion.map { "; did you mean \"\($0)\"?" } ?? "")")
        }
    }

    // MARK: IDs and history

    /// Which row is whose, from a JSON array in the metadata or from two tensors.
    func ids(_ name: String) throws(SnapshotFileError) -> IDMap {
        let map: IDMap
        switch (metadata.ids[name], has("\(name).bytes") || has("\(name).offsets")) {
        case (let json?, false): map = try WeightsIDs(name: name).parse(json)
        case (nil, true):
            map = try WeightsIDs(name: name).read(
                bytes: file.copy("\(name).bytes", of: UInt8.self, shape: [file.length(of: "\(name).bytes")]),
                offsets: file.copyIntegers("\(name).offsets"))
        case (_?, true): throw refusal("\"\(name)\" are both in the metadata and in tensors; one is enough")
        case (nil, false):
            throw refusal("it is not said which row is whose: \"\(name)\" are missing, a JSON array in the metadata")
        }
        guard map.count > 0, map.count <= Int(Int32.max) else { throw refusal("\"\(name)\" lists \(map.count) IDs") }
        return map
    }

    /// What each user had seen; empty where the file does not say.
    func seen(userCount: Int, itemCount: Int) throws(SnapshotFileError) -> [[SeenItem]] {
        guard try isThere("seen.offsets", with: "seen.items") else {
            if let name = ["seen.disliked", "seen.weights"].first(where: has) {
                throw refusal("there is no tensor \"seen.items\" beside \"\(name)\"")
            }
            return []
        }
        let offsets = try file.copyIntegers("seen.offsets", count: userCount + 1)
        let items = try file.copyIntegers("seen.items")
        guard offsets[0] == 0, offsets[userCount] == items.count, zip(offsets, offsets.dropFirst()).allSatisfy(<=)
        else {
            throw refusal("tensor \"seen.offsets\" does not partition seen.items")
        }
        guard items.allSatisfy({ $0 < itemCount }) else {
            throw refusal("tensor \"seen.items\" names an item that is not there")
        }
        let opinions = try self.opinions(count: items.count)
        let weights = try self.weights(opinions, count: items.count)
        return (0..<userCount).map { user in
            (offsets[user]..<offsets[user + 1]).map { place in
                SeenItem(
                    item: Int32(items[place]), opinion: opinions?[place] ?? .liked, weight: weights?[place])
            }
        }
    }

    /// What is thought of each of the seen items; nil where the file does not say.
    private func opinions(count: Int) throws(SnapshotFileError) -> [SeenItem.Opinion]? {
        guard has("seen.disliked") else { return nil }
        let marks = Array(try file.elements("seen.disliked", of: UInt8.self, shape: [count]))
        let opinions = marks.compactMap(SeenItem.Opinion.init(rawValue:))
        guard opinions.count == marks.count else {
            throw refusal("tensor \"seen.disliked\" holds other numbers than 0, 1 and 2")
        }
        return opinions
    }

    /// What the interaction of each of the seen items counts; nil where the file does not say.
    private func weights(_ opinions: [SeenItem.Opinion]?, count: Int) throws(SnapshotFileError) -> [Float]? {
        guard has("seen.weights") else { return nil }
        let weights = try floats("seen.weights", [count])
        let areRight = weights.indices.allSatisfy {
            weights[$0] > 0 || weights[$0] == 0 && (opinions?[$0] ?? .liked) != .liked
        }
        guard areRight else {
            throw refusal("tensor \"seen.weights\" holds numbers that are no weights of liked items")
        }
        return weights
    }

    // MARK: Tensors

    private func has(_ name: String) -> Bool { file.entries[name] != nil }

    /// Whether two tensors that need each other are there; that one is alone is refused.
    private func isThere(_ name: String, with other: String) throws(SnapshotFileError) -> Bool {
        guard has(name) != has(other) else { return has(name) }
        throw refusal("there is no tensor \"\(has(name) ? other : name)\" beside \"\(has(name) ? name : other)\"")
    }

    private func width(of name: String, upTo limit: Int) throws(SnapshotFileError) -> Int {
        try extent(of: name, 1, upTo: limit)
    }

    private func height(of name: String, upTo limit: Int) throws(SnapshotFileError) -> Int {
        try extent(of: name, 0, upTo: limit)
    }

    private func extent(of name: String, _ axis: Int, upTo limit: Int) throws(SnapshotFileError) -> Int {
        let shape = try file.entry(name).shape
        guard shape.count == 2, (1...limit).contains(shape[axis]) else {
            throw refusal("tensor \"\(name)\" is \(shape), expected a matrix, with 1 to \(limit) in place \(axis)")
        }
        return shape[axis]
    }

    private func floats(ifThere name: String, _ shape: [Int]) throws(SnapshotFileError) -> [Float] {
        try has(name) ? floats(name, shape) : Array(repeating: 0, count: shape.reduce(1, *))
    }

    private func floats(_ name: String, _ shape: [Int]) throws(SnapshotFileError) -> [Float] {
        let numbers = try file.copy(name, of: Float.self, shape: shape)
        guard let place = numbers.firstIndex(where: { !$0.isFinite }) else { return numbers }
        throw refusal("tensor \"\(name)\" holds \(numbers[place]) at place \(place); every number must be finite")
    }

    private func refusal(_ reason: String) -> SnapshotFileError {
        SnapshotFileError(path: file.file.path, reason: reason)
    }
}
