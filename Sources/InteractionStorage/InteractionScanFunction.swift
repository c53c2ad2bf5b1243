import GRDB
import GRDBSQLite

/// Reads interactions from within SQLite: each row is handed over by the step of an aggregate function, which has all of its
/// values before it, where a statement that gives rows is asked for each value by a call of its own.
///
/// 1.3 times as many rows a second (`docs/decisions.md`, 120).
enum InteractionScanFunction {
    private static let name = "nectar_hand_over"
    /// By which SQLite knows that a pointer is meant for this function.
    private static let pointerType: StaticString = "nectar scan"

    /// What a scan is in the middle of.
    private struct Scan {
        let handOver: (ScannedInteraction) -> Bool
        var count = 0
        var lastRow = Int64.min
        /// Why it ended before the last row; nil while it goes on.
        var end: End?
    }

    private enum End {
        case enough
        case outOfOrder
    }

    /// Makes the function known to a connection.
    static func register(in database: Database) throws {
        guard let connection = unsafe database.sqliteConnection else {
            throw StoreError.unavailable("the connection is closed")
        }
        let code = unsafe sqlite3_create_function_v2(
            connection, name, 8, SQLITE_UTF8 | SQLITE_DIRECTONLY, nil, nil,
            { context, _, values in
                guard let values = unsafe values else { return }
                unsafe InteractionScanFunction.step(context, values)
            },
            { context in unsafe sqlite3_result_null(context) }, nil)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// Hands over the interactions behind `watermark`, in the order of their rows, until `handOver` says that it has enough; returns how
    /// many.
    static func run(
        in database: Database, after watermark: Int64, _ handOver: (ScannedInteraction) -> Bool
    ) throws -> Int {
        // By the table itself, which is in the order of the rows.
        let statement = try RawStatement(
            database,
            """
            SELECT \(name)(?, row, user, item, kind, rating, weight, timestamp) FROM interactions NOT INDEXED WHERE row > ?
            """)
        return try withoutActuallyEscaping(handOver) { handOver in
            var scan = Scan(handOver: handOver)
            return try unsafe withUnsafeMutablePointer(to: &scan) { scan in
                try unsafe statement.bind(1, pointer: scan, type: pointerType)
                // Or the statement would keep what ends here.
                defer { statement.unbind(1) }
                statement.bind(2, watermark)
                do {
                    _ = try statement.step()
                } catch let error as DatabaseError {
                    switch unsafe (error.resultCode, scan.pointee.end) {
                    case (.SQLITE_ABORT, .enough): break
                    case (.SQLITE_ABORT, .outOfOrder):
                        throw StoreError.corrupt("its interactions are not in the order of their rows")
                    default: throw error
                    }
                }
                return unsafe scan.pointee.count
            }
        }
    }

    private static func step(
        _ context: OpaquePointer?, _ values: UnsafeMutablePointer<OpaquePointer?>
    ) {
        let pointer = unsafe sqlite3_value_pointer(values[0], pointerType.utf8Start)
        // Another statement than the one above has no such pointer.
        guard let scan = unsafe pointer?.assumingMemoryBound(to: Scan.self) else {
            return unsafe sqlite3_result_error_code(context, SQLITE_MISUSE)
        }
        let row = unsafe sqlite3_value_int64(values[1])
        guard unsafe row > scan.pointee.lastRow else { return unsafe end(scan, .outOfOrder, context) }
        unsafe scan.pointee.lastRow = row
        unsafe scan.pointee.count += 1
        let isWanted = unsafe scan.pointee.handOver(
            ScannedInteraction(
                rowID: row, userKey: Int(sqlite3_value_int64(values[2])), itemKey: Int(sqlite3_value_int64(values[3])),
                // A key is positive, and NULL reads as 0.
                kindKey: Int(sqlite3_value_int64(values[4])), rating: number(values[5]), weight: number(values[6]),
                timestamp: integer(values[7])))
        if !isWanted { unsafe end(scan, .enough, context) }
    }

    private static func end(_ scan: UnsafeMutablePointer<Scan>, _ end: End, _ context: OpaquePointer?) {
        unsafe scan.pointee.end = end
        unsafe sqlite3_result_error_code(context, SQLITE_ABORT)
    }

    // NULL reads as 0: only that has to be told from it.
    @inline(__always)
    private static func number(_ value: OpaquePointer?) -> Double? {
        let number = unsafe sqlite3_value_double(value)
        return unsafe number == 0 && sqlite3_value_type(value) == SQLITE_NULL ? nil : number
    }

    @inline(__always)
    private static func integer(_ value: OpaquePointer?) -> Int64? {
        let integer = unsafe sqlite3_value_int64(value)
        return unsafe integer == 0 && sqlite3_value_type(value) == SQLITE_NULL ? nil : integer
    }
}
