import Foundation

/// A directory of a test's own, empty at first, that goes with its last reference.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes the directory.
    public init() throws {
        path = NSTemporaryDirectory() + "nectar-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of `name` in here.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The names of what is in here, sorted.
    public func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
