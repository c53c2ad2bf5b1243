/// The durable record of interactions, users and items: the only truth, from which everything else can be rebuilt.
///
/// Every method is synchronous, may be called from any thread and may take as long as a disk does: callers run on a pool,
/// never on an event loop. A method that changes something returns after its commit and does all or nothing. Names are
/// told apart byte for byte; what is listed by name comes in the order of its UTF-8 bytes.
public protocol InteractionStore: Sendable {
    /// Appends interactions in one transaction, in their order.
    ///
    /// An interaction whose `interactionID` is held already, or stands earlier in the same call, is a duplicate and left
    /// out. So is one of a user who was erased, if it happened before that. A retry with an idempotency key that was used before stores nothing and returns the first call's receipt;
    /// with other interactions than the first call's it is no retry, and throws ``StoreError/keyReused``.
    func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt

    /// Carries out several appends in one transaction, each for itself: one that cannot be carried out
    /// (``StoreError/failed(operation:reason:)``) leaves nothing behind and does not touch the others.
    ///
    /// Throws when the transaction as a whole came to nothing.
    func append(
        group requests: [AppendRequest]
    ) throws(StoreError) -> [Result<AppendReceipt, StoreError>]

    /// Interactions that match every given name, in order of arrival, beginning after the row `cursor`.
    ///
    /// The `rowID` of the last one returned is the cursor of the next page: no page repeats or skips a row, whatever is
    /// appended meanwhile.
    func interactions(
        userID: String?, itemID: String?, kind: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [StoredInteraction]

    /// A user's latest interactions by arrival, newest first.
    func latestInteractions(userID: String, limit: Int) throws(StoreError) -> [StoredInteraction]

    /// Removes the interaction of that name, its `interactionID` or its row's (``InteractionName``), and returns it; nil when
    /// there is none. The user or the item of which it was the last is no longer named by the record, as in ``removeExpired(_:after:limit:)``.
    @discardableResult
    func deleteInteraction(id: String) throws(StoreError) -> StoredInteraction?

    /// Streams every interaction after the row `watermark` (0: all) in order of arrival, as of one moment.
    ///
    /// `begin` is called once, before the first row; `row` returns false to stop. Neither may call the store. Names of all
    /// users and items are loaded each time, unless no row was ever given out after that one, so for a handful of new rows ask ``interactions(userID:itemID:kind:after:limit:)``.
    /// Returns how many rows were handed over.
    @discardableResult
    func scan(
        after watermark: Int64, begin: (ScanSnapshot) -> Void, row: (ScannedInteraction) -> Bool
    ) throws(StoreError) -> Int

    /// Stores catalogue entries, replacing those of the same name, and withdraws others, in their order and in one transaction;
    /// returns how many were new.
    ///
    /// Who withdraws a name of which nothing is known keeps it out all the same: interactions or a model may name it.
    @discardableResult
    func changeItems(_ changes: [ItemChange]) throws(StoreError) -> Int

    /// The catalogue entry of that name.
    func item(_ id: String) throws(StoreError) -> Item?

    /// The catalogue entries of those names, in their order; nil where there is none.
    func lookUpItems(_ ids: [String]) throws(StoreError) -> [Item?]

    /// Catalogue entries by name, beginning after the name `id` (nil: from the first).
    func items(after id: String?, limit: Int) throws(StoreError) -> [Item]

    /// Catalogue entries in the order in which they came, beginning after the one that came as `arrival` (0: from the first).
    ///
    /// An entry that is changed or replaced keeps its place; one that was deleted and is stored again comes anew, as the last.
    func itemsByArrival(after arrival: Int64, limit: Int) throws(StoreError) -> [ArrivedItem]

    /// Changes a catalogue entry with no other change in between and returns it; nil, without calling `change`, when there
    /// is none. `change` may not call the store; the name stays as it is.
    @discardableResult
    func updateItem(_ id: String, _ change: (inout Item) -> Void) throws(StoreError) -> Item?

    /// Removes the catalogue entry, false when there is none. The item's interactions stay: they are what users did.
    @discardableResult
    func deleteItem(_ id: String) throws(StoreError) -> Bool

    /// Names whose catalogue entry was deleted, or that were withdrawn, and not stored again since, in their order and beginning after
    /// the name `id` (nil: from the first): interactions may still name them, and so may a model, but they are no longer to be recommended.
    func withdrawnItems(after id: String?, limit: Int) throws(StoreError) -> [String]

    /// Stores user records in one transaction, replacing those of the same name, but for users who were erased after `erasures`
    /// (nil: now).
    ///
    /// - Parameter erasures: How many erasures there had been when the request began that brings them.
    @discardableResult
    func putUsers(_ users: [User], begunAfter erasures: Int64?) throws(StoreError) -> UserReceipt

    /// The record of that user; nil also for a user who only has interactions.
    func user(_ id: String) throws(StoreError) -> User?

    /// User records by name, beginning after the name `id` (nil: from the first).
    func users(after id: String?, limit: Int) throws(StoreError) -> [User]

    /// Changes a user record with no other change in between and returns it; nil, without calling `change`, when there is
    /// none, or when the user was erased after `erasures` (nil: now) and the record is of whoever has come since. `change` may not
    /// call the store; the name stays as it is.
    ///
    /// - Parameter erasures: How many erasures there had been when the request began that wants the change.
    @discardableResult
    func updateUser(
        _ id: String, begunAfter erasures: Int64?, _ change: (inout User) -> Void
    ) throws(StoreError) -> User?

    /// Removes a user for good, in one transaction: every interaction, the record, every row in quarantine that may name the
    /// user (``QuarantinedRow/mayName(_:)``), and the name itself. A tombstone stays
    /// (``Tombstones``), also for a user of whom nothing was held: who knows what is on its way.
    ///
    /// Receipts of idempotency keys stay, so that a late retry cannot bring the interactions back. The erasure is pending until
    /// ``completeErasures(upTo:)``.
    ///
    /// - Parameters:
    ///   - milliseconds: When that is, since 1970.
    ///   - erasure: Its number is greater than this one too, which something else has from a store that is no longer there.
    @discardableResult
    func eraseUser(_ id: String, at milliseconds: Int64, beyond erasure: Int64) throws(StoreError) -> ErasureReceipt

    /// Keeps rows that were refused, in their order and in one transaction; then the oldest of all go until what is left is
    /// within `bounds`.
    ///
    /// A row whose line of its upload is kept already is left out, so that a retry repeats nothing. So is one of a user who
    /// was ever erased, whatever its time, and one whose user could not be read if anybody was erased after `erasures` (nil:
    /// now): nothing else tells whose it is.
    ///
    /// - Parameter erasures: How many erasures there had been when the upload began.
    @discardableResult
    func quarantine(
        _ rows: [QuarantinedRow], begunAfter erasures: Int64?, within bounds: QuarantineBounds
    ) throws(StoreError) -> QuarantineReceipt

    /// Rows in quarantine, of that upload and about that user where given, in their order and beginning after the row `cursor`.
    func quarantinedRows(
        upload: String?, userID: String?, after cursor: Int64?, limit: Int
    ) throws(StoreError) -> [QuarantinedRow]

    /// Removes the rows of that upload from quarantine (nil: all rows); returns how many.
    @discardableResult
    func clearQuarantine(upload: String?) throws(StoreError) -> Int

    /// How much is in quarantine; O(1).
    var quarantineCounts: QuarantineCounts { get throws(StoreError) }

    /// Everybody who was erased after so many erasures (0: all), those erased anew by their last time.
    func tombstones(after sequence: Int64) throws(StoreError) -> Tombstones

    /// Those whose erasure is pending: models may still know them.
    func pendingErasures() throws(StoreError) -> Tombstones

    /// No model knows any longer who was erased up to this erasure.
    func completeErasures(upTo sequence: Int64) throws(StoreError)

    /// Removes interactions that are too old by `rule`, the first after the row `cursor` and `limit` at most, in one transaction; looks
    /// at ``RetentionRule/rowsLookedAt`` rows at most. From 0 on, step by step until the step's cursor is nil, that is all of the
    /// record.
    ///
    /// Users of whom no interaction is left lose their names as well, as they do when they are erased, but without a tombstone, and so
    /// do items; their records stay, and so do receipts and the watermark. Keeps writers waiting for no longer than the removals
    /// take.
    func removeExpired(
        _ rule: RetentionRule, after cursor: Int64, limit: Int
    ) throws(StoreError) -> RetentionStep

    /// Copies all that is held, as of one moment and while others write, into a new file at `path`, with a description beside it
    /// (``StoreBackup``). What it returns has been verified: every page, every count.
    ///
    /// - Parameter milliseconds: When that is, since 1970.
    func backUp(to path: String, at milliseconds: Int64) throws(StoreError) -> StoreBackup

    /// How much is held; O(1).
    var counts: StoreCounts { get throws(StoreError) }

    /// The highest row ever given out; it never goes back, even when that row is deleted.
    var watermark: Int64 { get throws(StoreError) }

    /// Moves what was committed to where it will stay, and leaves nothing of what was removed on its way there; a commit is durable by
    /// itself. Waits for nobody.
    ///
    /// - Returns: False where somebody is reading what was removed since: it is still in a log, until a later call returns true.
    @discardableResult
    func flush() throws(StoreError) -> Bool

    /// Flushes and lets go of the files; any later call is ``StoreError/unavailable(_:)``. Closing twice is allowed.
    func close() throws(StoreError)
}

extension InteractionStore {
    /// A group of one.
    public func append(_ interactions: [Interaction], idempotencyKey: String?) throws(StoreError) -> AppendReceipt {
        try append(group: [AppendRequest(interactions: interactions, idempotencyKey: idempotencyKey)])[0].get()
    }

    /// Stores catalogue entries in one transaction, replacing those of the same name; returns how many were new.
    @discardableResult
    public func putItems(_ items: [Item]) throws(StoreError) -> Int { try changeItems(items.map(ItemChange.put)) }

    /// Stores user records of a request that begins now; returns how many were new.
    @discardableResult
    public func putUsers(_ users: [User]) throws(StoreError) -> Int {
        try putUsers(users, begunAfter: nil).created
    }

    /// Changes a user record for a request that begins now.
    @discardableResult
    public func updateUser(_ id: String, _ change: (inout User) -> Void) throws(StoreError) -> User? {
        try updateUser(id, begunAfter: nil, change)
    }

    /// ``eraseUser(_:at:beyond:)``, numbered on from the store's own erasures alone.
    @discardableResult
    public func eraseUser(_ id: String, at milliseconds: Int64) throws(StoreError) -> ErasureReceipt {
        try eraseUser(id, at: milliseconds, beyond: 0)
    }
}
