import InteractionFormats
import InteractionStorage
import JSON

/// What becomes of the rows with faults of an import: the first are shown, all are counted and, if asked for, written to a file.
struct ImportFaults: ~Copyable {
    private static let shown = 10

    /// How many there were.
    private(set) var count = 0
    private var file: OutputFile?
    private var writer = JSONWriter()

    /// - Parameters:
    ///   - path: The file that gets them all, one JSON object on a line; nil for none.
    ///   - others: What it must not be, and why.
    /// - Throws: ``Fatal`` where it is one of these, or cannot be written.
    init(writingTo path: String?, sparing others: [(path: String, reason: String)]) throws {
        if let path, let file = FileIdentity(at: path) {
            for other in others where FileIdentity(at: other.path) == file {
                throw Fatal(description: "\(path) \(other.reason): the faults need a file of their own.")
            }
        }
        file = try path.map { path throws(Fatal) in try OutputFile(path) }
    }

    /// Counts and tells a fault.
    mutating func add(_ fault: DatasetFault) throws {
        count += 1
        if count <= Self.shown { print(fault) }
        guard file != nil else { return }
        writer.object { object in
            object.member("file", fault.file)
            object.member("line", fault.fault.line)
            object.member("detail", fault.fault.detail)
            if let row = fault.fault.row {
                object.member("text", String(decoding: row.text, as: UTF8.self))
                object.member("cut", row.isCut)
            }
        }
        writer.newline()
        if writer.bytes.count > 1 << 18 { try flush() }
    }

    /// Tells what was not shown, and gives the file its name.
    mutating func end() throws {
        if count > Self.shown { print("… and \(count - Self.shown) more.") }
        try flush()
        try file?.close()
        file = nil
    }

    private mutating func flush() throws {
        try file?.write(writer.bytes)
        writer.removeAll()
    }
}
