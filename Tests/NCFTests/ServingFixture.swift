import Glibc
import TestSupport
import Testing

@testable import NCF

/// Small random data and models to serve from, repeatable by seed.
enum ServingFixture {
    /// Users with random histories; user 0 has none.
    static func dataset(users: Int, items: Int, seed: UInt64, rated: Bool = false) -> InteractionDataset {
        var random = SeededGenerator(seed: seed)
        var (userIDs, itemIDs) = (IDMap.Builder(), IDMap.Builder())
        for user in 0..<users { _ = userIDs.intern("user \(user)") }
        for item in 0..<items { _ = itemIDs.intern("item-\(item)") }
        var (offsets, taken) = ([0], [Int32]())
        for user in 0..<users {
            let count = user == 0 || items == 0 ? 0 : Int.random(in: 1...max(1, items / 2), using: &random)
            taken += (0..<Int32(items)).shuffled(using: &random).prefix(count)
            offsets.append(taken.count)
        }
        let ratings = taken.map { _ in rated ? Float(Int.random(in: 1...5, using: &random)) : .nan }
        return InteractionDataset(
            userIDs: userIDs.build(), itemIDs: itemIDs.build(), userOffsets: offsets, items: taken, ratings: ratings,
            weights: taken.map { _ in 1 }, timestamps: taken.indices.map { Int64($0) + 1 }, cleaning: DatasetCleaning())
    }

    /// A model of random numbers in every place.
    static func parameters(
        _ architecture: Architecture, users: Int, items: Int, seed: UInt64, embedding: Int = 5, mlp: Int = 3,
        hidden: [Int] = [7, 4]
    ) -> ModelParameters {
        var random = SeededGenerator(seed: seed)
        func fill(_ array: inout [Float], _ scale: Float) {
            for index in array.indices { array[index] = Float.random(in: -scale...scale, using: &random) }
        }
        var parameters = ModelParameters(
            architecture: architecture, userCount: users, itemCount: items, embeddingDimension: embedding,
            mlpEmbeddingDimension: mlp, hiddenLayerSizes: hidden)
        fill(&parameters.userGMF, 1)
        fill(&parameters.itemGMF, 1)
        fill(&parameters.userMLP, 1)
        fill(&parameters.itemMLP, 1)
        for layer in parameters.layers.indices {
            fill(&parameters.layers[layer].weights, 0.7)
            fill(&parameters.layers[layer].bias, 0.3)
        }
        if architecture != .mf { fill(&parameters.outputWeights, 1) }
        fill(&parameters.userBias, 0.2)
        fill(&parameters.itemBias, 0.2)
        parameters.globalBias = 0.125
        return parameters
    }

    /// The same with histories, whose users' own rows are `parameters`'.
    static func parametersWithHistory(
        _ architecture: Architecture, _ data: InteractionDataset, seed: UInt64
    ) -> ModelParameters {
        var parameters = parameters(architecture, users: data.userCount, items: data.itemCount, seed: seed)
        let items = self.parameters(architecture, users: data.itemCount, items: 1, seed: seed &+ 1)
        let own = ModelPrior(ScoringModel(parameters))
        let history = ModelParameters.History(
            weight: 0.25, gmf: items.userGMF, mlp: items.userMLP, bias: items.userBias, ownMean: own.user,
            ownVariance: own.userVariance)
        let (table, model) = (HistoryTable(history), ScoringModel(parameters))
        let sums = (0..<data.userCount).map {
            table.adding(Array(data.items(of: $0)).history, to: model.vector(of: $0))
        }
        parameters.userGMF = sums.flatMap(\.gmf)
        parameters.userMLP = sums.flatMap(\.mlp)
        parameters.userBias = sums.map(\.bias)
        parameters.history = history
        return parameters
    }

    /// The logit in double precision, straight from the definition; one element of p_M may be moved.
    static func logit(
        _ parameters: ModelParameters, user: Int, item: Int, moving element: Int = 0, by distance: Double = 0
    ) -> Double {
        let (d, m) = (parameters.embeddingDimension, parameters.mlpEmbeddingDimension)
        func row(_ table: [Float], _ index: Int, _ width: Int) -> [Double] {
            table[index * width..<(index + 1) * width].map(Double.init)
        }
        let gmf = zip(row(parameters.userGMF, user, d), row(parameters.itemGMF, item, d)).map { $0 * $1 }
        var activations = row(parameters.userMLP, user, m) + row(parameters.itemMLP, item, m)
        if distance != 0 { activations[element] += distance }
        for layer in parameters.layers {
            activations = (0..<layer.outputSize).map { output in
                let weights = row(layer.weights, output, layer.inputSize)
                return max(0, zip(weights, activations).reduce(Double(layer.bias[output])) { $0 + $1.0 * $1.1 })
            }
        }
        let biases = [parameters.userBias[user], parameters.itemBias[item], parameters.globalBias].map(Double.init)
        return zip(gmf + activations, parameters.outputWeights).reduce(biases.reduce(0, +)) { $0 + $1.0 * Double($1.1) }
    }

    static func lineage(_ objective: Objective = .implicit, createdAt: Int64 = 1_700_000_000_000) -> Lineage {
        Lineage(
            createdAt: createdAt, dataWatermark: 12, interactionCount: 34,
            hyperparameters: Hyperparameters(objective: objective, start: ClosedFormStart(), seed: .max),
            metrics: ["ndcg_at_10": 0.5],
            durations: ["training": 1.25])
    }

    /// A snapshot of a random model over random data.
    static func snapshot(
        version: Int = 1, _ architecture: Architecture = .neumf, users: Int = 6, items: Int = 20, seed: UInt64 = 7,
        objective: Objective = .implicit, erasures: Int64 = 0
    ) -> ModelSnapshot {
        var lineage = lineage(objective, createdAt: Int64(version))
        lineage.erasures = erasures
        return ModelSnapshot(
            version: version, dataset: dataset(users: users, items: items, seed: seed, rated: objective == .rating),
            parameters: parameters(architecture, users: users, items: items, seed: seed &+ UInt64(version)),
            lineage: lineage,
            // Random logits know nothing of the data's scale.
            ratingScale: objective == .rating ? RatingScale(range: -10...10, deviation: 1) : nil)
    }
}

/// A directory of its own for one test, removed with everything in it at the end.
final class ScratchDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/nectar-ncf-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer {
            unsafe $0.baseAddress.flatMap { unsafe mkdtemp($0) }
        }
        guard let made = unsafe made else { preconditionFailure("mkdtemp failed: \(errno)") }
        path = unsafe String(cString: made)
    }

    deinit {
        for name in names() { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    /// The names of the files in it, sorted.
    func names() -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            unsafe names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    /// The contents of a file; empty where there is none.
    func read(_ name: String) -> [UInt8] {
        guard let file = try? MappedFile(path: "\(path)/\(name)") else { return [] }
        return file.contents()
    }

    /// Puts `bytes` in place of a file, without any of the store's care.
    func write(_ bytes: [UInt8], to name: String) {
        let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        precondition(descriptor >= 0, "\(name) cannot be written")
        defer { close(descriptor) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == bytes.count)
    }

    func remove(_ name: String) { unsafe unlink("\(path)/\(name)") }
}

extension [Int32] {
    /// As items of a history that all count alike.
    var history: [HistoryItem] { map { HistoryItem(item: $0) } }
}

/// That two vectors differ by less than `bound` in each element.
func expectEqual(
    _ left: UserVector, _ right: UserVector, within bound: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let pairs = zip(left.gmf + left.mlp + [left.bias], right.gmf + right.mlp + [right.bias])
    #expect(pairs.allSatisfy { abs($0 - $1) < bound }, "\(left) is not \(right)", sourceLocation: sourceLocation)
}
