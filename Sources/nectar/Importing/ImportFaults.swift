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
    ///   - read: The files of the import, none of which it may be.
    ///   - data: The data folder, in which it may not be, and whose store it may not be.
    /// - Throws: ``Fatal`` where it is one of these, or cannot be written.
    init(writingTo path: String?, reading read: [String], data: String) throws {
        if let path {
            let place = OutputFile.followed(path)
            func refuse(_ reason: String) -> Fatal {
                Fatal(description: "\(path) \(reason): the faults need a file of their own.")
            }
            if let file = FileIdentity(at: place) {
                if read.contains(where: { FileIdentity(at: $0) == file }) { throw refuse("is what is read") }
                if FileIdentity(at: "\(data)/nectar.sqlite") == file { throw refuse("is the store") }
            }
            if let folder = FileIdentity(at: StorePlace.folder(of: place)), folder == FileIdentity(at: data) {
                throw refuse("is in the data folder")
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
