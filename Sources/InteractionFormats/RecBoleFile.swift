import InteractionStorage

/// A RecBole atomic file of items or users: tabs, and a header whose columns say their type after a colon.
///
/// Types: `token` (one word or number), `token_seq` (several, between blanks), `float`, `float_seq`.
struct RecBoleFile {
    let path: String
    /// As ``LineFile/keptLength``.
    var keptLength = 0

    func read(
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void, _ receive: (Row) throws -> Void
    ) throws {
        var columns: [Column] = []
        let table = TableFile(path: path, separator: .byte(UInt8(ascii: "\t")), keptLength: keptLength)
        try table.read(progress: progress, faults: report) { bytes, ranges, _ in
            let fields = FieldText.texts(bytes, ranges)
            if columns.isEmpty {
                columns = fields.map(Column.init)
            } else if fields.count == columns.count {
                try receive(Row(columns: columns, fields: fields))
            } else {
                let detail = "the row has \(fields.count) fields where \(columns.count) are expected"
                throw FieldText.Fault(detail: detail)
            }
        }
    }
}

extension RecBoleFile {
    /// A column as the header names it.
    struct Column {
        let name: String
        let type: String

        init(_ header: String) {
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            name = String(parts[0])
            type = parts.count > 1 ? String(parts[1]) : "token"
        }

        var isTitle: Bool { name == "title" || name == "name" || name.hasSuffix("_title") || name.hasSuffix("_name") }
        var isYear: Bool { name == "year" || name == "release_year" }
        var isGenres: Bool { ["class", "genre", "genres", "category", "categories"].contains(name) }
    }

    /// A row under its header.
    struct Row {
        let columns: [Column]
        let fields: [String]

        /// The row of a file of items. The title gets its year, as everywhere in MovieLens: RecBole's own copies
        /// have cut it off into a column.
        func item() throws(FieldText.Fault) -> Item {
            var title = ""
            var year: Int?
            var genres: [String] = []
            var others: [ExactName: AttributeValue] = [:]
            for (column, field) in zip(columns, fields) where column.name != "item_id" {
                if column.isTitle && title.isEmpty {
                    title = FieldText.trimmed(field)
                } else if column.isYear {
                    year = FilmTitle.year(field: field)
                } else if column.isGenres && genres.isEmpty {
                    genres = field.split { $0 == " " || $0 == "|" }.map(String.init)
                } else {
                    others[ExactName(column.name)] = attribute(column, field)
                }
            }
            if let year, !title.isEmpty, FilmTitle.year(in: title) == nil { title += " (\(year))" }
            var item = FilmTitle.item(id: try id("item_id"), title: title, year: year, genres: genres)
            item.attributes.merge(others) { known, _ in known }
            return item
        }

        /// The row of a file of users.
        func user() throws(FieldText.Fault) -> User {
            var user = User(id: try id("user_id"))
            for (column, field) in zip(columns, fields) where column.name != "user_id" {
                user.attributes[ExactName(column.name)] = attribute(column, field)
            }
            return user
        }

        private func id(_ name: String) throws(FieldText.Fault) -> String {
            guard let index = columns.firstIndex(where: { $0.name == name }) else {
                throw FieldText.Fault(detail: "the header names no column \(name)")
            }
            return try FieldText.identifier(fields[index], of: name)
        }

        private func attribute(_ column: Column, _ field: String) -> AttributeValue? {
            if field.isEmpty { return nil }
            switch column.type {
            case "float": return Double(field).flatMap { $0.isFinite ? .number($0) : nil }
            case "token_seq": return .strings(field.split(separator: " ").map(String.init))
            // Vectors are no attributes to filter by.
            case "float_seq": return nil
            default: return UserFile.attribute(named: column.name, field)
            }
        }
    }
}
