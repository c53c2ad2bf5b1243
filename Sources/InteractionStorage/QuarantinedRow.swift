/// A row that was refused while the others of its upload were stored: kept so that whoever sent it can mend it.
public struct QuarantinedRow: Sendable, Equatable {
    /// How the upload was written, by which the text is to be read.
    public enum Format: String, Sendable, CaseIterable {
        /// One JSON object on a line.
        case ndjson
        /// Comma-separated values; the header is not among the text.
        case csv
        /// An element of a JSON document's list.
        case json
    }

    /// Its place in the order of arrival; 0 until it is kept.
    public var id: Int64
    /// The upload it came with.
    public var upload: String
    /// How the upload was written.
    public var format: Format
    /// The line in the upload, from 1; of a JSON document the element, from 0.
    public var line: Int
    /// What was sent, byte for byte, as far as it is kept.
    public var text: [UInt8]
    /// Whether the text went on.
    public var isCut: Bool
    /// What is wrong with it, in a sentence for people.
    public var detail: String
    /// The user it is about, where that could be read.
    public var userID: String?
    /// When it was refused, in milliseconds since 1970.
    public var time: Int64

    /// Gathers the parts.
    public init(
        id: Int64 = 0, upload: String, format: Format, line: Int, text: [UInt8], isCut: Bool = false, detail: String,
        userID: String? = nil, time: Int64
    ) {
        self.id = id
        self.upload = upload
        self.format = format
        self.line = line
        self.text = text
        self.isCut = isCut
        self.detail = detail
        self.userID = userID
        self.time = time
    }

    /// A name for an upload that has none of its own: `prefix`, and 64 random bits.
    public static func newUploadName(_ prefix: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next(), radix: 16)
        return "\(prefix)-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Why no store takes this row, or nil when every store does.
    public var fault: String? {
        if let fault = Identifier.fault(of: upload) { return "the upload's name \(fault)" }
        if let userID, let fault = Identifier.fault(of: userID) { return "user_id \(fault)" }
        return detail.utf8.contains(0) ? "the detail contains U+0000" : nil
    }

    /// What it counts for in a quarantine's bound: the bytes of its text, its sentence and its names.
    public var size: Int { text.count + detail.utf8.count + upload.utf8.count + (userID?.utf8.count ?? 0) }
}

/// How much a quarantine keeps: beyond either, the oldest rows go.
public struct QuarantineBounds: Sendable, Equatable {
    /// Rows.
    public var rows: Int
    /// Bytes, by ``QuarantinedRow/size``.
    public var bytes: Int

    /// Gathers the parts.
    public init(rows: Int, bytes: Int) {
        self.rows = rows
        self.bytes = bytes
    }
}

/// What became of rows that were given into quarantine.
public struct QuarantineReceipt: Sendable, Equatable {
    /// Rows newly kept; some of them may be among those dropped.
    public var kept: Int
    /// Rows left out because the same line of the same upload is there already.
    public var duplicates: Int
    /// Rows left out because they are, or may be, of users who were erased.
    public var erased: Int
    /// Older rows that went to make room.
    public var dropped: Int

    /// Gathers the parts.
    public init(kept: Int = 0, duplicates: Int = 0, erased: Int = 0, dropped: Int = 0) {
        self.kept = kept
        self.duplicates = duplicates
        self.erased = erased
        self.dropped = dropped
    }
}

/// How much is in quarantine.
public struct QuarantineCounts: Sendable, Equatable {
    /// Rows kept now.
    public var rows: Int
    /// Bytes of them, by ``QuarantinedRow/size``.
    public var bytes: Int
    /// Rows that ever went to make room for newer ones.
    public var dropped: Int

    /// Gathers the parts.
    public init(rows: Int = 0, bytes: Int = 0, dropped: Int = 0) {
        self.rows = rows
        self.bytes = bytes
        self.dropped = dropped
    }
}
