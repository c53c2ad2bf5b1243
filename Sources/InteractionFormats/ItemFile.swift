import InteractionStorage
import JSON

/// The items of a dataset, in any layout.
struct ItemFile {
    let path: String
    let layout: DatasetLayout
    /// Those that are there already.
    let known: KnownItems
    /// As ``LineFile/keptLength``.
    var keptLength = 0

    func read(
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void, _ receive: (ItemChange) throws -> Void
    ) throws {
        func receiveFilm(_ item: Item) throws {
            if let fault = CatalogueLimits().fault(of: item) { throw FieldText.Fault(detail: fault) }
            try receive(.put(item))
        }
        switch layout {
        case .movieLens100K:
            try films(.byte(UInt8(ascii: "|")), progress: progress, faults: report) { fields in
                try receiveFilm(Self.film100K(fields))
            }
        case .movieLens1M:
            try films(.doubleColon, progress: progress, faults: report) { try receiveFilm(Self.film($0)) }
        case .movieLensCSV:
            var isHeader = true
            try films(.byte(UInt8(ascii: ",")), allowsQuotes: true, progress: progress, faults: report) { fields in
                if !isHeader { try receiveFilm(Self.film(fields)) }
                isHeader = false
            }
        case .recBole:
            try RecBoleFile(path: path, keptLength: keptLength).read(progress: progress, faults: report) {
                try receiveFilm($0.item())
            }
        case .csv, .ndjson:
            try objects(progress, report, { ItemDecoder.decodeChange($0, faults: &$1) }, receive)
        case .gorse, .recombee:
            let rows = ForeignRows(layout: layout, limits: InteractionLimits())
            try objects(progress, report, { rows.item($0, &$1).map(ItemChange.put) }, receive)
        }
    }

    /// An item on each line, whose vectors are as long as their namesakes, here and among those known; or a withdrawal.
    private func objects(
        _ progress: (Int64) -> Void, _ report: (RowFault) throws -> Void,
        _ decode: (JSONValue, inout JSONFaults) -> ItemChange?, _ receive: (ItemChange) throws -> Void
    ) throws {
        var known = known
        try LineFile(path: path, limit: CatalogueLimits().recordLength, keptLength: keptLength).readJSON(
            progress: progress, faults: report, decode
        ) { change in
            if let misfit = try known.take(change) {
                throw FieldText.Fault(detail: "/vectors/\(misfit.name): \(misfit.detail)")
            }
            try receive(change)
        }
    }

    private func films(
        _ separator: DelimitedFields.Separator, allowsQuotes: Bool = false,
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void, _ row: ([String]) throws -> Void
    ) throws {
        let table = TableFile(path: path, separator: separator, allowsQuotes: allowsQuotes, keptLength: keptLength)
        try table.read(progress: progress, faults: report) { bytes, ranges, _ in
            try row(FieldText.texts(bytes, ranges))
        }
    }

    /// `id`, title and genres between pipes: the three columns of `movies.dat` and `movies.csv`.
    private static func film(_ fields: [String]) throws(FieldText.Fault) -> Item {
        guard fields.count == 3 else {
            throw FieldText.Fault(detail: "the row has \(fields.count) fields where 3 are expected")
        }
        let id = try FieldText.identifier(fields[0], of: "the item's ID")
        let genres = fields[2].split(separator: "|").map(String.init)
        return FilmTitle.item(id: id, title: FieldText.trimmed(fields[1]), year: nil, genres: genres)
    }

    /// `id`, title, date of release, date of the video, address, and a flag for each of the 19 genres.
    private static func film100K(_ fields: [String]) throws(FieldText.Fault) -> Item {
        guard fields.count == 5 + genres100K.count else {
            let expected = 5 + genres100K.count
            throw FieldText.Fault(detail: "the row has \(fields.count) fields where \(expected) are expected")
        }
        let id = try FieldText.identifier(fields[0], of: "the item's ID")
        let genres = zip(genres100K, fields.dropFirst(5)).filter { $0.1 == "1" }.map(\.0)
        // 01-Jan-1995
        let year = FilmTitle.year(field: String(fields[2].suffix(4)))
        return FilmTitle.item(
            id: id, title: FieldText.trimmed(fields[1]), year: FilmTitle.year(in: fields[1]) ?? year, genres: genres)
    }

    /// In the order of the flags in `u.item`, as the data set's README lists them.
    private static let genres100K = [
        "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
        "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
    ]
}
