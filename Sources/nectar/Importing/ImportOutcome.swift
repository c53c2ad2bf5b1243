import Foundation
import InteractionFormats
import InteractionStorage
import RecommendationService

/// What an import came to.
struct ImportOutcome: CustomStringConvertible {
    var interactions = 0
    var duplicates = 0
    var erased = 0
    /// Records left out that may be from before their users were erased.
    private(set) var erasedUsers = 0
    var items = 0
    var users = 0
    var faults = 0
    /// Rows in quarantine, and under which names.
    var quarantined = 0
    var uploads: [String] = []

    /// Counts an append.
    mutating func add(_ receipt: AppendReceipt) {
        interactions += receipt.stored
        duplicates += receipt.duplicates
        erased += receipt.erased
    }

    /// The load has ended, and left out so many of the records.
    mutating func settle(erasedUsers count: Int) {
        users -= count
        erasedUsers = count
    }

    var description: String {
        var sentence =
            "Stored \(interactions) interactions (\(duplicates) were there already), \(items) items, \(users) users"
        if faults > 0 { sentence += "; \(faults) rows were faulty" }
        if quarantined > 0 {
            sentence += ", \(quarantined) of them are in quarantine as \(uploads.joined(separator: " and "))"
        }
        if erased > 0 { sentence += "; \(erased) were of users who have been erased" }
        if erasedUsers > 0 {
            sentence += "; \(erasedUsers) records of users who have been erased were left out"
        }
        return sentence + "."
    }
}

/// Keeps the rows with faults of an import where they can be fetched.
struct ImportQuarantine {
    private let bounds: QuarantineBounds
    private let files: DatasetFiles
    private let name = QuarantinedRow.newUploadName("import")
    /// An upload for each file with faults, as lines are numbered in each.
    private var uploads: [(file: String, name: String)] = []
    private let time = Int64(Date().timeIntervalSince1970 * 1000)

    init(_ settings: ServiceConfiguration.Quarantine, _ files: DatasetFiles) {
        bounds = settings.bounds
        self.files = files
    }

    /// Keeps those whose text was read.
    mutating func keep(_ faults: [DatasetFault], in load: inout some RecordLoad, _ outcome: inout ImportOutcome) throws
    {
        var rows: [QuarantinedRow] = []
        for fault in faults {
            guard let row = fault.fault.row else { continue }
            rows.append(
                QuarantinedRow(
                    upload: upload(for: fault.file), format: format(of: fault.file), line: fault.fault.line,
                    text: row.text, isCut: row.isCut, detail: fault.fault.detail, userID: row.userID, time: time))
        }
        guard !rows.isEmpty else { return }
        outcome.quarantined += try load.quarantine(rows, within: bounds).kept
        outcome.uploads = uploads.map(\.name)
    }

    /// `import-…` for the first file, `import-…-2` for the second.
    private mutating func upload(for file: String) -> String {
        if let known = uploads.last(where: { $0.file == file }) { return known.name }
        let next = uploads.isEmpty ? name : "\(name)-\(uploads.count + 1)"
        uploads.append((file, next))
        return next
    }

    private func format(of file: String) -> QuarantinedRow.Format {
        switch files.layout {
        case .ndjson, .gorse, .recombee: .ndjson
        case .csv: files.interactions.contains(file) ? .csv : .ndjson
        case .movieLens100K, .movieLens1M, .movieLensCSV, .recBole: .text
        }
    }
}
