import InteractionFormats
import InteractionStorage
import Testing

@Suite("Datasets in files")
struct DatasetTests {
    private struct Contents {
        var interactions: [Interaction] = []
        var items: [Item] = []
        var users: [User] = []
        var faults: [String] = []
    }

    private func read(_ name: String) throws -> Contents {
        let reader = try DatasetReader(path: fixtures + "/" + name)
        var contents = Contents()
        let report: (DatasetFault) -> Void = { fault in
            contents.faults.append(String(fault.description.dropFirst(fixtures.count + name.count + 2)))
        }
        try reader.readItems(faults: report) { contents.items.append($0) }
        try reader.readUsers(faults: report) { contents.users.append($0) }
        try reader.readInteractions(faults: report) { contents.interactions.append($0) }
        return contents
    }

    @Test(
        "a layout is recognised by the folder, and by the file of interactions alone",
        arguments: [
            ("movielens-100k", "u.data", DatasetLayout.movieLens100K), ("movielens-1m", "ratings.dat", .movieLens1M),
            ("movielens-csv", "ratings.csv.gz", .movieLensCSV), ("recbole", "tiny.inter", .recBole),
            ("nectar-csv", "interactions.csv", .csv), ("nectar-ndjson", "interactions.ndjson", .ndjson),
        ])
    func detection(folder: String, file: String, layout: DatasetLayout) throws {
        let path = fixtures + "/" + folder
        #expect(try DatasetLayout.detect(path) == layout)
        let byFolder = try DatasetFiles.find(at: path)
        #expect(byFolder.interactions == [path + "/" + file])
        #expect(try DatasetFiles.find(at: path + "/" + file) == byFolder)
    }

    @Test("what cannot be recognised is refused with what was looked for")
    func undetectable() {
        #expect {
            try DatasetLayout.detect(fixtures + "/unknown")
        } throws: { error in
            "\(error)".contains("looked for u.data, ratings.dat, ratings.csv, *.inter")
        }
        #expect {
            try DatasetLayout.detect(fixtures + "/unknown/readme.txt")
        } throws: { error in
            "\(error)".contains("the first line is none of those known")
        }
        #expect {
            try DatasetLayout.detect(fixtures + "/nowhere")
        } throws: { error in
            "\(error)".hasSuffix("open failed: there is no such file or folder")
        }
    }

    @Test("MovieLens 100K")
    func movieLens100K() throws {
        let contents = try read("movielens-100k")
        #expect(
            contents.interactions == [
                Interaction(userID: "1", itemID: "2", rating: 5, timestamp: 881_250_949_000),
                Interaction(userID: "2", itemID: "1", rating: 3, timestamp: 881_250_950_000),
                Interaction(userID: "2", itemID: "3", rating: 1, timestamp: 881_250_951_000),
            ])
        #expect(
            contents.items == [
                Item(
                    id: "1", title: "Lantern Street (1995)", tags: ["Animation", "Children's", "Comedy"],
                    attributes: ["genres": .strings(["Animation", "Children's", "Comedy"]), "year": .number(1995)]),
                Item(
                    id: "2", title: "Café Nord (1996)", tags: ["Drama"],
                    attributes: ["genres": .strings(["Drama"]), "year": .number(1996)]),
                Item(id: "3", title: "unknown"),
            ])
        #expect(
            contents.users.first
                == User(
                    id: "1",
                    attributes: [
                        "age": .number(24), "gender": .string("M"), "occupation": .string("technician"),
                        "zip_code": .string("85711"),
                    ]))
        #expect(
            contents.faults == [
                "u.item, line 4: the row has 3 fields where 24 are expected",
                "u.data, line 3: rating \"y\" is not a number; "
                    + "timestamp \"z\" is neither an RFC 3339 time nor a number of Unix seconds",
            ])
    }

    @Test("MovieLens 1M")
    func movieLens1M() throws {
        let contents = try read("movielens-1m")
        #expect(contents.interactions.map(\.rating) == [5, 3])
        #expect(contents.interactions.first?.timestamp == 978_300_760_000)
        #expect(
            contents.items.map(\.title) == [
                "Lantern Street (1995)", "Harbour: A Tale, The (1996)", "Nénuphar (1990)",
            ])
        #expect(contents.items.first?.tags == ["Animation", "Children's", "Comedy"])
        #expect(contents.users.map { $0.attributes["age"] } == [.number(1), .number(56)])
        #expect(contents.faults == ["ratings.dat, line 3: the row has 3 fields where 4 are expected"])
    }

    @Test("MovieLens CSV, gzipped, with quoted titles")
    func movieLensCSV() throws {
        let contents = try read("movielens-csv")
        #expect(contents.interactions.map(\.itemID) == ["2", "1"])
        #expect(contents.interactions.map(\.rating) == [4.5, 0.5])
        #expect(
            contents.items.map(\.title) == [
                "Lantern Street (1995)", "Harbour, The \"Quiet\" (2006–2007)", "Nameless",
            ])
        #expect(contents.items.map { $0.attributes["year"] } == [.number(1995), .number(2006), nil])
        #expect(contents.items[2] == Item(id: "3", title: "Nameless"))
        #expect(contents.faults.isEmpty)
    }

    @Test("RecBole: the year goes back to the title, words become genres, typed columns attributes")
    func recBole() throws {
        let contents = try read("recbole")
        #expect(contents.interactions.map(\.rating) == [3, 2.5])
        #expect(contents.items.map(\.title) == ["Lantern Street (1995)", "Harbour, The", "Tides (1994)"])
        #expect(contents.items[0].tags == ["Animation", "Children's", "Comedy"])
        #expect(contents.items[0].attributes["length"] == .number(81))
        #expect(contents.items[1].attributes == ["genres": .strings(["Sci-Fi"])])
        #expect(contents.items[2].tags == [])
        #expect(contents.items[2].attributes == ["year": .number(1995), "length": .number(90.5)])
        #expect(contents.users.first?.attributes["occupation"] == .string("writer"))
        #expect(contents.users.first?.attributes["age"] == .number(49))
    }

    @Test("Nectar's own files")
    func own() throws {
        let csv = try read("nectar-csv")
        #expect(csv.interactions.map(\.userID) == ["ada", "bob"])
        #expect(csv.items.map(\.title) == ["A lamp"])
        #expect(csv.faults == ["items.ndjson, line 2: member \"item_id\" is required"])
        let ndjson = try read("nectar-ndjson")
        #expect(ndjson.users == [User(id: "ada", tags: ["staff"], attributes: ["age": .number(36)])])
        #expect(ndjson.items.isEmpty)
    }

    @Test("progress ends at the size of the file, and rows and faults are counted")
    func progress() throws {
        let reader = try DatasetReader(path: fixtures + "/movielens-100k")
        var last: DatasetProgress?
        let counts = try reader.readInteractions(progress: { last = $0 }, faults: { _ in }) { _ in }
        #expect(counts.rows == 3)
        #expect(counts.faults == 1)
        #expect(last?.bytesRead == last?.bytesTotal)
        #expect(last?.bytesTotal == Int64(try fixture("movielens-100k/u.data").count))
    }
}
