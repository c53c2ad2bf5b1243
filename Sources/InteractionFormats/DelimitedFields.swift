/// The fields of one row of a delimited text file, as ranges of its bytes.
///
/// With quoting, the rules are those of RFC 4180, section 2, but for one: a quoted field cannot hold a line break. No
/// ID, number or title needs one, and so a stray quote costs its own row and not the rest of the file.
struct DelimitedFields: Sendable {
    /// Why a row could not be cut into fields.
    enum Failure: Error, Equatable {
        case quoteNotClosed
        case textAfterQuote
        case quoteInsideField
    }

    /// What stands between two fields.
    enum Separator: Equatable, Sendable {
        case byte(UInt8)
        /// Two colons, as in MovieLens 1M.
        case doubleColon
    }

    let separator: Separator
    let allowsQuotes: Bool
    /// The fields of the row split last: ranges of the row, or of ``unquoted`` where the row held quotes.
    private(set) var ranges: [Range<Int>] = []
    /// The contents of the row's fields, one behind the other, where the row held quotes; otherwise empty.
    private(set) var unquoted: [UInt8] = []

    init(separator: Separator, allowsQuotes: Bool) {
        self.separator = separator
        self.allowsQuotes = allowsQuotes
    }

    /// Splits `row`; afterwards ``ranges`` holds at least one field.
    mutating func split(_ row: Span<UInt8>) throws(Failure) {
        ranges.removeAll(keepingCapacity: true)
        unquoted.removeAll(keepingCapacity: true)
        switch separator {
        case .byte(let byte):
            if splitPlain(row, at: byte) { return }
            ranges.removeAll(keepingCapacity: true)
            try splitQuoted(row, at: byte)
        case .doubleColon:
            splitAtDoubleColons(row)
        }
    }

    /// The fast path: false on the first quote, where quotes mean something.
    private mutating func splitPlain(_ row: Span<UInt8>, at separator: UInt8) -> Bool {
        let quote = allowsQuotes ? UInt8(ascii: "\"") : separator
        var start = 0
        var index = 0
        let count = row.count
        while index < count {
            let byte = row[index]
            if byte == separator {
                ranges.append(start..<index)
                start = index &+ 1
            } else if byte == quote {
                return false
            }
            index &+= 1
        }
        ranges.append(start..<count)
        return true
    }

    private mutating func splitQuoted(_ row: Span<UInt8>, at separator: UInt8) throws(Failure) {
        var index = 0
        while true {
            let start = unquoted.count
            if index < row.count, row[index] == UInt8(ascii: "\"") {
                index = try copyQuoted(row, from: index + 1)
                if index < row.count, row[index] != separator { throw .textAfterQuote }
            } else {
                while index < row.count, row[index] != separator {
                    if row[index] == UInt8(ascii: "\"") { throw .quoteInsideField }
                    unquoted.append(row[index])
                    index += 1
                }
            }
            ranges.append(start..<unquoted.count)
            if index == row.count { return }
            index += 1
        }
    }

    /// Copies a quoted field's content from behind its opening quote; returns the index behind its closing quote.
    private mutating func copyQuoted(_ row: Span<UInt8>, from start: Int) throws(Failure) -> Int {
        var index = start
        while index < row.count {
            if row[index] == UInt8(ascii: "\"") {
                let isDoubled = index + 1 < row.count && row[index + 1] == UInt8(ascii: "\"")
                if !isDoubled { return index + 1 }
                index += 1
            }
            unquoted.append(row[index])
            index += 1
        }
        throw .quoteNotClosed
    }

    private mutating func splitAtDoubleColons(_ row: Span<UInt8>) {
        let colon = UInt8(ascii: ":")
        var start = 0
        var index = 0
        while index + 1 < row.count {
            if row[index] == colon && row[index + 1] == colon {
                ranges.append(start..<index)
                start = index + 2
                index += 2
            } else {
                index += 1
            }
        }
        ranges.append(start..<row.count)
    }
}

extension DelimitedFields.Failure {
    /// The sentence for people.
    var detail: String {
        switch self {
        case .quoteNotClosed: "a quoted field is not closed on its line"
        case .textAfterQuote: "text follows the closing quote of a field"
        case .quoteInsideField: "a quote stands inside a field that is not quoted"
        }
    }
}
