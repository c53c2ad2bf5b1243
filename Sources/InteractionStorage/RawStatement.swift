import GRDB
import GRDBSQLite

/// A prepared statement that is run through SQLite's own interface.
///
/// For what is run once for every row: GRDB makes an array of boxed values of the arguments and an object of each row, which
/// takes several times as long as SQLite does. Belongs to the connection that prepared it, as that does to one thread at a time.
@safe
struct RawStatement {
    // Keeps the statement from being finalised.
    private let statement: Statement
    private let pointer: SQLiteStatement
    private let connection: SQLiteConnection

    /// Prepares `sql`, or takes it from the connection's cache; no other holder may be in the middle of it.
    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        unsafe pointer = statement.sqliteStatement
        guard let connection = unsafe database.sqliteConnection else {
            throw StoreError.unavailable("the connection is closed")
        }
        unsafe self.connection = connection
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_clear_bindings(pointer)
    }

    /// Gives the parameter at `index`, from 1, its value.
    @inline(__always)
    func bind(_ index: Int32, _ value: Int64) { unsafe sqlite3_bind_int64(pointer, index, value) }

    /// As ``bind(_:_:)-(Int32,Int64)``; nil is NULL.
    @inline(__always)
    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { unsafe sqlite3_bind_null(pointer, index) }
    }

    /// As ``bind(_:_:)-(Int32,Int64)``; nil is NULL.
    @inline(__always)
    func bind(_ index: Int32, _ value: Double?) {
        if let value {
            unsafe sqlite3_bind_double(pointer, index, value)
        } else {
            unsafe sqlite3_bind_null(pointer, index)
        }
    }

    /// As ``bind(_:_:)-(Int32,Int64)``; nil is NULL. SQLite copies the text.
    func bind(_ index: Int32, _ value: String?) throws {
        guard var value else {
            unsafe sqlite3_bind_null(pointer, index)
            return
        }
        let code = value.withUTF8 { utf8 in
            unsafe utf8.withMemoryRebound(to: CChar.self) { text in
                // SQLITE_TRANSIENT, a macro that Swift does not see: the text is gone when the statement runs.
                unsafe sqlite3_bind_text(
                    pointer, index, text.baseAddress, Int32(text.count),
                    unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
        }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Gives the parameter at `index` a pointer, which functions of SQL get that ask for one of that type.
    func bind(_ index: Int32, pointer value: UnsafeMutableRawPointer, type: StaticString) throws {
        let code = unsafe type.utf8Start.withMemoryRebound(to: CChar.self, capacity: type.utf8CodeUnitCount) { type in
            unsafe sqlite3_bind_pointer(pointer, index, value, type, nil)
        }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Takes a parameter's value back; the statement is not in the middle of anything afterwards.
    func unbind(_ index: Int32) {
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_bind_null(pointer, index)
    }

    /// Runs a statement that gives no row, and makes it ready for the next.
    @inline(__always)
    func run() throws {
        let code = unsafe sqlite3_step(pointer)
        unsafe sqlite3_reset(pointer)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    /// The integer in the first column of the only row, nil where there is none; makes the statement ready for the next.
    func integer() throws -> Int64? {
        let isThere = try step()
        defer { reset() }
        return isThere ? integer(at: 0) : nil
    }

    /// Goes to the next row; false after the last.
    @inline(__always)
    func step() throws -> Bool {
        let code = unsafe sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else {
            reset()
            throw failure(code)
        }
        return false
    }

    /// Makes the statement ready for the next run, and ends the reading of one that was left in the middle.
    func reset() { unsafe sqlite3_reset(pointer) }

    /// The integer in a column, from 0, of the row that ``step()`` went to.
    @inline(__always)
    func integer(at column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

    private func failure(_ code: Int32) -> DatabaseError {
        let message = unsafe String(cString: sqlite3_errmsg(connection))
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}
