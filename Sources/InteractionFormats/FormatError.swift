/// Why a file or folder could not be read or recognised at all; faults of single rows are ``RowFault``s.
public enum FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A system call failed on the file.
    case unreadable(path: String, operation: String, reason: String)
    /// The file is said to be gzip, or begins like it, and is damaged or cut short.
    case damagedGzip(path: String, reason: String)
    /// Nothing known is there; the sentence says what was looked for.
    case unknownLayout(path: String, detail: String)

    /// The files of these names would each do, and only one can be meant.
    case ambiguous(folder: String, names: [String])

    /// The sentence for people.
    public var description: String {
        switch self {
        case .unreadable(let path, let operation, let reason): "\(path): \(operation) failed: \(reason)"
        case .damagedGzip(let path, let reason): "\(path): \(reason)"
        case .unknownLayout(let path, let detail): "\(path): \(detail)"
        case .ambiguous(let folder, let names):
            "\(folder.isEmpty ? "." : folder) holds \(names.joined(separator: " and ")), and only one can be meant; "
                + "name the file to read, or take the others away"
        }
    }
}
