import Foundation
public import InteractionStorage
import JSON

/// Where backups are kept, of each store the newest ones, each under the time at which it was made.
///
/// Several servers may share a folder: the description of a backup says of which store it is, and only a store's own are removed.
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
        let file = freeName(at: now)
        let backup = try store.backUp(to: file, at: now)
        removeOldest(of: backup.store)
        return (file, backup)
    }

    /// A name that nobody has taken who has backed up at the same time.
    private func freeName(at now: Int64) -> String {
        var time = now
        while true {
            let file = "\(path)/\(Self.prefix)\(Self.stamp(time))\(Self.suffix)"
            if !FileManager.default.fileExists(atPath: file) { return file }
            time += 1
        }
    }

    /// Sorts as the times do: `20261125T233000Z-123`.
    private static func stamp(_ milliseconds: Int64) -> String {
        let fraction = milliseconds % 1000
        let second = RFC3339.format(milliseconds: milliseconds - fraction).filter { $0 != "-" && $0 != ":" }
        let digits = String(fraction)
        return "\(second)-\(String(repeating: "0", count: max(0, 3 - digits.count)))\(digits)"
    }

    /// A backup that does not say whose it is stays: it may be somebody else's.
    private func removeOldest(of store: String?) {
        guard keep > 0, let store else { return }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { name in
            name.hasPrefix(Self.prefix) && name.hasSuffix(Self.suffix)
                && (try? StoreBackup(describing: "\(path)/\(name)"))?.store == store
        }
        for name in names.sorted().dropLast(keep) {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
            try? FileManager.default.removeItem(atPath: "\(path)/\(name).json")
        }
    }
}
