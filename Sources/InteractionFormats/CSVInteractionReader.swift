public import InteractionStorage

/// Reads interactions from comma-separated values with a header (RFC 4180, but that no field holds a line break).
///
/// The header names the columns, in any order: `user_id` and `item_id`, and any of `kind`, `rating`, `weight`,
/// `timestamp` and `interaction_id`. An empty field of an optional column means that there is none.
public struct CSVInteractionReader: InteractionReader {
    private var lines: LineSplitter
    private var rows: Rows

    /// Begins at the header.
    public init(limits: InteractionLimits = InteractionLimits()) {
        lines = LineSplitter(limit: limits.rowLength, beginningLength: limits.refusedTextLength)
        rows = Rows(limits: limits)
    }

    /// How many lines have been read, the one being worked on included.
    public var lineNumber: Int { lines.lineNumber }

    /// Whether the header is unreadable, and with it everything.
    public var isRefused: Bool { rows.isRefused }

    /// Reads the next bytes; see ``InteractionReader/consume(_:into:faults:)-(Span<UInt8>,_,_)``.
    public mutating func consume<Failure: Error>(
        _ chunk: Span<UInt8>,
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        var position = 0
        while true {
            let found = lines.next(in: chunk, from: &position)
            if found == .nothing { return }
            try read(found, in: chunk, into: receive, faults: report)
        }
    }

    /// Reads what is left; see ``InteractionReader/finish(into:faults:)``.
    public mutating func finish<Failure: Error>(
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        let found = lines.finish()
        let nothing: [UInt8] = []
        if found != .nothing { try read(found, in: nothing.span, into: receive, faults: report) }
        if let detail = rows.end() { try report(RowFault(line: lines.lineNumber + 1, detail: detail)) }
    }

    private mutating func read<Failure: Error>(
        _ found: LineSplitter.Found, in chunk: Span<UInt8>,
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        let carried = lines.carried
        let outcome: Rows.Outcome =
            switch found {
            case .line(let range): rows.read(chunk.extracting(range), in: lines)
            case .carriedLine: rows.read(carried.span, in: lines)
            case .overlongLine: rows.refuseOverlong(lines.beginning)
            case .nothing: .passed
            }
        switch outcome {
        case .interaction(let interaction): try receive(interaction)
        case .fault(let detail, let row): try report(RowFault(line: lines.lineNumber, detail: detail, row: row))
        case .passed: break
        }
    }
}

extension CSVInteractionReader {
    /// What the lines mean: first the header, then rows.
    fileprivate struct Rows: Sendable {
        enum Outcome {
            case interaction(Interaction)
            case fault(String, RefusedRow?)
            case passed
        }

        let limits: InteractionLimits
        private(set) var isRefused = false
        private var fields = DelimitedFields(separator: .byte(UInt8(ascii: ",")), allowsQuotes: true)
        private var decoder: DelimitedInteractionDecoder?

        init(limits: InteractionLimits) {
            self.limits = limits
        }

        /// The fault of an input that ended before its header.
        mutating func end() -> String? {
            guard decoder == nil, !isRefused else { return nil }
            isRefused = true
            return "there is no header: \(InteractionCSVHeader.expectation)"
        }

        mutating func read(_ line: Span<UInt8>, in lines: LineSplitter) -> Outcome {
            if isRefused { return .passed }
            let row = line.extracting(lines.content(of: line))
            do throws(DelimitedFields.Failure) {
                try fields.split(row)
            } catch {
                return refuse(error.detail, refused(row, userID: nil))
            }
            if fields.unquoted.isEmpty { return interpret(row, of: row) }
            let unquoted = fields.unquoted
            return interpret(unquoted.span, of: row)
        }

        mutating func refuseOverlong(_ beginning: [UInt8]) -> Outcome {
            if isRefused { return .passed }
            let isKept = limits.refusedTextLength > 0
            return refuse(
                FieldText.Fault.overlong(limit: limits.rowLength).detail,
                isKept ? RefusedRow(beginning: beginning, limit: limits.refusedTextLength) : nil)
        }

        /// - Parameters:
        ///   - bytes: What the fields are ranges of.
        ///   - row: The row as it was sent.
        private mutating func interpret(_ bytes: Span<UInt8>, of row: Span<UInt8>) -> Outcome {
            do throws(FieldText.Fault) {
                if let decoder { return .interaction(try decoder.decode(bytes, fields.ranges)) }
                let columns = try InteractionCSVHeader.columns(bytes, fields.ranges)
                decoder = DelimitedInteractionDecoder(columns: columns, limits: limits)
                return .passed
            } catch {
                return refuse(error.detail, refused(row, userID: decoder?.userID(bytes, fields.ranges)))
            }
        }

        private func refused(_ row: Span<UInt8>, userID: @autoclosure () -> String?) -> RefusedRow? {
            guard limits.refusedTextLength > 0, decoder != nil else { return nil }
            return RefusedRow(row, limit: limits.refusedTextLength, userID: userID())
        }

        /// A fault in the header makes every row unreadable.
        private mutating func refuse(_ detail: String, _ row: RefusedRow?) -> Outcome {
            if decoder == nil { isRefused = true }
            return .fault(detail, row)
        }
    }
}
