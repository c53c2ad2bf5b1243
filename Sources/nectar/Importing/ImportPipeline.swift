import Dispatch
import InteractionFormats
import InteractionStorage
import Locking

/// Reads a dataset on a thread of its own and hands it over in pieces, so that reading and storing take turns on no core.
///
/// At most ``capacity`` pieces wait: memory is bounded, whatever the files hold.
final class ImportPipeline: Sendable {
    /// A part of a dataset, in its order.
    struct Piece: Sendable {
        var items: [ItemChange] = []
        var users: [User] = []
        var interactions: [Interaction] = []
        var faults: [DatasetFault] = []
        /// How far the reading of interactions has come; nil while items and users are read.
        var progress: DatasetProgress?

        fileprivate var isFull: Bool {
            interactions.count >= 8_192 || faults.count >= 1_000 || items.count >= 500 || users.count >= 5_000
        }
    }

    private struct State: Sendable {
        var pieces: [Piece] = []
        var end: Result<Void, any Error>?
        var isAbandoned = false
    }

    private struct Abandoned: Error {}

    private static let capacity = 4

    private let reader: DatasetReader
    private let state = Lock(State())
    /// Counts up from 0: one that is let go of below its first value ends the process, and pieces may be left.
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    /// A pipeline that has not begun to read.
    init(_ reader: DatasetReader) {
        self.reader = reader
        for _ in 0..<Self.capacity { room.signal() }
    }

    /// Reads everything, and calls `take` with every piece on this thread.
    ///
    /// - Throws: What `take` throws, which ends the reading; or why a file could not be read.
    func run(_ take: (Piece) throws -> Void) throws {
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            let end = Result { try read() }
            state.withLock { $0.end = end }
            filled.signal()
        }
        // Whoever leaves early lets the reader go, which may be waiting for room.
        defer {
            state.withLock { $0.isAbandoned = true }
            room.signal()
        }
        while let piece = try next() { try take(piece) }
    }

    private func next() throws -> Piece? {
        filled.wait()
        let (piece, end) = state.withLock { state in
            (state.pieces.isEmpty ? nil : state.pieces.removeFirst(), state.end)
        }
        guard let piece else {
            try end?.get()
            return nil
        }
        room.signal()
        return piece
    }

    // MARK: On the reading thread

    private func read() throws {
        var piece = Piece()
        func take(_ change: ItemChange) throws {
            piece.items.append(change)
            try handOver(&piece, ifFull: true)
        }
        try reader.readItems(
            faults: { try add($0, to: &piece) }, withdrawn: { try take(.withdraw($0)) }, { try take(.put($0)) })
        try reader.readUsers(faults: { try add($0, to: &piece) }) { user in
            piece.users.append(user)
            try handOver(&piece, ifFull: true)
        }
        try handOver(&piece, ifFull: false)
        var progress: DatasetProgress?
        try reader.readInteractions(progress: { progress = $0 }, faults: { try add($0, to: &piece) }) { interaction in
            piece.interactions.append(interaction)
            guard piece.isFull else { return }
            piece.progress = progress
            try handOver(&piece, ifFull: true)
        }
        piece.progress = progress
        try handOver(&piece, ifFull: false)
    }

    private func add(_ fault: DatasetFault, to piece: inout Piece) throws {
        piece.faults.append(fault)
        try handOver(&piece, ifFull: true)
    }

    private func handOver(_ piece: inout Piece, ifFull: Bool) throws {
        guard piece.isFull || !ifFull else { return }
        room.wait()
        let whole = piece
        piece = Piece()
        let isAbandoned = state.withLock { state in
            if !state.isAbandoned { state.pieces.append(whole) }
            return state.isAbandoned
        }
        guard !isAbandoned else { throw Abandoned() }
        filled.signal()
    }
}
