import InteractionStorage
import JSON

/// The users of a dataset, in any layout that has them.
struct UserFile {
    let path: String
    let layout: DatasetLayout
    /// As ``LineFile/keptLength``.
    var keptLength = 0

    func read(
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void, _ receive: (User) throws -> Void
    ) throws {
        func receivePerson(_ user: User) throws {
            if let fault = CatalogueLimits().fault(of: user) { throw FieldText.Fault(detail: fault) }
            try receive(user)
        }
        switch layout {
        case .movieLens100K:
            let names = ["age", "gender", "occupation", "zip_code"]
            try people(.byte(UInt8(ascii: "|")), names, progress, report, receivePerson)
        case .movieLens1M:
            try people(.doubleColon, ["gender", "age", "occupation", "zip_code"], progress, report, receivePerson)
        case .movieLensCSV: break
        case .recBole:
            try RecBoleFile(path: path, keptLength: keptLength).read(progress: progress, faults: report) {
                try receivePerson($0.user())
            }
        case .csv, .ndjson:
            try LineFile(path: path, limit: CatalogueLimits().recordLength, keptLength: keptLength).readJSON(
                progress: progress, faults: report, { UserDecoder.decode($0, faults: &$1) }, receive)
        case .gorse, .recombee:
            try LineFile(path: path, limit: CatalogueLimits().recordLength, keptLength: keptLength).readJSON(
                progress: progress, faults: report, ForeignRows(layout: layout, limits: InteractionLimits()).user,
                receive)
        }
    }

    /// An ID, and attributes in the order of `names`.
    private func people(
        _ separator: DelimitedFields.Separator, _ names: [String],
        _ progress: (Int64) -> Void, _ report: (RowFault) throws -> Void, _ receive: (User) throws -> Void
    ) throws {
        let table = TableFile(path: path, separator: separator, keptLength: keptLength)
        try table.read(progress: progress, faults: report) { bytes, ranges, _ in
            let fields = FieldText.texts(bytes, ranges)
            guard fields.count == names.count + 1 else {
                let detail = "the row has \(fields.count) fields where \(names.count + 1) are expected"
                throw FieldText.Fault(detail: detail)
            }
            var user = User(id: try FieldText.identifier(fields[0], of: "the user's ID"))
            for (name, text) in zip(names, fields.dropFirst()) where !text.isEmpty {
                user.attributes[ExactName(name)] = Self.attribute(named: name, text)
            }
            try receive(user)
        }
    }

    /// Ages are numbers to filter by; all else, zip codes above all, is text.
    static func attribute(named name: String, _ text: String) -> AttributeValue {
        if name == "age", let age = Double(text), age.isFinite { return .number(age) }
        return .string(text)
    }
}
