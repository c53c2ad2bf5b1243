/// A split as the NCF paper's authors publish theirs: who trained on what, one held-out item a user, and the negatives to
/// rank it against (He et al. 2017).
///
/// Three files, plain or gzip, fields separated by tabs: training pairs `user item …`; held-out pairs `user item …`, one
/// a user; negatives, one line a user in the order of the held-out pairs, `(user,item) item item …`. IDs are any text.
public struct LeaveOneOutSplit: Sendable {
    /// A user and an item.
    public struct Pair: Sendable, Equatable {
        /// The user's ID.
        public var userID: String
        /// The item's ID.
        public var itemID: String
    }

    /// One user's held-out item.
    public struct HeldOut: Sendable, Equatable {
        /// Whose it is, and which.
        public var pair: Pair
        /// The items to rank it against, as the file lists them.
        public var negatives: [String]
    }

    /// Who interacted with what, to train on.
    public private(set) var training: [Pair] = []
    /// What to measure on.
    public private(set) var heldOut: [HeldOut] = []

    /// Reads the three files.
    ///
    /// - Throws: ``FormatError`` or ``DatasetFault``, at the first row that is not as described.
    public init(trainingPath: String, heldOutPath: String, negativesPath: String) throws {
        training = try Self.pairs(trainingPath)
        let pairs = try Self.pairs(heldOutPath)
        var position = 0
        try Self.rows(negativesPath) { fields in
            guard position < pairs.count else {
                throw FieldText.Fault(
                    detail: "there are only \(pairs.count) held-out pairs, but more rows of negatives")
            }
            let pair = pairs[position]
            let label = "(\(pair.userID),\(pair.itemID))"
            guard fields.first == label else {
                throw FieldText.Fault(detail: "expected \(label), the held-out pair of this row, as the first field")
            }
            heldOut.append(HeldOut(pair: pair, negatives: Array(fields.dropFirst())))
            position += 1
        }
        guard position == pairs.count else {
            throw DatasetFault(
                file: negativesPath,
                fault: RowFault(
                    line: position + 1, detail: "there are \(pairs.count) held-out pairs, but \(position) rows"))
        }
    }

    private static func pairs(_ path: String) throws -> [Pair] {
        var pairs: [Pair] = []
        try rows(path) { fields in
            guard fields.count >= 2, !fields[0].isEmpty, !fields[1].isEmpty else {
                throw FieldText.Fault(detail: "expected a user and an item, separated by a tab")
            }
            pairs.append(Pair(userID: fields[0], itemID: fields[1]))
        }
        return pairs
    }

    private static func rows(_ path: String, _ receive: ([String]) throws -> Void) throws {
        let file = TableFile(path: path, separator: .byte(UInt8(ascii: "\t")))
        try file.read(progress: { _ in }, faults: { throw DatasetFault(file: path, fault: $0) }) { bytes, ranges, _ in
            try receive(
                ranges.map { range in
                    var field: [UInt8] = []
                    for index in range { field.append(bytes[index]) }
                    return String(decoding: field, as: UTF8.self)
                })
        }
    }
}
