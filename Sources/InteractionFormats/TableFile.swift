import JSON

/// A delimited text file of a dataset, whose rows are handed on as ranges of their bytes.
struct TableFile {
    let path: String
    let separator: DelimitedFields.Separator
    var allowsQuotes = false
    var rowLimit = 1_048_576
    /// As ``LineFile/keptLength``.
    var keptLength = 0

    /// Reads the file; `row` is called with the bytes, the ranges of the fields in them, and the line.
    ///
    /// A `FieldText.Fault` that `row` throws, and rows that cannot be cut into fields, are reported as faults of their
    /// line; any other error ends the reading.
    func read(
        progress: (Int64) -> Void,
        faults report: (RowFault) throws -> Void,
        row: (Span<UInt8>, [Range<Int>], Int) throws -> Void
    ) throws {
        var fields = DelimitedFields(separator: separator, allowsQuotes: allowsQuotes)
        try LineFile(path: path, limit: rowLimit, keptLength: keptLength).read(progress: progress, faults: report) {
            line, number in
            do throws(DelimitedFields.Failure) {
                try fields.split(line)
            } catch {
                throw FieldText.Fault(detail: error.detail)
            }
            if fields.unquoted.isEmpty {
                try row(line, fields.ranges, number)
            } else {
                let unquoted = fields.unquoted
                try row(unquoted.span, fields.ranges, number)
            }
        }
    }
}

/// A text file of a dataset, read line by line.
struct LineFile {
    let path: String
    let limit: Int
    /// Octets of a row with a fault that go with the fault; 0 for none of it.
    var keptLength = 0

    /// Reads the file; `body` is called with every line that is not empty, and its number.
    ///
    /// A `FieldText.Fault` that `body` throws is reported as a fault of its line; any other error ends the reading.
    func read(
        progress: (Int64) -> Void,
        faults report: (RowFault) throws -> Void,
        _ body: (Span<UInt8>, Int) throws -> Void
    ) throws {
        var lines = LineSplitter(limit: limit, beginningLength: keptLength)
        try ByteSource(path: path).read(progress: progress) { chunk in
            var position = 0
            while true {
                let found = lines.next(in: chunk, from: &position)
                if found == .nothing { return }
                try hand(found, of: lines, in: chunk, faults: report, body)
            }
        }
        let found = lines.finish()
        let nothing: [UInt8] = []
        try hand(found, of: lines, in: nothing.span, faults: report, body)
    }

    /// Reads a file of one JSON value on each line, each made a record by `decode` or reported with its faults.
    func readJSON<Record>(
        progress: (Int64) -> Void, faults report: (RowFault) throws -> Void,
        _ decode: (JSONValue, inout JSONFaults) -> Record?, _ receive: (Record) throws -> Void
    ) throws {
        let parser = JSONParser()
        try read(progress: progress, faults: report) { row, _ in
            if JSONRow.isBlank(row) { return }
            try receive(JSONRow.decode(row, with: parser, decode))
        }
    }

    private func hand(
        _ found: LineSplitter.Found, of lines: LineSplitter, in chunk: Span<UInt8>,
        faults report: (RowFault) throws -> Void, _ body: (Span<UInt8>, Int) throws -> Void
    ) throws {
        switch found {
        case .line(let range):
            let line = chunk.extracting(range)
            try hand(line.extracting(lines.content(of: line)), lines.lineNumber, faults: report, body)
        case .carriedLine:
            let line = lines.carried.span
            try hand(line.extracting(lines.content(of: line)), lines.lineNumber, faults: report, body)
        case .overlongLine:
            let row = keptLength > 0 ? RefusedRow(beginning: lines.beginning, limit: keptLength) : nil
            let detail = FieldText.Fault.overlong(limit: limit).detail
            try report(RowFault(line: lines.lineNumber, detail: detail, row: row))
        case .nothing: break
        }
    }

    private func hand(
        _ row: Span<UInt8>, _ number: Int, faults report: (RowFault) throws -> Void,
        _ body: (Span<UInt8>, Int) throws -> Void
    ) throws {
        do {
            try body(row, number)
        } catch let fault as FieldText.Fault {
            let kept = keptLength > 0 ? RefusedRow(row, limit: keptLength) : nil
            try report(RowFault(line: number, detail: fault.detail, row: kept))
        }
    }
}
