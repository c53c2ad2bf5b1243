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
    private(set) var items = 0
    /// Items that the files say are withdrawn.
    private(set) var withdrawn = 0
    var users = 0
    var faults = 0
    /// Rows in quarantine, and under which name.
    var quarantined = 0
    var upload = ""

    /// Counts an append.
    mutating func add(_ receipt: AppendReceipt) {
        interactions += receipt.stored
        duplicates += receipt.duplicates
        erased += receipt.erased
    }

    /// Counts what became of items.
    mutating func add(_ changes: [ItemChange]) {
        for change in changes {
            switch change {
            case .put: items += 1
            case .withdraw: withdrawn += 1
            }
        }
    }

    /// The load has ended, and left out so many of the records.
    mutating func settle(erasedUsers count: Int) {
        users -= count
        erasedUsers = count
    }

    var description: String {
        var sentence =
            "Stored \(interactions) interactions (\(duplicates) were there already), \(items) items, \(users) users"
        if withdrawn > 0 { sentence += "; \(withdrawn) items are withdrawn" }
        if faults > 0 { sentence += "; \(faults) rows were faulty" }
        if quarantined > 0 { sentence += ", \(quarantined) of them are in quarantine as \(upload)" }
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
    private let format: QuarantinedRow.Format
    private let files: [String]
    private let upload: String
    private let time = Int64(Date().timeIntervalSince1970 * 1000)

    /// For interactions in NDJSON and CSV: elsewhere it cannot be read beyond doubt whose a row is, and an erasure would not reach it.
    init(_ settings: ServiceConfiguration.Quarantine, _ files: DatasetFiles) {
        bounds = settings.bounds
        format = files.layout == .csv ? .csv : .ndjson
        self.files = [.csv, .ndjson].contains(files.layout) ? files.interactions : []
        upload = QuarantinedRow.newUploadName("import")
    }

    /// Keeps those whose text was read.
    func keep(_ faults: [DatasetFault], in load: inout some RecordLoad, _ outcome: inout ImportOutcome) throws {
        let rows = faults.compactMap { fault -> QuarantinedRow? in
            guard files.contains(fault.file), let row = fault.fault.row else { return nil }
            return QuarantinedRow(
                upload: upload, format: format, line: fault.fault.line, text: row.text, isCut: row.isCut,
                detail: fault.fault.detail, userID: row.userID, time: time)
        }
        guard !rows.isEmpty else { return }
        outcome.quarantined += try load.quarantine(rows, within: bounds).kept
        outcome.upload = upload
    }
}
