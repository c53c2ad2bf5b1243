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

    private let single: RawStatement
    private let together: RawStatement
    private var waiting: [Row] = []

    init(_ database: Database) throws {
        func statement(of rows: Int) throws -> RawStatement {
            let row = "(" + Array(repeating: "?", count: Self.columns).joined(separator: ", ") + ")"
            let values = Array(repeating: row, count: rows).joined(separator: ", ")
            return try RawStatement(database, "INSERT OR FAIL INTO interactions VALUES \(values)")
        }
        single = try statement(of: 1)
        together = try statement(of: Self.rowsTogether)
        waiting.reserveCapacity(Self.rowsTogether)
    }

    /// Inserts a row, or has it wait.
    mutating func insert(_ row: Row) throws {
        waiting.append(row)
        guard waiting.count == Self.rowsTogether else { return }
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
