import Glibc

extension SyntheticInteractions {
    /// What to generate.
    public struct Configuration: Sendable, Equatable {
        /// How many users there are; each has at least one interaction where there are enough.
        public var users: Int
        /// How many items there are.
        public var items: Int
        /// How many interactions to make; at most one for each pair of a user and an item.
        public var interactions: Int
        /// How many taste groups there are.
        public var groups: Int
        /// The share of a user's interactions that falls into their own group.
        public var affinity: Double
        /// How steeply popularity falls within a group.
        public var zipfExponent: Double
        /// The time before the first interaction, in milliseconds since 1970.
        public var start: Int64
        /// How long the interactions take together, in milliseconds.
        public var span: Int64
        /// What all randomness comes from.
        public var seed: UInt64

        /// The defaults make a data set of the size of MovieLens 100K, in the year 2025.
        public init(
            users: Int = 1_000, items: Int = 2_000, interactions: Int = 100_000, groups: Int = 8,
            affinity: Double = 0.8, zipfExponent: Double = 1, start: Int64 = 1_735_689_600_000,
            span: Int64 = 31_536_000_000, seed: UInt64 = 42
        ) {
            self.users = users
            self.items = items
            self.interactions = interactions
            self.groups = groups
            self.affinity = affinity
            self.zipfExponent = zipfExponent
            self.start = start
            self.span = span
            self.seed = seed
        }

        /// Why nothing can be generated.
        public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
            /// The sentence for people.
            public var description: String
        }

        /// What makes the settings impossible, nil if nothing does.
        public var fault: Fault? {
            let most = 2_000_000_000
            let sentences: [(Bool, String)] = [
                ((1...most).contains(users), "users must be from 1 to \(most)"),
                ((1...most).contains(items), "items must be from 1 to \(most)"),
                (groups >= 1 && groups <= items, "groups must be from 1 to the number of items"),
                ((0...1).contains(affinity), "affinity must be from 0 to 1"),
                ((0...4).contains(zipfExponent), "the Zipf exponent must be from 0 to 4"),
                ((1...Self.longestSpan).contains(span), "the span must be from 1 ms to 1000 years"),
                ((0...Self.longestSpan).contains(start), "the start must be from 1970 to 2970"),
                (interactions >= 0, "interactions must not be negative"),
            ]
            if let wrong = sentences.first(where: { !$0.0 }) { return Fault(description: wrong.1) }
            // At least a millisecond lies between two interactions.
            if Int64(interactions) > Self.longestSpan { return Fault(description: "there are too many interactions") }
            let pairs = users.multipliedReportingOverflow(by: items)
            if pairs.overflow || interactions <= pairs.partialValue { return nil }
            return Fault(
                description: "\(users) users and \(items) items make \(pairs.partialValue) pairs, "
                    + "too few for \(interactions) interactions")
        }

        private static let longestSpan: Int64 = 31_556_952_000_000

        /// How strongly the item of `rank`, from 1, is drawn. Exponent 1 needs no `pow`, and so is the same everywhere to
        /// the last bit.
        func weight(rank: Int) -> Double {
            zipfExponent == 1 ? 1 / Double(rank) : pow(Double(rank), -zipfExponent)
        }
    }
}
