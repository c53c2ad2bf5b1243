/// What is known of one item or user beside its ID, before it is known which of it are features.
public struct FeatureRecord: Sendable, Equatable {
    /// Where a property comes from; names are told apart within each.
    public enum Source: String, Sendable, CaseIterable {
        case tags
        case attribute
        case vector
    }

    /// What a property says.
    public enum Value: Sendable, Equatable {
        /// Texts of which each is a feature: the tags, an attribute's text, each of its texts.
        case labels([String])
        /// A number, of which a bucket is a feature.
        case number(Double)
        /// A moment, in milliseconds since 1970, of which a bucket is a feature; and the text that told it.
        case time(Int64, text: String)
        /// A content vector, each element of which is a feature.
        case vector([Float])
    }

    /// One property.
    public struct Property: Sendable, Equatable {
        /// Where it comes from.
        public var source: Source
        /// Its name; empty for the tags.
        public var name: String
        /// What it says.
        public var value: Value
    }

    /// In any order.
    public var properties: [Property]

    /// A record of nothing.
    public init() {
        properties = []
    }

    /// Adds a property; the tags have an empty name.
    public mutating func add(_ source: Source, _ name: String, _ value: Value) {
        properties.append(Property(source: source, name: name, value: value))
    }
}
