import Locking

/// The slow, obvious store: arrays and dictionaries behind one lock.
///
/// The oracle of every other store, and a stand-in where nothing need outlive the process. Queries walk over all rows.
public final class InMemoryInteractionStore: InteractionStore {
    struct Contents: Sendable {
        var isOpen = true
        var rows: [StoredInteraction] = []
        var lastRow: Int64 = 0
        var receipts: [(key: ExactName, fingerprint: Int64, receipt: AppendReceipt)] = []
        var users = Interned()
        var items = Interned()
        var kinds = Interned()
        var catalogue: [ExactName: Item] = [:]
        /// In the order of their arrival.
        var catalogueOrder: [(arrival: Int64, name: ExactName)] = []
        var lastArrival: Int64 = 0
        var withdrawn: Set<ExactName> = []
        var userRecords: [ExactName: User] = [:]
        var tombstones = Tombstones(keys: [Tombstones.makeKey()], last: 0)
        var completedErasures: Int64 = 0
        var quarantine: [QuarantinedRow] = []
        var lastQuarantined: Int64 = 0
        var droppedFromQuarantine = 0

        /// Users and items that no row names any longer are not named at all.
        mutating func forgetUnusedNames() {
            users.keep(Set(rows.map { ExactName($0.interaction.userID) }))
            items.keep(Set(rows.map { ExactName($0.interaction.itemID) }))
        }
    }

    /// Names in the order in which they were first seen, counted from 1; nil where one is gone.
    struct Interned: Sendable {
        var names: [ExactName?] = []

        mutating func intern(_ name: String) {
            if key(of: name) == nil { names.append(ExactName(name)) }
        }

        mutating func keep(_ used: Set<ExactName>) {
            names = names.map { name in name.flatMap { used.contains($0) ? $0 : nil } }
        }

        func key(of name: String) -> Int? {
            names.firstIndex(of: ExactName(name)).map { $0 + 1 }
        }

        var table: InternedNames {
            var table = InternedNames()
            for (index, name) in names.enumerated() {
                if let name { table.insert(name.text, for: index + 1) }
            }
            return table
        }
    }

    private let contents = Lock(Contents())
    private let receiptsKept: Int

    /// An empty store that remembers the latest `receiptsKept` receipts of idempotency keys.
    public init(receiptsKept: Int = 100_000) {
        self.receiptsKept = receiptsKept
    }

    /// Runs `body` while no one else reads or writes.
    func access<Value: Sendable>(_ body: (inout Contents) throws(StoreError) -> Value) throws(StoreError) -> Value {
        try contents.withLock { contents throws(StoreError) in
            guard contents.isOpen else { throw .unavailable("the store is closed") }
            return try body(&contents)
        }
    }

    // MARK: Appending

    /// Carries out several appends; see ``InteractionStore/append(group:)``.
    public func append(group requests: [AppendRequest]) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        try access { contents throws(StoreError) in
            requests.map { request in
                if let fault = request.fault { return .failure(.failed(operation: "append", reason: fault)) }
                return append(request, &contents)
            }
        }
    }

    private func append(_ request: AppendRequest, _ contents: inout Contents) -> Result<AppendReceipt, StoreError> {
        let key = request.idempotencyKey.map(ExactName.init)
        if let key, let earlier = contents.receipts.first(where: { $0.key == key }) {
            return earlier.fingerprint == request.fingerprint ? .success(earlier.receipt) : .failure(.keyReused)
        }
        var receipt = AppendReceipt(stored: 0, duplicates: 0, watermark: 0)
        for (position, interaction) in request.interactions.enumerated() {
            if let stone = contents.tombstones.stone(of: interaction.userID),
                stone.bars(interaction, begunAfter: request.begunAfter)
            {
                receipt.erased += 1
                receipt.leftOutPositions.append(position)
                continue
            }
            if let id = interaction.interactionID, contents.rows.contains(where: { $0.hasID(id) }) {
                receipt.duplicates += 1
                receipt.leftOutPositions.append(position)
                continue
            }
            receipt.stored += 1
            contents.lastRow += 1
            contents.rows.append(StoredInteraction(rowID: contents.lastRow, interaction: interaction))
            contents.users.intern(interaction.userID)
            contents.items.intern(interaction.itemID)
            if let kind = interaction.kind { contents.kinds.intern(kind) }
        }
        receipt.watermark = contents.lastRow
        if let key {
            var kept = receipt
            kept.leftOutPositions = []
            contents.receipts.append((key, request.fingerprint, kept))
            if contents.receipts.count > receiptsKept { contents.receipts.removeFirst() }
        }
        return .success(receipt)
    }

    // MARK: The whole

    /// How much is held.
    public var counts: StoreCounts {
        get throws(StoreError) {
            try access { contents throws(StoreError) in
                StoreCounts(
                    interactions: contents.rows.count, users: contents.users.names.count { $0 != nil },
                    items: contents.items.names.count { $0 != nil }, userRecords: contents.userRecords.count,
                    catalogueItems: contents.catalogue.count)
            }
        }
    }

    /// The highest row ever given out.
    public var watermark: Int64 {
        get throws(StoreError) { try access { contents throws(StoreError) in contents.lastRow } }
    }

    /// Refused: there is no file.
    public func backUp(to path: String, at milliseconds: Int64) throws(StoreError) -> StoreBackup {
        throw .failed(operation: "backing up", reason: "a store in memory cannot be backed up")
    }

    /// Nothing to do: there is no file.
    @discardableResult
    public func flush() throws(StoreError) -> Bool {
        try access { _ throws(StoreError) in true }
    }

    /// Refuses every later call.
    public func close() throws(StoreError) {
        contents.withLock { $0.isOpen = false }
    }
}

extension StoredInteraction {
    /// Whether it has that `interactionID`, byte for byte.
    func hasID(_ id: String) -> Bool {
        interaction.interactionID.map(ExactName.init) == ExactName(id)
    }
}
