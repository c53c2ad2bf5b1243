import Foundation

/// A file being written, under a temporary name until it is whole.
struct OutputFile {
    private let path: String
    private let handle: FileHandle

    private var temporaryPath: String { path + ".partial" }

    /// Begins the file at `path`.
    init(_ path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path + ".partial", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + ".partial")
        else { throw Fatal(description: "The file \(path) cannot be written.") }
        self.handle = handle
    }

    /// Adds bytes at the end.
    func write(_ bytes: [UInt8]) throws {
        try handle.write(contentsOf: bytes)
    }

    /// Gives the whole file its name.
    func close() throws {
        try handle.synchronize()
        try handle.close()
        guard unsafe rename(temporaryPath, path) == 0 else {
            throw Fatal(description: "The file \(path) cannot be renamed into place.")
        }
    }
}
