import Glibc

/// Which features there are, and which of them an item or a user has: the same code when a model is trained and when it
/// serves.
///
/// Features are counted through the fields (tags, each attribute, each vector) in their order. A label is a feature of
/// weight 1; of a number or a time the bucket is one; a content vector of D elements is D features weighted by its elements, scaled to
/// unit length and less their mean, so that the features' embeddings are a learned projection of it.
public struct FeatureVocabulary: Sendable, Equatable {
    /// The most features of one vocabulary: their regression solves a system of as many equations.
    public static let limit = 4096
    /// The longest label, in bytes of UTF-8; longer texts are no features.
    public static let labelLength = 256

    /// One property and the features that it is told by.
    public struct Field: Sendable, Equatable {
        /// Where it comes from.
        public let source: FeatureRecord.Source
        /// Its name; empty for the tags.
        public let name: String
        /// Its features.
        public let form: Form

        /// How many features it has.
        public var count: Int {
            switch form {
            case .labels(let labels, _): labels.count
            case .buckets(let bounds, _), .times(let bounds, _): bounds.count + 1
            case .vector(let mean, _): mean.count
            }
        }
    }

    /// How a property becomes features.
    public enum Form: Sendable, Equatable {
        /// One for each label, in the order of their bytes; how many have each.
        case labels(IDMap, counts: [Int])
        /// One for each bucket; a number is in the first one whose bound is no less, or in the last. How many are in each.
        case buckets(bounds: [Double], counts: [Int])
        /// The same of moments, in milliseconds since 1970.
        case times(bounds: [Double], counts: [Int])
        /// One for each element; the mean of the vectors, and how many have one.
        case vector(mean: [Float], count: Int)
    }

    /// In the order of sources, names and forms.
    public let fields: [Field]
    /// How many features there are.
    public let count: Int
    private let firsts: [Int]

    /// The vocabulary of `fields`.
    init(fields: [Field]) {
        self.fields = fields
        var first = 0
        firsts = fields.map { field in
            defer { first += field.count }
            return first
        }
        count = first
    }

    /// Where the features of each field lie.
    var ranges: [Range<Int>] { zip(firsts, fields).map { $0..<$0 + $1.count } }

    /// The features of `record`, by rising index, each once; what no field knows is left out.
    public func features(of record: FeatureRecord) -> SparseFeatures {
        var entries: [(index: Int32, weight: Float)] = []
        for property in record.properties {
            for (field, first) in zip(fields, firsts)
            where field.source == property.source && field.name.utf8.elementsEqual(property.name.utf8) {
                Self.append(property.value, field.form, first, to: &entries)
            }
        }
        entries.sort { $0.index < $1.index }
        var features = SparseFeatures()
        for entry in entries where features.indices.last != entry.index {
            features.indices.append(entry.index)
            features.weights.append(entry.weight)
        }
        return features
    }

    private static func append(
        _ value: FeatureRecord.Value, _ form: Form, _ first: Int, to entries: inout [(index: Int32, weight: Float)]
    ) {
        switch (value, form) {
        case (.labels(let texts), .labels(let labels, _)):
            for text in texts { if let index = labels.index(of: text) { entries.append((Int32(first + index), 1)) } }
        case (.number(let number), .buckets(let bounds, _)):
            entries.append((Int32(first + bucket(of: number, bounds)), 1))
        case (.time(let moment, _), .times(let bounds, _)):
            entries.append((Int32(first + bucket(of: Double(moment), bounds)), 1))
        // As vocabularies have them that were made before times were more than texts.
        case (.time(_, let text), .labels(let labels, _)):
            if let index = labels.index(of: text) { entries.append((Int32(first + index), 1)) }
        case (.vector(let vector), .vector(let mean, _)):
            guard vector.count == mean.count, let unit = unit(vector) else { return }
            for k in mean.indices { entries.append((Int32(first + k), unit[k] - mean[k])) }
        default: break
        }
    }

    /// The bucket of a number between rising bounds.
    static func bucket(of number: Double, _ bounds: [Double]) -> Int {
        bounds.firstIndex { number <= $0 } ?? bounds.count
    }

    /// A vector at unit length; nil for one of zeros.
    static func unit(_ vector: [Float]) -> [Float]? {
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length > 0, length.isFinite else { return nil }
        return vector.map { Float(Double($0) / length) }
    }
}

/// The features of one item or user, and their weights.
public struct SparseFeatures: Sendable, Equatable {
    /// By rising index, each once.
    public var indices: [Int32] = []
    /// As many.
    public var weights: [Float] = []

    /// Whether there is none.
    public var isEmpty: Bool { indices.isEmpty }
}
