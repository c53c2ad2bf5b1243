import InteractionFormats
import InteractionStorage
import JSON

/// The bad rows of one upload: the first to be told, all counted, and on their way into quarantine where they are kept.
struct UploadRefusals {
    /// The first of them.
    private(set) var faults: [RowFault] = []
    private(set) var count = 0
    /// Nil where they are not kept.
    private var intake: QuarantineIntake?
    private var hash = StableHash()

    /// - Parameter intake: Where they are kept; nil for nowhere.
    init(keepingIn intake: QuarantineIntake?) {
        self.intake = intake
    }

    /// Stands for all of them, in their order; nil where there are none.
    var fingerprint: UInt64? { count > 0 ? hash.value : nil }

    /// Where they are kept, and how many are by now.
    var quarantined: InteractionReport.Quarantined? { intake.map { .init(upload: $0.upload, rows: $0.kept) } }

    /// Octets, about, that are held of them.
    var heldLength: Int { intake?.heldLength ?? 0 }

    /// Takes the next.
    mutating func note(_ fault: RowFault) {
        count += 1
        if faults.count < JSONFaults.defaultLimit { faults.append(fault) }
        hash.combine(UInt64(fault.line))
        hash.combine(fault.detail)
        if let row = fault.row { hash.combine(row.text) }
        intake?.add(fault)
    }

    /// Keeps those that were gathered, unless they are few and more may come; blocks on I/O.
    mutating func keep(isLast: Bool) throws(StoreError) { try intake?.keep(isLast: isLast) }
}
