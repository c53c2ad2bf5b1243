public import InteractionStorage
import JSON

/// Reads interactions from newline-delimited JSON: one object on each line, under ``InteractionDecoder``'s rules.
public struct NDJSONInteractionReader: InteractionReader {
    private let limits: InteractionLimits
    private var lines: LineSplitter

    /// Begins at the first line.
    public init(limits: InteractionLimits = InteractionLimits()) {
        self.limits = limits
        lines = LineSplitter(limit: limits.rowLength, beginningLength: limits.refusedTextLength)
    }

    /// How many lines have been read, the one being worked on included.
    public var lineNumber: Int { lines.lineNumber }

    /// Never: every line stands for itself.
    public var isRefused: Bool { false }

    /// Reads the next bytes; see ``InteractionReader/consume(_:into:faults:)-(Span<UInt8>,_,_)``.
    public mutating func consume<Failure: Error>(
        _ chunk: Span<UInt8>,
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        // The parsers are not Sendable, and the reader has to be: they live as long as one chunk.
        let fast = FlatInteractionDecoder(limits: limits)
        let parser = JSONParser()
        var position = 0
        while true {
            let found = lines.next(in: chunk, from: &position)
            if case .line(let range) = found {
                let line = chunk.extracting(range)
                if let interaction = fast.decode(line.extracting(lines.content(of: line))) {
                    try receive(interaction)
                    continue
                }
            }
            if found == .nothing { return }
            try read(found, in: chunk, with: parser, into: receive, faults: report)
        }
    }

    /// Reads what is left; see ``InteractionReader/finish(into:faults:)``.
    public mutating func finish<Failure: Error>(
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        let found = lines.finish()
        let nothing: [UInt8] = []
        if found == .nothing { return }
        try read(found, in: nothing.span, with: JSONParser(), into: receive, faults: report)
    }

    private func read<Failure: Error>(
        _ found: LineSplitter.Found, in chunk: Span<UInt8>, with parser: JSONParser,
        into receive: (Interaction) throws(Failure) -> Void,
        faults report: (RowFault) throws(Failure) -> Void
    ) throws(Failure) {
        let outcome: Result<Interaction, RowFault>?
        switch found {
        case .line(let range): outcome = interpret(chunk.extracting(range), with: parser)
        case .carriedLine: outcome = interpret(lines.carried.span, with: parser)
        case .overlongLine: outcome = .failure(overlong())
        case .nothing: outcome = nil
        }
        switch outcome {
        case .success(let interaction): try receive(interaction)
        case .failure(let fault): try report(fault)
        case nil: break
        }
    }

    private func interpret(_ line: Span<UInt8>, with parser: JSONParser) -> Result<Interaction, RowFault>? {
        let row = line.extracting(lines.content(of: line))
        if JSONRow.isBlank(row) { return nil }
        do throws(FieldText.Fault) {
            let interaction = try JSONRow.decode(row, with: parser) { value, faults in
                InteractionDecoder.decode(value, limits: limits, faults: &faults)
            }
            return .success(interaction)
        } catch {
            return .failure(fault(error, of: row, with: parser))
        }
    }

    private func fault(_ fault: FieldText.Fault, of row: Span<UInt8>, with parser: JSONParser) -> RowFault {
        guard limits.refusedTextLength > 0 else { return RowFault(line: lines.lineNumber, detail: fault.detail) }
        let userID = JSONRow.userID(in: row, with: parser)
        return RowFault(
            line: lines.lineNumber, detail: fault.detail,
            row: RefusedRow(row, limit: limits.refusedTextLength, userID: userID))
    }

    private func overlong() -> RowFault {
        let detail = FieldText.Fault.overlong(limit: limits.rowLength).detail
        guard limits.refusedTextLength > 0 else { return RowFault(line: lines.lineNumber, detail: detail) }
        return RowFault(
            line: lines.lineNumber, detail: detail,
            row: RefusedRow(beginning: lines.beginning, limit: limits.refusedTextLength))
    }
}
