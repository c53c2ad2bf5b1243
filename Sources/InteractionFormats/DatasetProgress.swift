/// How far the reading of a file has come, in bytes as they lie on the disk.
public struct DatasetProgress: Sendable, Equatable {
    /// The file being read.
    public var file: String
    /// How much of all files of the operation has been read.
    public var bytesRead: Int64
    /// How much there is to read.
    public var bytesTotal: Int64
}

/// A row that was passed over, and in which file.
public struct DatasetFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path of the file.
    public var file: String
    /// The line, and what is wrong with it.
    public var fault: RowFault

    /// The whole sentence: `ml/u.data, line 17: rating "five" is not a number`.
    public var description: String { "\(file), \(fault)" }
}

/// What became of the rows.
public struct DatasetCounts: Sendable, Equatable {
    /// The rows that were handed on.
    public var rows = 0
    /// The rows that were passed over.
    public var faults = 0

    /// Nothing yet.
    public init() {}
}
