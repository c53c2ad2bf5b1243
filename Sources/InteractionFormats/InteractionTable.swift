import InteractionStorage

/// The interactions of the layouts that are tables with names of their own.
struct InteractionTable {
    let path: String
    let layout: DatasetLayout
    let limits: InteractionLimits

    func read(
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void, _ receive: (Interaction) throws -> Void
    ) throws {
        var table = TableFile(path: path, separator: .byte(UInt8(ascii: "\t")), rowLimit: limits.rowLength)
        var columns: [InteractionColumn?]? = [.userID, .itemID, .rating, .timestamp]
        switch layout {
        case .movieLens1M: table = TableFile(path: path, separator: .doubleColon, rowLimit: limits.rowLength)
        case .movieLensCSV:
            table = TableFile(path: path, separator: .byte(UInt8(ascii: ",")), allowsQuotes: true)
            columns = nil
        case .recBole: columns = nil
        default: break
        }
        table.keptLength = limits.refusedTextLength
        var decoder = columns.map { DelimitedInteractionDecoder(columns: $0, limits: limits) }
        try table.read(progress: progress, faults: report) { bytes, ranges, _ in
            if let decoder {
                try receive(decoder.decode(bytes, ranges))
            } else {
                decoder = DelimitedInteractionDecoder(columns: try header(bytes, ranges), limits: limits)
            }
        }
    }

    /// The columns that the first line names; those with other names are passed over.
    private func header(_ bytes: Span<UInt8>, _ ranges: [Range<Int>]) throws(FormatError) -> [InteractionColumn?] {
        var columns: [InteractionColumn?] = []
        for range in ranges {
            let name = FieldText.repairedText(bytes.extracting(range))
            let column = Self.column(named: String(name.prefix { $0 != ":" }))
            columns.append(columns.contains(column) ? nil : column)
        }
        for column in [InteractionColumn.userID, .itemID] where !columns.contains(column) {
            throw .unknownLayout(path: path, detail: "the first line names no column for \(column.rawValue)")
        }
        return columns
    }

    private static func column(named name: String) -> InteractionColumn? {
        switch name {
        case "user_id", "userId": .userID
        case "item_id", "movieId": .itemID
        case "rating": .rating
        case "timestamp": .timestamp
        default: nil
        }
    }
}
