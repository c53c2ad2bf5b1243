internal import JSON

/// What stands beside a snapshot's payload: which format it is, whether it is whole, and where it comes from.
///
/// Written last; a payload without its manifest is not a snapshot. A JSON document that begins with a checksum of itself,
/// computed with zeros in the checksum's place, so that damage to the manifest is found as surely as to the payload.
struct SnapshotManifest: Sendable, Equatable {
    /// The newest that this program reads: 8 has histories of a length, 7 has items that add to the logits of their neighbours, 6 has histories whose items count by their interactions, 5 has items that were seen and count for nothing, 4 has bounded ratings, 3 histories whose order matters, 2 histories, 1 none; each model is written in the
    /// oldest that can hold it.
    static let format = 8

    var version: Int
    var payload: SafetensorsFile.Receipt
    var architecture: Architecture
    var userCount: Int
    var itemCount: Int
    var embeddingDimension: Int
    var mlpEmbeddingDimension: Int
    var hiddenLayerSizes: [Int]
    /// What each item of a history counts; nil where there are none.
    var historyWeight: Float?
    /// Items after which one of a history counts half; 0 for never.
    var historyHalfLife = 0.0
    /// How many items of a history count; 0 for all.
    var historyLength = 0
    /// What the items of a history count by their interactions.
    var historyEvidence = HistoryEvidence.none
    /// Whether items of a history add to the logits of their neighbours.
    var hasNeighbours = false
    var ratingScale: RatingScale?
    /// Whether some seen items count for nothing (``SeenItem/Opinion/indifferent``).
    var hasIndifference = false
    var lineage: Lineage
}

extension SnapshotManifest {
    private static let opening = Array(#"{"checksum":""#.utf8)
    private static let digitCount = 16

    /// The document, its checksum included.
    func encoded() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 2048)
        writer.object { object in
            object.member("checksum", String(repeating: "0", count: Self.digitCount))
            object.member("format", leastFormat)
            object.member("version", version)
            object.key("payload")
            object.object { payload in
                payload.member("bytes", self.payload.byteCount)
                payload.member("checksum", Self.digits(self.payload.checksum))
            }
            object.key("model")
            object.object(encodeModel)
            object.key("lineage")
            object.object(lineage.encode)
        }
        var bytes = writer.bytes + [UInt8(ascii: "\n")]
        let place = Self.opening.count..<(Self.opening.count + Self.digitCount)
        precondition(bytes.starts(with: Self.opening), "the manifest begins with its checksum")
        unsafe bytes.replaceSubrange(place, with: Self.digits(bytes.withUnsafeBytes(PayloadChecksum.of)).utf8)
        return bytes
    }

    /// The oldest format that can hold it: a program that does not know a mapping would serve another model.
    private var leastFormat: Int {
        if historyLength > 0 { return 8 }
        if hasNeighbours { return 7 }
        if historyEvidence.isOn { return 6 }
        if hasIndifference { return 5 }
        if lineage.hyperparameters.ratingOutput == .bounded { return 4 }
        return historyWeight == nil ? 1 : historyHalfLife == 0 ? 2 : 3
    }

    private func encodeModel(_ object: inout JSONWriter) {
        object.member("architecture", architecture.rawValue)
        object.member("users", userCount)
        object.member("items", itemCount)
        object.member("embedding_dimension", embeddingDimension)
        object.member("mlp_embedding_dimension", mlpEmbeddingDimension)
        object.key("hidden_layers")
        object.array { sizes in for size in hiddenLayerSizes { sizes.value(size) } }
        object.member("history_weight", ifPresent: historyWeight)
        object.member("history_half_life", ifPresent: historyHalfLife == 0 ? nil : historyHalfLife)
        object.member("history_length", ifPresent: historyLength == 0 ? nil : historyLength)
        // Left out where there are none, as before there were any.
        if hasNeighbours { object.member("history_neighbours", true) }
        if historyEvidence.isOn {
            object.member("history_evidence", historyEvidence.exponent)
            object.member("history_mean_weight", historyEvidence.meanWeight)
        }
        object.member("lowest_rating", ifPresent: ratingScale?.range.lowerBound)
        object.member("highest_rating", ifPresent: ratingScale?.range.upperBound)
        object.member("rating_deviation", ifPresent: ratingScale?.deviation)
    }

    private static func digits(_ checksum: UInt64) -> String {
        let digits = String(checksum, radix: 16)
        return String(repeating: "0", count: digitCount - digits.count) + digits
    }
}

extension SnapshotManifest {
    /// Reads the document in `bytes`, of the file at `path`, refusing what is damaged, foreign or newer.
    init(_ bytes: [UInt8], path: String) throws(SnapshotFileError) {
        func refusal(_ reason: String) -> SnapshotFileError { SnapshotFileError(path: path, reason: reason) }
        let place = Self.opening.count..<(Self.opening.count + Self.digitCount)
        guard bytes.starts(with: Self.opening), bytes.count > place.upperBound else {
            throw refusal("the manifest does not begin with a checksum: it is truncated, or not a snapshot's")
        }
        var zeroed = bytes
        zeroed.replaceSubrange(place, with: repeatElement(UInt8(ascii: "0"), count: Self.digitCount))
        guard unsafe bytes[place].elementsEqual(Self.digits(zeroed.withUnsafeBytes(PayloadChecksum.of)).utf8) else {
            throw refusal("the manifest is truncated or damaged: its checksum does not match")
        }
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser().parse(bytes).root
        } catch {
            throw refusal("the manifest is not JSON: \(error)")
        }
        guard let format = root["format"]?.int else { throw refusal("the manifest names no format") }
        guard format <= Self.format else {
            throw refusal("it has format \(format), newer than the \(Self.format) that this program reads")
        }
        guard let decoded = Self.decode(root) else { throw refusal("the manifest lacks a member that its format has") }
        self = decoded
    }

    private static func decode(_ root: JSONValue) -> SnapshotManifest? {
        guard let version = root["version"]?.int, version > 0, let payload = root["payload"], let model = root["model"],
            let byteCount = payload["bytes"]?.int, byteCount >= 0,
            let checksum = payload["checksum"]?.string.flatMap({ UInt64($0, radix: 16) }),
            let architecture = model["architecture"]?.string.flatMap(Architecture.init(rawValue:)),
            let users = model.size("users"), let items = model.size("items"),
            let embedding = model.size("embedding_dimension"), let mlp = model.size("mlp_embedding_dimension"),
            let layers = model["hidden_layers"]?.sizes, let lineage = root["lineage"].flatMap(Lineage.init(json:))
        else { return nil }
        let historyWeight = model["history_weight"]?.double.map(Float.init)
        let mayLackHistories = [1, 4, 5].contains(root["format"]?.int)
        guard historyWeight.map(\.isFinite) ?? mayLackHistories else { return nil }
        let halfLife = model["history_half_life"]?.double ?? 0
        guard halfLife >= 0, halfLife <= Hyperparameters.Limit.historyHalfLife else { return nil }
        let length = model["history_length"]?.int ?? 0
        guard (0...Hyperparameters.Limit.historyLength).contains(length) else { return nil }
        let evidence = HistoryEvidence(
            exponent: model["history_evidence"]?.double ?? 0,
            meanWeight: model["history_mean_weight"]?.double.map(Float.init) ?? 1)
        guard (0...1).contains(evidence.exponent), evidence.meanWeight > 0, evidence.meanWeight.isFinite else {
            return nil
        }
        let neighbours = model["history_neighbours"]?.bool ?? false
        guard !neighbours || historyWeight != nil else { return nil }
        var scale: RatingScale?
        if let low = model["lowest_rating"]?.double, let high = model["highest_rating"]?.double, low <= high {
            scale = RatingScale(
                range: Float(low)...Float(high), deviation: model["rating_deviation"]?.double.map(Float.init))
        }
        guard scale != nil || lineage.hyperparameters.ratingOutput == .linear else { return nil }
        return SnapshotManifest(
            version: version, payload: SafetensorsFile.Receipt(byteCount: byteCount, checksum: checksum),
            architecture: architecture, userCount: users, itemCount: items, embeddingDimension: embedding,
            mlpEmbeddingDimension: mlp, hiddenLayerSizes: layers, historyWeight: historyWeight,
            historyHalfLife: halfLife, historyLength: length, historyEvidence: evidence,
            hasNeighbours: neighbours, ratingScale: scale,
            hasIndifference: root["format"]?.int == 5, lineage: lineage)
    }
}

extension JSONValue {
    /// A member that counts something of a model; nil where it is absent, negative or beyond any real model.
    fileprivate func size(_ name: String) -> Int? {
        self[name]?.int.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
    }

    /// The elements, if all of them are layer sizes.
    fileprivate var sizes: [Int]? {
        let sizes = elements.compactMap(\.int)
        return kind == .array && sizes.count == count && sizes.allSatisfy((1...(1 << 20)).contains) ? sizes : nil
    }
}
