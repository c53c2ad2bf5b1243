import InteractionStorage

/// What MovieLens puts into titles and genres.
enum FilmTitle {
    /// The years that a title may name; other numbers in brackets are part of the title.
    private static let years = 1_850...2_199

    /// The year at the end of a title: `Stowaway (1936)`, `Tides (1994) (V)`, `Harbour (2006–2007)`.
    static func year(in title: String) -> Int? {
        var rest = Substring(title)
        while true {
            while rest.last == " " { rest.removeLast() }
            guard rest.last == ")", let open = rest.lastIndex(of: "(") else { return nil }
            let inside = rest[rest.index(after: open)...].dropLast()
            if let year = leadingYear(inside) { return year }
            // (V) for video and the like stand behind the year.
            guard inside.utf8.count <= 2 else { return nil }
            rest = rest[..<open]
        }
    }

    /// The year that `text` is, or that begins the span of years that it is.
    private static func leadingYear(_ text: Substring) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard digits.count == 4, let year = Int(digits), years.contains(year) else { return nil }
        let behind = text[digits.endIndex...].first
        return behind == nil || behind == "-" || behind == "–" ? year : nil
    }

    /// A year out of a field of its own; nil for `V`, `unknown` and their like.
    static func year(field: String) -> Int? {
        guard let year = leadingYear(Substring(field)) else { return nil }
        return year
    }

    /// The film as an item: genres as tags and as the attribute `genres`, the year as the attribute `year`.
    static func item(id: String, title: String, year: Int?, genres: [String]) -> Item {
        var item = Item(id: id)
        let known = FieldText.distinct(genres.filter { !$0.isEmpty && !isNoGenre($0) })
        if !title.isEmpty { item.title = title }
        item.tags = known
        if !known.isEmpty { item.attributes["genres"] = .strings(known) }
        if let year = year ?? FilmTitle.year(in: title) { item.attributes["year"] = .number(Double(year)) }
        return item
    }

    /// What stands in the place of genres where there are none.
    private static func isNoGenre(_ genre: String) -> Bool {
        genre == "unknown" || genre == "(no genres listed)"
    }
}
