#if PostgreSQL
    /// Rows on their way into a table, in the binary format of `COPY` (PostgreSQL's manual, COPY, "Binary Format").
    struct PostgreSQLRows {
        /// What the stream begins with: the signature, no flags, no extension.
        static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
        /// In place of a row's number of fields: there is no further row.
        static let end: Int16 = -1

        private var bytes = header
        private(set) var count = 0

        var isEmpty: Bool { count == 0 }
        var byteCount: Int { bytes.count }

        /// Begins a row of so many fields, which must follow.
        mutating func begin(fields: Int) {
            bytes.appendBigEndian(Int16(fields))
            count += 1
        }

        /// A `bigint`.
        mutating func append(_ number: Int64?) { append(fixed: number) }

        /// An `integer`: the keys of names. Beyond two thousand million it is null, which no key may be.
        mutating func append(key: Int?) { append(fixed: key.flatMap { Int32(exactly: $0) }) }

        /// A `double precision`.
        mutating func append(_ number: Double?) { append(fixed: number?.bitPattern) }

        /// A `boolean`.
        mutating func append(_ flag: Bool) { append(fixed: UInt8(flag ? 1 : 0)) }

        /// A `text`.
        mutating func append(_ text: String?) { append(variable: text?.utf8) }

        /// A `bytea`.
        mutating func append(_ octets: [UInt8]) { append(variable: octets) }

        /// All rows and the end.
        func finished() -> [UInt8] {
            var bytes = bytes
            bytes.appendBigEndian(Self.end)
            return bytes
        }

        private mutating func append(fixed number: (some FixedWidthInteger)?) {
            guard let number else { return bytes.appendBigEndian(Int32(-1)) }
            bytes.appendBigEndian(Int32(number.bitWidth / 8))
            bytes.appendBigEndian(number)
        }

        private mutating func append(variable octets: (some Collection<UInt8>)?) {
            guard let octets else { return bytes.appendBigEndian(Int32(-1)) }
            bytes.appendBigEndian(Int32(octets.count))
            bytes.append(contentsOf: octets)
        }
    }

    /// One row on its way out of a table: its fields are taken one after the other.
    @safe
    struct PostgreSQLRow {
        fileprivate(set) var rest: UnsafeRawBufferPointer

        /// A whole number; nil where it is null.
        mutating func integer() -> Int64? {
            unsafe field().map { octets in
                switch octets.count {
                case 8: unsafe Int64(bigEndian: octets.loadUnaligned(as: Int64.self))
                case 4: Int64(unsafe Int32(bigEndian: octets.loadUnaligned(as: Int32.self)))
                default: unsafe octets.reduce(0) { $0 << 8 | Int64($1) }
                }
            }
        }

        /// A `double precision`; nil where it is null.
        mutating func double() -> Double? {
            integer().map { Double(bitPattern: UInt64(bitPattern: $0)) }
        }

        /// A `text`; nil where it is null.
        mutating func text() -> String? {
            unsafe field().map { unsafe String(decoding: $0, as: UTF8.self) }
        }

        /// A `bytea`; nil where it is null.
        mutating func bytes() -> [UInt8]? {
            unsafe field().map { unsafe Array($0) }
        }

        /// The next field's bytes, which are this row's own; nil where it is null, and where the row is at its end.
        private mutating func field() -> UnsafeRawBufferPointer? {
            guard unsafe rest.count >= 4 else { return nil }
            let length = Int(unsafe Int32(bigEndian: rest.loadUnaligned(as: Int32.self)))
            unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[4...])
            guard length >= 0, unsafe length <= rest.count else { return nil }
            defer { unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[length...]) }
            return unsafe UnsafeRawBufferPointer(rebasing: rest[..<length])
        }
    }

    /// Takes apart what is copied out. PostgreSQL sends a message a row, and the header before the first.
    struct PostgreSQLRowReader {
        private var isAfterHeader = false

        /// Hands over the rows of one message, until `row` returns false: then this does, too.
        mutating func read(_ message: UnsafeRawBufferPointer, _ row: (PostgreSQLRow) throws -> Bool) throws -> Bool {
            var rest = unsafe message
            if !isAfterHeader {
                guard rest.count >= PostgreSQLRows.header.count, unsafe rest.starts(with: PostgreSQLRows.header)
                else {
                    throw PostgreSQLFailure.lost("what was copied out does not begin as it must")
                }
                unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[PostgreSQLRows.header.count...])
                isAfterHeader = true
            }
            guard rest.count >= 2, unsafe rest.loadUnaligned(as: Int16.self) != PostgreSQLRows.end else {
                return true
            }
            return try unsafe row(PostgreSQLRow(rest: UnsafeRawBufferPointer(rebasing: rest[2...])))
        }
    }
#endif
