import Dispatch
import InteractionStorage
import Locking

/// A store whose appends wait for the test at a gate, and which notes the size of each group.
final class GatedStore: InteractionStore {
    private struct State: Sendable {
        var isOpen: Bool
        var groups: [Int] = []
        var failure: StoreError?
    }

    private let base: any InteractionStore
    private let state: Lock<State>
    private let entered = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)

    init(over base: any InteractionStore = InMemoryInteractionStore(), isOpen: Bool = false) {
        self.base = base
        state = Lock(State(isOpen: isOpen))
    }

    /// How many requests each transaction held.
    var groups: [Int] { state.withLock { $0.groups } }

    func waitUntilEntered() { entered.wait() }
    func letOneThrough() { gate.signal() }
    func failNext(with error: StoreError) { state.withLock { $0.failure = error } }

    func openForGood() {
        state.withLock { $0.isOpen = true }
        gate.signal()
    }

    func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        let (isOpen, failure) = state.withLock { state in
            defer { state.failure = nil }
            state.groups.append(requests.count)
            return (state.isOpen, state.failure)
        }
        entered.signal()
        if !isOpen { gate.wait() }
        if let failure { throw failure }
        return try base.append(group: requests)
    }

    func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt {
        try base.append(interactions, idempotencyKey: idempotencyKey)
    }
    func interactions(
        userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [StoredInteraction] {
        try base.interactions(userID: userID, itemID: itemID, kind: kind, after: cursor, limit: limit)
    }
    func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction] {
        try base.latestInteractions(userID: userID, limit: limit)
    }
    func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction? { try base.deleteInteraction(id: id) }
    func scan(
        after watermark: Int64, begin: (ScanSnapshot) -> Void, row: (ScannedInteraction) -> Bool
    ) throws(StoreError) -> Int {
        try base.scan(after: watermark, begin: begin, row: row)
    }
    func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int { try base.changeItems(changes) }
    func item(_ id: String) throws(StoreError) -> Item? { try base.item(id) }
    func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?] { try base.lookUpItems(ids) }
    func items(after id: String?, limit: Int) throws(StoreError) -> [Item] { try base.items(after: id, limit: limit) }
    func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem] {
        try base.itemsByArrival(after: arrival, limit: limit)
    }
    func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item? {
        try base.updateItem(id, change)
    }
    func deleteItem(_ id: String) throws(StoreError) -> Bool { try base.deleteItem(id) }
    func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String] {
        try base.withdrawnItems(after: id, limit: limit)
    }
    func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt {
        try base.putUsers(users, begunAfter: erasures)
    }
    func user(_ id: String) throws(StoreError) -> User? { try base.user(id) }
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
        try base.removeExpired(rule, after: cursor, limit: limit)
    }
    func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
    ) throws(StoreError) -> QuarantineReceipt {
        try base.quarantine(rows, begunAfter: erasures, within: bounds)
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
    var watermark: Int64 { get throws(StoreError) { try base.watermark } }
    func flush() throws(StoreError) -> Bool { try base.flush() }
    func close() throws(StoreError) { try base.close() }
}
