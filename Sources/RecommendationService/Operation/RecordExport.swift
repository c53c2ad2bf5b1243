import HTTPServer
import InteractionFormats
public import InteractionStorage
import Locking

/// Everything of one sort that a store holds, written a page at a time: memory does not grow with what is held.
///
/// Interactions come in their order as of one moment: what is stored later is left out. Items come in the order in which they came
/// into the catalogue, which is that of `/latest`, and behind them the names of those that are withdrawn; users come by name. Rows
/// that are deleted meanwhile may be missing.
public struct RecordExport: Sendable {
    /// What is written.
    public enum What: String, Sendable, CaseIterable {
        case interactions, items, users
    }

    /// How it is written.
    public enum Format: String, Sendable, CaseIterable {
        case ndjson, csv
    }

    /// Interactions read at a time, and then written in one piece.
    private static let interactionPage = 2_000
    /// Records read at a time; each may have thousands of numbers.
    private static let recordPage = 50
    /// Names read at a time.
    private static let withdrawnPage = 2_000

    private let what: What
    private let store: any InteractionStore
    private let end: Int64
    private var csv: CSVInteractionWriter?
    private var ndjson = NDJSONWriter()
    /// The last interaction's row, or the last item's arrival.
    private var last: Int64 = 0
    /// The last user, or the last item that is withdrawn.
    private var lastID: String?
    /// How many records have been written.
    public private(set) var count = 0
    /// How many items have been written as withdrawn.
    public private(set) var withdrawn = 0

    /// Begins at the first record.
    ///
    /// - Parameter format: CSV holds interactions only.
    public init(of what: What, as format: Format, from store: any InteractionStore) throws(StoreError) {
        precondition(what == .interactions || format == .ndjson, "only interactions are written as CSV")
        self.what = what
        self.store = store
        end = try store.watermark
        csv = format == .csv ? CSVInteractionWriter() : nil
    }

    /// The next piece; nil after the last.
    public mutating func next() throws(StoreError) -> [UInt8]? {
        let written = count + withdrawn
        switch what {
        case .interactions: try writeInteractions()
        case .items:
            // One that is withdrawn meanwhile is there twice; what is read last holds.
            if try !writeItems() { try writeWithdrawn() }
        case .users: try writeUsers()
        }
        // Without any interaction there is still the header of a CSV file.
        let bytes = csv?.takeBytes() ?? ndjson.takeBytes()
        return count + withdrawn == written && bytes.isEmpty ? nil : bytes
    }

    private mutating func writeInteractions() throws(StoreError) {
        let page = try store.interactions(
            userID: nil, itemID: nil, kind: nil, after: last, limit: Self.interactionPage)
        for stored in page where stored.rowID <= end {
            if csv == nil { ndjson.write(stored.interaction) } else { csv?.write(stored.interaction) }
            last = stored.rowID
            count += 1
        }
    }

    /// Writes a page; false where there is none any more.
    private mutating func writeItems() throws(StoreError) -> Bool {
        let page = try store.itemsByArrival(after: last, limit: Self.recordPage)
        for arrived in page { ndjson.write(arrived.item) }
        last = page.last?.arrival ?? last
        count += page.count
        return !page.isEmpty
    }

    private mutating func writeWithdrawn() throws(StoreError) {
        let page = try store.withdrawnItems(after: lastID, limit: Self.withdrawnPage)
        for id in page { ndjson.write(withdrawn: id) }
        lastID = page.last ?? lastID
        withdrawn += page.count
    }

    private mutating func writeUsers() throws(StoreError) {
        let page = try store.users(after: lastID, limit: Self.recordPage)
        for user in page { ndjson.write(user) }
        lastID = page.last?.id ?? lastID
        count += page.count
    }
}

extension RecordExport {
    /// What is left to be written, as the content of an answer; a store that fails cuts the connection.
    func stream() -> ResponseStream {
        let state = Lock(Sending(export: self))
        return ResponseStream { stream in
            state.withLock { sending in
                do throws(StoreError) {
                    guard let piece = try sending.nextPiece() else { return stream.finish() }
                    stream.write(piece)
                } catch {
                    stream.abort()
                }
            }
        }
    }

    /// Cuts what is written into pieces that a stream takes.
    private struct Sending: Sendable {
        private static let pieceLength = 1 << 18

        var export: RecordExport
        private var pending: [UInt8] = []
        private var position = 0

        init(export: RecordExport) {
            self.export = export
        }

        mutating func nextPiece() throws(StoreError) -> [UInt8]? {
            if position == pending.count {
                guard let next = try export.next() else { return nil }
                (pending, position) = (next, 0)
            }
            let end = min(position + Self.pieceLength, pending.count)
            defer { position = end }
            return Array(pending[position..<end])
        }
    }
}
