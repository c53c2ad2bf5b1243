import GRDB
import GRDBSQLite

/// Has SQLite write no remains of what was deleted into its file.
///
/// `secure_delete` overwrites a row that is deleted where it stands. But where SQLite spreads the rows of full or nearly empty pages anew,
/// copies of rows that moved on stay in the gap between a page's row pointers and its rows (`rebuildPage` in its `btree.c`), where no
/// query finds them and no deletion reaches: of a few thousand users who are erased one's name stays in the file. So the gap is zeros
/// in whatever is written to the main file. The log is not touched, whose pages have checksums; it is emptied after an erasure, and
/// then the pages in memory are let go as well, with which the remains would come again.
///
/// It stands between a connection and its file (``FileLayer``), for writing alone.
enum PageGaps {
    /// Settings of a connection with the layer, to something else than an open store.
    static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.prepareDatabase { try clear(in: $0) }
        return configuration
    }

    /// Where pages of other kinds begin with a number that could be taken for a page's type: overflow pages begin with the number of the
    /// next one, whose first byte is 0 up to here, 64 GiB of pages of 4 KiB.
    private static let pageLimit: Int64 = 1 << 24

    /// Puts the layer between `database` and its main file, before anything is written.
    ///
    /// A file with pointer maps, which begin with other types, stays as it is: no store has any.
    static func clear(in database: Database) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") == 0,
            let connection = unsafe database.sqliteConnection
        else { return }
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let file = unsafe file, let layer = unsafe FileLayer.on(file)
        else { return }
        unsafe layer.pointee.methods.xWrite = { unsafe PageGaps.write($0, $1, $2, $3) }
    }

    private static func write(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ page: UnsafeRawPointer?, _ size: Int32, _ offset: sqlite3_int64
    ) -> Int32 {
        guard let file = unsafe file, let page = unsafe page else { return unsafe FileLayer.writeFailure }
        let below = unsafe FileLayer.of(file).pointee.below
        guard let write = unsafe below.pointee.xWrite else { return unsafe FileLayer.writeFailure }
        var length: sqlite3_int64 = 0
        guard size >= 512, offset % sqlite3_int64(size) == 0,
            unsafe below.pointee.xFileSize?(file, &length) == SQLITE_OK,
            max(length, offset) / sqlite3_int64(size) < pageLimit,
            let gap = unsafe gap(in: UnsafeRawBufferPointer(start: page, count: Int(size)), isFirst: offset == 0),
            !gap.isEmpty
        else { return unsafe write(file, page, size, offset) }
        return unsafe withUnsafeTemporaryAllocation(byteCount: Int(size), alignment: 16) { copy in
            unsafe copy.copyMemory(from: UnsafeRawBufferPointer(start: page, count: Int(size)))
            unsafe UnsafeMutableRawBufferPointer(rebasing: copy[gap]).initializeMemory(as: UInt8.self, repeating: 0)
            return unsafe write(file, copy.baseAddress, size, offset)
        }
    }

    /// Where a page of a B-tree has nothing (SQLite's file format, section 1.6); nil for any other page.
    ///
    /// - Parameter isFirst: Whether it is the first of the file, which begins with the header of that.
    static func gap(in page: UnsafeRawBufferPointer, isFirst: Bool) -> Range<Int>? {
        func number(at place: Int) -> Int { unsafe Int(page[place]) << 8 | Int(page[place + 1]) }
        let header = isFirst ? 100 : 0
        guard page.count >= header + 12 else { return nil }
        let pointers: Int
        switch unsafe page[header] {
        case 2, 5: pointers = header + 12
        case 10, 13: pointers = header + 8
        default: return nil
        }
        let (count, first) = (number(at: header + 3), number(at: header + 5))
        let start = pointers + 2 * count
        // 65,536 is written as 0.
        let end = first == 0 ? 65_536 : first
        guard start <= end, end <= page.count else { return nil }
        let isWhole = (0..<count).allSatisfy { (end..<page.count).contains(number(at: pointers + 2 * $0)) }
        return isWhole ? start..<end : nil
    }
}
