public import InteractionStorage
import JSON

/// Rows with faults of every sort, made of good ones: for tests of what becomes of them.
///
/// Which rows get one, and of what sort, follows from the seed and from nothing else.
public struct SyntheticFaults: Sendable {
    /// How the rows are written.
    public enum Format: String, Sendable, CaseIterable {
        case ndjson, csv
    }

    private let share: Double
    private let format: Format
    private var random: SplitMix64
    private var count = 0

    /// - Parameter share: The share of the rows that have a fault, below 1.
    public init(share: Double, format: Format, seed: UInt64) {
        precondition(share >= 0 && share < 1, "not every row can have a fault")
        self.share = share
        self.format = format
        // Apart from the interactions, which are the same with faults and without.
        random = SplitMix64(seed: seed ^ 0x6661_756C_7473)
    }

    /// The rows with faults that come before `interaction`, each with the name of its sort; mostly none.
    public mutating func rows(before interaction: Interaction) -> [(sort: String, bytes: [UInt8])] {
        var rows: [(sort: String, bytes: [UInt8])] = []
        while share > 0, random.unit() < share {
            let sorts = format == .ndjson ? Self.ndjson : Self.csv
            let (sort, make) = sorts[count % sorts.count]
            // A row beyond every limit is made seldom: it is as long as a thousand others.
            let isLong = count % 1_000 == 999
            count += 1
            rows.append(isLong ? ("too long", Self.overlong(format)) : (sort, make(interaction)))
        }
        return rows
    }

    /// The names of all sorts.
    public static func sorts(of format: Format) -> [String] {
        (format == .ndjson ? ndjson : csv).map(\.0) + ["too long"]
    }

    private static func overlong(_ format: Format) -> [UInt8] {
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
        return format == .ndjson
            ? Array("{\"user_id\":\"".utf8) + padding + Array("\",\"item_id\":\"1\"}".utf8)
            : padding + Array(",1,,,,,".utf8)
    }

    private typealias Sort = (String, @Sendable (Interaction) -> [UInt8])

    private static func sort(_ name: String, _ row: @escaping @Sendable (Interaction) -> String) -> Sort {
        (name, { Array(row($0).utf8) })
    }

    private static func object(_ interaction: Interaction, _ more: String) -> String {
        "{\"user_id\":\"\(interaction.userID)\",\"item_id\":\"\(interaction.itemID)\"\(more)}"
    }

    private static let ndjson: [Sort] = [
        sort("cut off") { String(object($0, "").dropLast(2)) },
        sort("two values") { "\(object($0, "")) \(object($0, ""))" },
        sort("no object") { "[\"\($0.userID)\",\"\($0.itemID)\"]" },
        sort("no user") { "{\"item_id\":\"\($0.itemID)\"}" },
        sort("no item") { "{\"user_id\":\"\($0.userID)\",\"item_id\":null}" },
        sort("empty user") { "{\"user_id\":\"\",\"item_id\":\"\($0.itemID)\"}" },
        sort("long item") { "{\"user_id\":\"\($0.userID)\",\"item_id\":\"\(String(repeating: "i", count: 257))\"}" },
        sort("control character") { "{\"user_id\":\"\($0.userID)\\u0007\",\"item_id\":\"\($0.itemID)\"}" },
        sort("fraction for a user") { "{\"user_id\":1.5,\"item_id\":\"\($0.itemID)\"}" },
        sort("text for a rating") { object($0, ",\"rating\":\"five\"") },
        sort("endless rating") { object($0, ",\"rating\":1e999") },
        sort("rating beyond all scales") { object($0, ",\"rating\":1e10") },
        sort("negative weight") { object($0, ",\"weight\":-1") },
        sort("no time") { object($0, ",\"timestamp\":\"yesterday\"") },
        sort("time in milliseconds") { object($0, ",\"timestamp\":1735689600000000") },
        sort("number for a kind") { object($0, ",\"kind\":3") },
        sort("name of a row") { object($0, ",\"interaction_id\":\"row:7\"") },
        sort("unknown member") { object($0, ",\"ratng\":4") },
        sort("member twice") { object($0, ",\"rating\":4,\"rating\":5") },
        sort("nested") { object($0, ",\"rating\":{\"value\":4}") },
        sort("lone surrogate") { "{\"user_id\":\"\\ud800\",\"item_id\":\"\($0.itemID)\"}" },
        ("no UTF-8", { Array("{\"user_id\":\"\($0.userID)".utf8) + [0xFF] + Array("\",\"item_id\":\"1\"}".utf8) }),
    ]

    private static let csv: [Sort] = [
        sort("too few fields") { "\($0.userID),\($0.itemID)" },
        sort("too many fields") { "\($0.userID),\($0.itemID),,,,,," },
        sort("open quote") { "\"\($0.userID),\($0.itemID),,,,," },
        sort("text behind a quote") { "\"\($0.userID)\"x,\($0.itemID),,,,," },
        sort("no user") { ",\($0.itemID),,,,," },
        sort("no item") { "\($0.userID),,,,,," },
        sort("long item") { "\($0.userID),\(String(repeating: "i", count: 257)),,,,," },
        sort("control character") { "\($0.userID)\u{7},\($0.itemID),,,,," },
        sort("text for a rating") { "\($0.userID),\($0.itemID),,five,,," },
        sort("endless rating") { "\($0.userID),\($0.itemID),,inf,,," },
        sort("rating beyond all scales") { "\($0.userID),\($0.itemID),,1e10,,," },
        sort("negative weight") { "\($0.userID),\($0.itemID),,,-1,," },
        sort("no time") { "\($0.userID),\($0.itemID),,,,yesterday," },
        sort("time in milliseconds") { "\($0.userID),\($0.itemID),,,,1735689600000000," },
        sort("name of a row") { "\($0.userID),\($0.itemID),,,,,row:7" },
        ("no UTF-8", { Array("\($0.userID)".utf8) + [0xFF] + Array(",\($0.itemID),,,,,".utf8) }),
    ]
}
