import InteractionStorage
import Locking
import NCF
import TestSupport

/// A store on whose way the test stands: it can hold a scan at a gate, fail what is asked, and note what comes.
final class InterceptedStore: InteractionStore {
    struct State: Sendable {
        /// Scans stop here, once each.
        var scanGate: Gate?
        /// After which rows was scanned.
        var scans: [Int64] = []
        /// Called after each scan, with its rows handed over.
        var afterScan: @Sendable () -> Void = {}
        /// Groups of appends stop here, once each.
        var appendGate: Gate?
        /// What every write and every probe answers with.
        var failure: StoreError?
        /// So many groups of appends are let through before.
        var groupsBeforeFailure = 0
        /// How many more pages of interactions are read before they fail; nil: they do not.
        var pagesLeft: Int?
        /// Appends carried out, group by group.
        var groups: [Int] = []
    }

    let state = Lock(State())
    private let base: any InteractionStore

    init(over base: any InteractionStore = InMemoryInteractionStore()) {
        self.base = base
    }

    func holdScans(at gate: Gate?) { state.withLock { $0.scanGate = gate } }
    func afterScan(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.afterScan = work } }
    func holdAppends(at gate: Gate?) { state.withLock { $0.appendGate = gate } }
    func fail(with error: StoreError?, afterGroups groups: Int = 0) {
        state.withLock { ($0.failure, $0.groupsBeforeFailure) = (error, groups) }
    }
    func failInteractions(after pages: Int) { state.withLock { $0.pagesLeft = pages } }

    private func checked<Value>(_ work: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        if let failure = state.withLock({ $0.groupsBeforeFailure > 0 ? nil : $0.failure }) { throw failure }
        return try work()
    }

    func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        state.withLock { state in
            state.groups.append(requests.count)
            return state.appendGate
        }?.pass()
        defer { state.withLock { $0.groupsBeforeFailure = max(0, $0.groupsBeforeFailure - 1) } }
        return try checked { () throws(StoreError) in try base.append(group: requests) }
    }
    func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt {
        try checked { () throws(StoreError) in try base.append(interactions, idempotencyKey: idempotencyKey) }
    }
    func scan(
        after watermark: Int64, begin: (ScanSnapshot) -> Void, row: (ScannedInteraction) -> Bool
    ) throws(StoreError) -> Int {
        state.withLock { state in
            state.scans.append(watermark)
            return state.scanGate
        }?.pass()
        defer { state.withLock { $0.afterScan }() }
        return try checked { () throws(StoreError) in try base.scan(after: watermark, begin: begin, row: row) }
    }
    func interactions(
        userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [StoredInteraction] {
        let isLeft = state.withLock { state in
            state.pagesLeft = state.pagesLeft.map { $0 - 1 }
            return state.pagesLeft.map { $0 >= 0 } ?? true
        }
        guard isLeft else { throw .unavailable("no page is left") }
        return try checked { () throws(StoreError) in
            try base.interactions(userID: userID, itemID: itemID, kind: kind, after: cursor, limit: limit)
        }
    }
    func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction] {
        try base.latestInteractions(userID: userID, limit: limit)
    }
    func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction? {
        try checked { () throws(StoreError) in try base.deleteInteraction(id: id) }
    }
    func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int {
        try checked { () throws(StoreError) in try base.changeItems(changes) }
    }
    func item(_ id: String) throws(StoreError) -> Item? { try checked { () throws(StoreError) in try base.item(id) } }
    func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?] { try base.lookUpItems(ids) }
    func items(after id: String?, limit: Int) throws(StoreError) -> [Item] { try base.items(after: id, limit: limit) }
    func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem] {
        try base.itemsByArrival(after: arrival, limit: limit)
    }
    func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item? {
        try checked { () throws(StoreError) in try base.updateItem(id, change) }
    }
    func deleteItem(_ id: String) throws(StoreError) -> Bool {
        try checked { () throws(StoreError) in try base.deleteItem(id) }
    }
    func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String] {
        try base.withdrawnItems(after: id, limit: limit)
    }
    func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt {
        try base.putUsers(users, begunAfter: erasures)
    }
    func user(_ id: String) throws(StoreError) -> User? { try checked { () throws(StoreError) in try base.user(id) } }
    func users(after id: String?, limit: Int) throws(StoreError) -> [User] { try base.users(after: id, limit: limit) }
    func updateUser(
        _ id: String, begunAfter erasures: Int64?, _ change: (inout User) -> Void
    ) throws(StoreError) -> User? {
        try base.updateUser(id, begunAfter: erasures, change)
    }
    func eraseUser(
        _ id: String, at milliseconds: Int64, beyond erasure: Int64
    ) throws(StoreError) -> ErasureReceipt {
        try base.eraseUser(id, at: milliseconds, beyond: erasure)
    }
    func backUp(to path: String, at milliseconds: Int64) throws(StoreError) -> StoreBackup {
        try base.backUp(to: path, at: milliseconds)
    }
    func removeExpired(
        _ rule: RetentionRule, after cursor: Int64, limit: Int
    ) throws(StoreError) -> RetentionStep {
        try checked { () throws(StoreError) in try base.removeExpired(rule, after: cursor, limit: limit) }
    }
    func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
    ) throws(StoreError) -> QuarantineReceipt {
        try checked { () throws(StoreError) in
            try base.quarantine(rows, begunAfter: erasures, within: bounds)
        }
    }
    func quarantinedRows(
        upload: String?, userID: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [QuarantinedRow] {
        try base.quarantinedRows(upload: upload, userID: userID, after: cursor, limit: limit)
    }
    func clearQuarantine(upload: String?) throws(StoreError) -> Int { try base.clearQuarantine(upload: upload) }
    var quarantineCounts: QuarantineCounts { get throws(StoreError) { try base.quarantineCounts } }
    func tombstones(after sequence: Int64) throws(StoreError) -> Tombstones { try base.tombstones(after: sequence) }
    func pendingErasures() throws(StoreError) -> Tombstones { try base.pendingErasures() }
    func completeErasures(upTo sequence: Int64) throws(StoreError) { try base.completeErasures(upTo: sequence) }
    var counts: StoreCounts { get throws(StoreError) { try base.counts } }
    var watermark: Int64 {
        get throws(StoreError) { try checked { () throws(StoreError) in try base.watermark } }
    }
    func flush() throws(StoreError) -> Bool { try base.flush() }
    func close() throws(StoreError) { try base.close() }
}
