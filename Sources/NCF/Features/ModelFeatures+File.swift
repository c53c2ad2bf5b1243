internal import JSON

// One JSON document of both vocabularies, and a matrix for each side: what features contribute.
extension ModelFeatures {
    static let documentName = "features.vocabulary"
    /// The longest document that is read: what a full vocabulary of the longest labels takes, every byte escaped.
    static let documentLimit = 16 << 20

    /// As tensors of a snapshot's payload.
    func tensors() -> [SafetensorsTensor] {
        var writer = JSONWriter(reservingCapacity: 4096)
        writer.object { document in
            for (name, side) in [("items", items), ("users", users)] {
                guard let side else { continue }
                document.key(name)
                document.object(side.encode)
            }
        }
        let document = FrozenArray(writer.bytes)
        var tensors = [SafetensorsTensor(Self.documentName, document, shape: [document.count])]
        for (name, side) in [("items", items), ("users", users)] {
            guard let side else { continue }
            tensors.append(side.embeddings.tensor("features.\(name)"))
            if let histories = side.histories { tensors.append(histories.tensor("features.\(name)_histories")) }
        }
        return tensors
    }
}

extension FeatureEmbeddings {
    fileprivate func tensor(_ name: String) -> SafetensorsTensor {
        SafetensorsTensor(name, rows, shape: [count + 1, width])
    }
}

extension ModelFeatures.Side {
    fileprivate func encode(_ object: inout JSONWriter) {
        object.key("explained")
        object.object { shares in
            shares.member("gmf", explained.gmf)
            shares.member("mlp", explained.mlp)
            shares.member("bias", explained.bias)
        }
        object.key("fields")
        object.array { fields in
            for field in vocabulary.fields { fields.object { Self.encode(field, &$0) } }
        }
    }

    private static func encode(_ field: FeatureVocabulary.Field, _ object: inout JSONWriter) {
        object.member("source", field.source.rawValue)
        object.member("name", field.name)
        switch field.form {
        case .labels(let labels, let counts):
            object.key("labels")
            object.array { list in for index in 0..<labels.count { list.value(labels[index]) } }
            object.key("counts")
            object.array { list in for count in counts { list.value(count) } }
        case .buckets(let bounds, let counts), .times(let bounds, let counts):
            // Left out of numbers, as before there were times.
            if case .times = field.form { object.member("are_times", true) }
            object.key("bounds")
            object.array { list in for bound in bounds { list.value(bound) } }
            object.key("counts")
            object.array { list in for count in counts { list.value(count) } }
        case .vector(let mean, let count):
            object.key("mean")
            object.array { list in for element in mean { list.value(element) } }
            object.member("count", count)
        }
    }
}

extension SnapshotReader {
    /// What the model knows of features; nil where the file has nothing of them, as files written before there were any.
    func features() throws(SnapshotFileError) -> ModelFeatures? {
        let name = ModelFeatures.documentName
        guard file.entries[name] != nil else { return nil }
        let length = try file.length(of: name)
        guard length <= ModelFeatures.documentLimit else { throw featureRefusal("it has \(length) bytes") }
        let bytes = try file.copy(name, of: UInt8.self, shape: [length])
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONParser().parse(bytes)
        } catch {
            throw featureRefusal("it is not JSON: \(error)")
        }
        let items = try side(document.root["items"], "items", hasHistories: false)
        let users = try side(document.root["users"], "users", hasHistories: manifest.historyWeight != nil)
        guard let features = ModelFeatures(items: items, users: users) else { throw featureRefusal("it holds nothing") }
        return features
    }

    private func featureRefusal(_ reason: String) -> SnapshotFileError {
        SnapshotFileError(path: file.file.path, reason: "tensor \"\(ModelFeatures.documentName)\": \(reason)")
    }

    private func side(
        _ json: JSONValue?, _ name: String, hasHistories: Bool
    ) throws(SnapshotFileError) -> ModelFeatures.Side? {
        guard let json else { return nil }
        var fields: [FeatureVocabulary.Field] = []
        var count = 0
        for (index, value) in (json["fields"]?.elements.map { $0 } ?? []).enumerated() {
            guard let field = Self.field(value) else { throw featureRefusal("field \(index) of the \(name) is none") }
            count += field.count
            guard count <= FeatureVocabulary.limit else {
                throw featureRefusal("the \(name) have more than \(FeatureVocabulary.limit) features")
            }
            fields.append(field)
        }
        let vocabulary = FeatureVocabulary(fields: fields)
        guard vocabulary.count > 0 else { throw featureRefusal("the \(name) have no features") }
        let explained = json["explained"]
        return ModelFeatures.Side(
            vocabulary: vocabulary,
            explained: ModelFeatures.Explained(
                gmf: explained?["gmf"]?.double ?? 0, mlp: explained?["mlp"]?.double ?? 0,
                bias: explained?["bias"]?.double ?? 0),
            embeddings: try embeddings("features.\(name)", count: count),
            histories: hasHistories ? try embeddings("features.\(name)_histories", count: count) : nil)
    }

    private func embeddings(_ name: String, count: Int) throws(SnapshotFileError) -> FeatureEmbeddings {
        let (gmf, mlp) = (manifest.embeddingDimension, manifest.mlpEmbeddingDimension)
        return FeatureEmbeddings(
            gmf: gmf, mlp: mlp, rows: try file.elements(name, shape: [count + 1, gmf + mlp + 1]))
    }

    /// Nil where the value is no field whose features can be told apart.
    private static func field(_ json: JSONValue) -> FeatureVocabulary.Field? {
        guard let source = json["source"]?.string.flatMap(FeatureRecord.Source.init(rawValue:)),
            let name = json["name"]?.string, let form = form(json)
        else { return nil }
        return FeatureVocabulary.Field(source: source, name: name, form: form)
    }

    private static func form(_ json: JSONValue) -> FeatureVocabulary.Form? {
        if let mean = numbers(json["mean"]), let count = json["count"]?.int {
            guard !mean.isEmpty, mean.count <= FeatureVocabulary.limit else { return nil }
            return .vector(mean: mean.map { Float($0) }, count: count)
        }
        guard let counts = numbers(json["counts"])?.compactMap({ Int(exactly: $0) }) else { return nil }
        if let bounds = numbers(json["bounds"]) {
            let areRising = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
            guard areRising, counts.count == bounds.count + 1 else { return nil }
            let areTimes = json["are_times"]?.bool ?? false
            return areTimes ? .times(bounds: bounds, counts: counts) : .buckets(bounds: bounds, counts: counts)
        }
        guard let texts = json["labels"]?.elements.map({ $0.string }) else { return nil }
        var builder = IDMap.Builder()
        for text in texts { if let text { _ = builder.intern(text) } }
        let labels = builder.build()
        return labels.count == texts.count && counts.count == texts.count ? .labels(labels, counts: counts) : nil
    }

    private static func numbers(_ json: JSONValue?) -> [Double]? {
        guard let json, json.kind == .array else { return nil }
        let numbers = json.elements.compactMap(\.double)
        return numbers.count == json.count ? numbers : nil
    }
}
