/// Writes one JSON text into a byte buffer (RFC 8259, no white space).
///
/// Commas are put where they belong; that keys and values alternate inside objects is the caller's part.
/// Numbers are the shortest that read back as the same value; a number that is not finite is written as `null`.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text, with room for `capacity` bytes.
    public init(reservingCapacity capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the room.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Starts a new line, for texts of one JSON value a line (NDJSON).
    public mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Containers

    /// Writes an object whose members `body` writes.
    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes an array whose elements `body` writes.
    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    /// Opens an object; ``endObject()`` closes it.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Closes the object opened last.
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Opens an array; ``endArray()`` closes it.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Closes the array opened last.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Writes a member's name; its value must follow.
    public mutating func key(_ name: String) {
        separate()
        JSONText.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    /// Writes a string.
    public mutating func value(_ text: String) {
        separate()
        JSONText.append(text, to: &bytes)
    }

    /// Writes an integer.
    public mutating func value(_ number: some FixedWidthInteger) {
        separate()
        JSONText.append(integer: number, to: &bytes)
    }

    /// Writes a number, `null` when it is not finite.
    public mutating func value(_ number: Double) {
        guard number.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes a number with the digits a `Float` needs, `null` when it is not finite.
    public mutating func value(_ number: Float) {
        guard number.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes `true` or `false`.
    public mutating func value(_ bool: Bool) {
        separate()
        bytes.append(contentsOf: (bool ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a moment as an RFC 3339 string.
    public mutating func timestamp(milliseconds: Int64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: RFC3339.formatted(milliseconds))
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a parsed value again, byte for byte what this writer makes of it, duplicates and order kept.
    public mutating func value(_ value: JSONValue) {
        switch value.kind {
        case .null: null()
        case .bool: self.value(value.bool ?? false)
        case .integer: raw(Array((value.integerText ?? "0").utf8))
        case .double: self.value(value.double ?? 0)
        case .string:
            separate()
            _ = value.withUTF8 { JSONText.append(utf8: $0, to: &bytes) }
        case .array: array { writer in for element in value.elements { writer.value(element) } }
        case .object: object { writer in for (name, member) in value.members { writer.member(name, member) } }
        }
    }

    /// Writes JSON text made elsewhere, which must be one complete value.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }
}
