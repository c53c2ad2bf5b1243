import Foundation
public import InteractionStorage
import JSON

/// Where backups are kept, the newest ones, each under the time at which it was made.
public struct BackupFolder: Sendable {
    /// Where they are.
    public let path: String
    /// How many stay; 0 for all.
    let keep: Int

    private static let suffix = ".sqlite"
    private static let prefix = "nectar-"

    /// The folder that the settings name.
    public init(_ configuration: ServiceConfiguration) {
        path =
            configuration.backup.directory.isEmpty
            ? "\(configuration.dataDirectory)/backups" : configuration.backup.directory
        keep = configuration.backup.keep
    }

    /// Backs `store` up, and removes the oldest backups beyond those that stay.
    ///
    /// - Returns: Where the new one is, and what is in it.
    /// - Throws: Where it could not be made; all older ones are then still there.
    public func backUp(
        _ store: any InteractionStore, clock: WallClock
    ) throws(StoreError) -> (path: String, description: StoreBackup) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .unavailable("the folder \(path) cannot be made: \(error.localizedDescription)")
        }
        let now = clock.milliseconds()
        let file = "\(path)/\(Self.prefix)\(Self.stamp(now))\(Self.suffix)"
        let backup = try store.backUp(to: file, at: now)
        removeOldest()
        return (file, backup)
    }

    /// Sorts as the times do: `20261125T233000Z-123`.
    private static func stamp(_ milliseconds: Int64) -> String {
        let fraction = milliseconds % 1000
        let second = RFC3339.format(milliseconds: milliseconds - fraction).filter { $0 != "-" && $0 != ":" }
        let digits = String(fraction)
        return "\(second)-\(String(repeating: "0", count: max(0, 3 - digits.count)))\(digits)"
    }

    private func removeOldest() {
        guard keep > 0 else { return }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter {
            $0.hasPrefix(Self.prefix) && $0.hasSuffix(Self.suffix)
        }
        for name in names.sorted().dropLast(keep) {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
            try? FileManager.default.removeItem(atPath: "\(path)/\(name).json")
        }
    }
}
