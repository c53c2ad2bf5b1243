/// The ways in which interactions, items and users lie in files.
public enum DatasetLayout: String, Sendable, CaseIterable {
    /// MovieLens 100K: `u.data` (tabs), with `u.item` and `u.user` (pipes, Latin-1).
    case movieLens100K = "MovieLens 100K"
    /// MovieLens 1M and 10M: `ratings.dat`, with `movies.dat` and `users.dat` (two colons, Latin-1).
    case movieLens1M = "MovieLens 1M"
    /// MovieLens 20M, 25M and latest: `ratings.csv`, with `movies.csv`.
    case movieLensCSV = "MovieLens CSV"
    /// RecBole's atomic files: `NAME.inter`, with `NAME.item` and `NAME.user` (tabs, a header of `name:type`).
    case recBole = "RecBole"
    /// Comma-separated interactions with Nectar's own column names; in a folder `interactions.csv`, with `items.ndjson`
    /// and `users.ndjson`.
    case csv = "CSV"
    /// Interactions as one JSON object on each line; in a folder `interactions.ndjson`, with `items.ndjson` and
    /// `users.ndjson`.
    case ndjson = "NDJSON"
    /// Gorse's export: `feedback.jsonl`, with `items.jsonl` and `users.jsonl`.
    case gorse = "Gorse"
    /// Recombee's interactions, a file for each sort (`detail_views.jsonl`, `purchases.jsonl`, `ratings.jsonl`,
    /// `cart_additions.jsonl`, `bookmarks.jsonl`, `view_portions.jsonl`), with `items.jsonl` and `users.jsonl`.
    case recombee = "Recombee"

    /// The layout of the file or folder at `path`.
    public static func detect(_ path: String) throws(FormatError) -> DatasetLayout {
        try DatasetFiles.find(at: path).layout
    }
}

/// Which files of a dataset are there. Every one may be compressed by gzip.
public struct DatasetFiles: Sendable, Equatable {
    /// How they are written.
    public var layout: DatasetLayout
    /// The files of interactions, in the order in which they are read.
    public var interactions: [String]
    /// The file of items, where there is one.
    public var items: String?
    /// The file of users, where there is one.
    public var users: String?

    /// Finds what is at `path`: a folder that holds a dataset, or its file of interactions.
    ///
    /// A folder is recognised by its names, and refused where they leave a choice; a file by its first line. The files of
    /// items and users are looked for beside the interactions.
    public static func find(at path: String) throws(FormatError) -> DatasetFiles {
        if ByteSource.isFolder(path) {
            if let files = try find(inFolder: path) { return files }
            throw .unknownLayout(path: path, detail: "no dataset in this folder; \(lookedFor)")
        }
        guard ByteSource.fileSize(path) != nil else {
            throw .unreadable(path: path, operation: "open", reason: "there is no such file or folder")
        }
        return try find(file: path)
    }

    private static let lookedFor = """
        looked for u.data, ratings.dat, ratings.csv, *.inter, interactions.csv, interactions.ndjson, feedback.jsonl and \
        detail_views.jsonl or its like, plain or .gz
        """

    /// What else in `folder` would be read beside an export whose interactions are called `name`, or in its place.
    public static func rivals(ofExport name: String, inFolder folder: String) -> [String] {
        ByteSource.names(inFolder: folder).filter { other in
            let isInteractions = layout(named: other) != nil || isTable(other) || recombeeKind(ofFile: other) != nil
            return other != name && (isInteractions || other == "items.ndjson.gz" || other == "users.ndjson.gz")
        }
    }

    /// What else in `folder`, where these are, looks like rows of data and is not read, so that nobody takes it for read; nothing
    /// where that is a file.
    public func passedOver(inFolder folder: String) -> [String] {
        let read = Set((interactions + [items, users].compactMap(\.self)).map { Self.split($0).name })
        return ByteSource.names(inFolder: folder).filter { name in
            let plain = Self.plain(name)
            return !read.contains(name) && Self.rowExtensions.contains { plain.hasSuffix($0) }
        }
    }

    /// With those of RecBole's atomic files.
    private static let rowExtensions = [
        ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".dat", ".inter", ".item", ".user", ".kg", ".link", ".net",
    ]

    private static func find(inFolder folder: String) throws(FormatError) -> DatasetFiles? {
        let names = ByteSource.names(inFolder: folder)
        let known = names.filter { layout(named: $0) != nil }
        let tables = names.filter(isTable)
        // NAME.inter is the whole; NAME.train.inter and its like, its parts.
        let fewestDots = tables.map(dots).min() ?? 0
        let parts = tables.filter { dots($0) == fewestDots }
        // One file for each kind is one dataset; a file that is there twice, or lies beside another dataset, is a rival.
        let exported = names.filter { recombeeKind(ofFile: $0) != nil }
        var rivals = known + Dictionary(grouping: parts) { fewestDots > 1 ? stem($0) : $0 }.values.compactMap(\.first)
        if !rivals.isEmpty { rivals += exported.prefix(1) }
        for twice in Dictionary(grouping: exported, by: plain).values where twice.count > 1 { rivals += twice }
        if rivals.count > 1 { throw .ambiguous(folder: folder, names: rivals.sorted()) }
        if let twice = Dictionary(grouping: parts, by: plain).values.first(where: { $0.count > 1 }) {
            throw .ambiguous(folder: folder, names: twice)
        }
        if let name = known.first, let layout = layout(named: name) {
            return try companions(of: folder + "/" + name, layout)
        }
        if let first = exported.first {
            var files = try companions(of: folder + "/" + first, .recombee)
            files.interactions = exported.map { folder + "/" + $0 }
            return files
        }
        guard let first = parts.first else { return nil }
        var files = try companions(of: folder + "/" + first, .recBole)
        files.interactions = parts.map { folder + "/" + $0 }
        return files
    }

    /// The layout whose interactions always have this name.
    private static func layout(named name: String) -> DatasetLayout? {
        fixedNames.first { $0.1 == plain(name) }?.0
    }

    private static func isTable(_ name: String) -> Bool { plain(name).hasSuffix(".inter") }

    private static let fixedNames: [(DatasetLayout, String)] = [
        (.movieLens100K, "u.data"), (.movieLens1M, "ratings.dat"), (.movieLensCSV, "ratings.csv"),
        (.ndjson, "interactions.ndjson"), (.csv, "interactions.csv"), (.gorse, "feedback.jsonl"),
    ]

    /// The kind of the interactions in a file of Recombee's, by its name; nil where it is none.
    static func recombeeKind(ofFile path: String) -> String? {
        recombeeKinds[plain(split(path).name)]
    }

    private static let recombeeKinds = [
        "detail_views.jsonl": "view", "purchases.jsonl": "purchase", "ratings.jsonl": "rating",
        "cart_additions.jsonl": "cart", "bookmarks.jsonl": "bookmark", "view_portions.jsonl": "play",
    ]

    private static func find(file path: String) throws(FormatError) -> DatasetFiles {
        if recombeeKind(ofFile: path) != nil { return try companions(of: path, .recombee) }
        if plain(split(path).name) == "feedback.jsonl" { return try companions(of: path, .gorse) }
        let layout = try layout(ofFile: path)
        return try companions(of: path, layout)
    }

    private static func layout(ofFile path: String) throws(FormatError) -> DatasetLayout {
        let beginning = try ByteSource(path: path).beginning(limit: 4_096)
        if let layout = FirstLine(beginning).layout { return layout }
        if beginning.isEmpty { throw .unknownLayout(path: path, detail: "the file is empty") }
        throw .unknownLayout(
            path: path,
            detail: """
                the first line is none of those known: a JSON object; a CSV header with user_id,item_id or userId,movieId; \
                a RecBole header such as user_id:token; user, item, rating and timestamp between tabs; \
                or the same between double colons
                """)
    }

    /// The files of items and users that belong to the interactions at `path`.
    private static func companions(
        of path: String, _ layout: DatasetLayout
    ) throws(FormatError) -> DatasetFiles {
        let (folder, name) = split(path)
        let names = ByteSource.names(inFolder: folder.isEmpty ? "." : folder)
        func beside(_ wanted: String?) throws(FormatError) -> String? {
            let found = names.filter { plain($0) == wanted }
            guard found.count < 2 else { throw .ambiguous(folder: folder, names: found) }
            return found.first.map { folder.isEmpty ? $0 : folder + "/" + $0 }
        }
        let stem = stem(name)
        let wanted: (items: String?, users: String?)
        switch layout {
        case .movieLens100K: wanted = ("u.item", "u.user")
        case .movieLens1M: wanted = ("movies.dat", "users.dat")
        case .movieLensCSV: wanted = ("movies.csv", nil)
        case .recBole: wanted = (stem + ".item", stem + ".user")
        case .csv, .ndjson: wanted = ("items.ndjson", "users.ndjson")
        case .gorse, .recombee: wanted = ("items.jsonl", "users.jsonl")
        }
        return DatasetFiles(
            layout: layout, interactions: [path], items: try beside(wanted.items), users: try beside(wanted.users))
    }

    /// What stands before the first dot.
    private static func stem(_ name: String) -> String { String(plain(name).prefix { $0 != "." }) }

    /// The name without `.gz`.
    private static func plain(_ name: String) -> String {
        name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    }

    private static func dots(_ name: String) -> Int {
        plain(name).utf8.count { $0 == UInt8(ascii: ".") }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
