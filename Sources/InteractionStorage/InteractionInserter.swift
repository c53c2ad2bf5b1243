import GRDB

/// Inserts interactions several at a time: a statement opens its four trees once for all of its rows, which is a third of what a
/// row costs it.
///
/// Rows wait for others until ``flush()``, which has to come before the transaction or the savepoint ends. Without a journal of
/// the statement's own (`OR FAIL`), which would copy every page it touches: what fails leaves some of its rows, and the caller
/// rolls back what they belong to.
struct InteractionInserter {
    /// One row of the table.
    struct Row {
        let row: Int64
        let user: Int
        let item: Int
        let kind: Int?
        let interaction: Interaction
    }

    /// Rows of one statement; from there on twice as many save next to nothing more.
    private static let rowsTogether = 8
    private static let columns = 8

    // Made once: a transaction may be one row.
    private static let singleStatement = statement(rows: 1)
    private static let togetherStatement = statement(rows: rowsTogether)

    private static func statement(rows: Int) -> String {
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        let values = Array(repeating: row, count: rows).joined(separator: ", ")
        return "INSERT OR FAIL INTO interactions VALUES \(values)"
    }

    private let single: RawStatement
    private let together: RawStatement
    private var waiting: [Row] = []

    init(_ database: Database) throws {
        single = try RawStatement(database, Self.singleStatement)
        together = try RawStatement(database, Self.togetherStatement)
    }

    /// Whether no row waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// Whether an interaction of that name may be among those that wait.
    func mayHold(_ id: String) -> Bool { waiting.contains { $0.interaction.interactionID == id } }

    /// Inserts a row, or has it wait.
    mutating func insert(_ row: Row) throws {
        waiting.append(row)
        guard waiting.count >= Self.rowsTogether else { return }
        for (place, row) in waiting.enumerated() {
            try bind(row, to: together, from: Int32(place * Self.columns))
        }
        waiting.removeAll(keepingCapacity: true)
        try together.run()
    }

    /// Inserts the rows that wait.
    mutating func flush() throws {
        for row in waiting {
            try bind(row, to: single, from: 0)
            try single.run()
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private func bind(_ row: Row, to statement: RawStatement, from offset: Int32) throws {
        statement.bind(offset + 1, row.row)
        statement.bind(offset + 2, Int64(row.user))
        statement.bind(offset + 3, Int64(row.item))
        statement.bind(offset + 4, row.kind.map(Int64.init))
        statement.bind(offset + 5, row.interaction.rating)
        statement.bind(offset + 6, row.interaction.weight)
        statement.bind(offset + 7, row.interaction.timestamp)
        try statement.bind(offset + 8, row.interaction.interactionID)
    }
}
