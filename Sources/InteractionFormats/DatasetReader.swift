public import InteractionStorage
import JSON

/// Reads a dataset from its files: interactions, items and users, streamed, in memory bounded by the longest row.
///
/// Blocking; for imports, never on an event loop. A row with a fault is reported and passed over. Errors that a closure
/// throws end the reading and come out unchanged; a file that cannot be read is a ``FormatError``.
public struct DatasetReader: Sendable {
    /// What is read.
    public let files: DatasetFiles
    /// The limits that interactions are held to.
    public let limits: InteractionLimits
    /// The items that are there already where these are to go.
    public var known = KnownItems()

    /// Reads the dataset at `path`, whose layout is detected.
    public init(path: String, limits: InteractionLimits = InteractionLimits()) throws(FormatError) {
        self.init(files: try DatasetFiles.find(at: path), limits: limits)
    }

    /// Reads the file at `path` as `layout`, without looking into it.
    public init(layout: DatasetLayout, path: String, limits: InteractionLimits = InteractionLimits()) {
        self.init(files: DatasetFiles(layout: layout, interactions: [path]), limits: limits)
    }

    /// Reads `files`.
    public init(files: DatasetFiles, limits: InteractionLimits = InteractionLimits()) {
        self.files = files
        self.limits = limits
    }

    /// Reads every interaction, in the order of the files.
    @discardableResult
    public func readInteractions(
        progress: (DatasetProgress) -> Void = { _ in },
        faults report: (DatasetFault) throws -> Void,
        _ receive: (Interaction) throws -> Void
    ) throws -> DatasetCounts {
        var run = Run(files: files.interactions)
        for path in files.interactions {
            try readInteractions(
                path, progress: { progress(run.progress($0)) }, faults: { try report(run.fault($0)) }
            ) { interaction in
                run.counts.rows += 1
                try receive(interaction)
            }
            run.endFile()
        }
        return run.counts
    }

    /// Reads every item; nothing where the dataset has no file of items.
    ///
    /// - Parameter withdrawn: Is called, in its turn, with the name of each item that the file says is withdrawn.
    @discardableResult
    public func readItems(
        progress: (DatasetProgress) -> Void = { _ in },
        faults report: (DatasetFault) throws -> Void,
        withdrawn: (String) throws -> Void = { _ in },
        _ receive: (Item) throws -> Void
    ) throws -> DatasetCounts {
        guard let path = files.items else { return DatasetCounts() }
        var run = Run(files: [path])
        try ItemFile(path: path, layout: files.layout, known: known, keptLength: limits.refusedTextLength).read(
            progress: { progress(run.progress($0)) }, faults: { try report(run.fault($0)) }
        ) { change in
            run.counts.rows += 1
            switch change {
            case .put(let item): try receive(item)
            case .withdraw(let id): try withdrawn(id)
            }
        }
        return run.counts
    }

    /// Reads every user; nothing where the dataset has no file of users.
    @discardableResult
    public func readUsers(
        progress: (DatasetProgress) -> Void = { _ in },
        faults report: (DatasetFault) throws -> Void,
        _ receive: (User) throws -> Void
    ) throws -> DatasetCounts {
        guard let path = files.users else { return DatasetCounts() }
        var run = Run(files: [path])
        try UserFile(path: path, layout: files.layout, keptLength: limits.refusedTextLength).read(
            progress: { progress(run.progress($0)) }, faults: { try report(run.fault($0)) }
        ) { user in
            run.counts.rows += 1
            try receive(user)
        }
        return run.counts
    }

    private func readInteractions(
        _ path: String, progress: (Int64) -> Void, faults report: (RowFault) throws -> Void,
        _ receive: (Interaction) throws -> Void
    ) throws {
        switch files.layout {
        case .csv:
            try push(path, CSVInteractionReader(limits: limits), progress: progress, faults: report, receive)
        case .ndjson:
            try push(path, NDJSONInteractionReader(limits: limits), progress: progress, faults: report, receive)
        case .gorse, .recombee:
            let rows = ForeignRows(
                layout: files.layout, limits: limits, kind: DatasetFiles.recombeeKind(ofFile: path))
            try LineFile(path: path, limit: limits.rowLength, keptLength: limits.refusedTextLength).readJSON(
                progress: progress, faults: report, rows.interaction, receive)
        default:
            let file = InteractionTable(path: path, layout: files.layout, limits: limits)
            try file.read(progress: progress, faults: report, receive)
        }
    }

    private func push(
        _ path: String, _ start: some InteractionReader, progress: (Int64) -> Void,
        faults report: (RowFault) throws -> Void, _ receive: (Interaction) throws -> Void
    ) throws {
        var reader = start
        try ByteSource(path: path).read(progress: progress) { chunk in
            try reader.consume(chunk, into: receive, faults: report)
        }
        try reader.finish(into: receive, faults: report)
    }
}

extension DatasetReader {
    /// Counts rows, faults and bytes over the files of one operation.
    private struct Run {
        private var remaining: ArraySlice<String>
        private let bytesTotal: Int64
        private var bytesBefore: Int64 = 0
        var counts = DatasetCounts()

        init(files: [String]) {
            remaining = files[...]
            bytesTotal = files.reduce(0) { $0 + (ByteSource.fileSize($1) ?? 0) }
        }

        private var file: String { remaining.first ?? "" }

        func progress(_ bytes: Int64) -> DatasetProgress {
            DatasetProgress(file: file, bytesRead: bytesBefore + bytes, bytesTotal: bytesTotal)
        }

        mutating func fault(_ fault: RowFault) -> DatasetFault {
            counts.faults += 1
            return DatasetFault(file: file, fault: fault)
        }

        mutating func endFile() {
            bytesBefore += ByteSource.fileSize(file) ?? 0
            remaining = remaining.dropFirst()
        }
    }
}
