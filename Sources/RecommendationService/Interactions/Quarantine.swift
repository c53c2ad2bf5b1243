import InteractionFormats
import InteractionStorage
import JSON

/// Keeps the rows that uploads with `partial` could not store, within bounds, until their senders fetch them.
struct Quarantine: Sendable {
    let store: any InteractionStore
    let settings: ServiceConfiguration.Quarantine
    let metrics: ServiceMetrics
    let clock: WallClock

    /// Whether anything is kept at all.
    var isOpen: Bool { settings.rows > 0 }

    /// What interactions are held to, with faulty rows handed on as far as they are kept.
    func limits(_ limits: InteractionLimits) -> InteractionLimits {
        var limits = limits
        limits.refusedTextLength = isOpen ? settings.textBytes : 0
        return limits
    }

    /// Keeps rows in one transaction; blocks on I/O.
    func keep(_ rows: [QuarantinedRow], begunAfter begun: Int64) throws(StoreError) -> QuarantineReceipt {
        let receipt = try store.quarantine(rows, begunAfter: begun, within: settings.bounds)
        metrics.quarantined(receipt)
        return receipt
    }
}

/// The rows of one upload on their way into quarantine: gathered, and kept some thousand at a time.
struct QuarantineIntake {
    /// Rows per transaction.
    private static let batchSize = 1_000

    private let quarantine: Quarantine
    private let format: QuarantinedRow.Format
    private let begun: Int64
    /// The name under which the upload's rows are found.
    let upload: String
    private var rows: [QuarantinedRow] = []
    /// Octets, about, of the rows that were gathered and are not kept yet.
    private(set) var heldLength = 0
    /// How many of the upload's rows are in quarantine.
    private(set) var kept = 0

    /// - Parameters:
    ///   - name: The upload's own name, which a retry has again; nil for a new one.
    ///   - begun: The last erasure (``ErasureLedger``) when the upload began.
    init(_ quarantine: Quarantine, format: QuarantinedRow.Format, name: String?, begunAfter begun: Int64) {
        self.quarantine = quarantine
        self.format = format
        self.begun = begun
        upload = name ?? QuarantinedRow.newUploadName("upload")
    }

    /// Takes a row that was refused.
    mutating func add(_ fault: RowFault) {
        guard quarantine.isOpen, let row = fault.row else { return }
        rows.append(
            QuarantinedRow(
                upload: upload, format: format, line: fault.line, text: row.text, isCut: row.isCut,
                detail: String(fault.detail.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) }),
                userID: row.userID, time: quarantine.clock.milliseconds()))
        heldLength += MemoryLayout<QuarantinedRow>.stride + row.text.count + fault.detail.utf8.count
    }

    /// Keeps what was gathered, unless it is few and more may come.
    mutating func keep(isLast: Bool) throws(StoreError) {
        var begin = 0
        // Once, as all that follow are moved.
        defer { rows.removeFirst(begin) }
        while rows.count - begin >= Self.batchSize || isLast && begin < rows.count {
            let end = min(begin + Self.batchSize, rows.count)
            let receipt = try quarantine.keep(Array(rows[begin..<end]), begunAfter: begun)
            begin = end
            kept += receipt.kept + receipt.duplicates
        }
        if begin == rows.count { heldLength = 0 }
    }
}
