/// The tags, attributes and vectors of one record as the bytes of one column.
///
/// A small binary form rather than JSON text, because this module knows no JSON and Foundation's decoder costs tens of
/// microseconds a record; rather than a table of attributes, because nothing filters in SQL: filters run on the catalogue in
/// memory. Form: version 1; count and texts of the tags; count of the attributes, each its name, a type byte and its value,
/// in the order of their names, so that equal records have equal bytes. A record with vectors has version 2, and behind
/// that their count, each its name, its length and its elements. Counts and lengths are unsigned LEB128, numbers eight
/// bytes, elements of vectors four, little-endian.
struct RecordDetails: Equatable {
    var tags: [String]
    var attributes: [ExactName: AttributeValue]
    var vectors: [ExactName: [Float]]

    private static let version: UInt8 = 1
    private static let versionWithVectors: UInt8 = 2

    init(tags: [String], attributes: [ExactName: AttributeValue], vectors: [ExactName: [Float]] = [:]) {
        self.tags = tags
        self.attributes = attributes
        self.vectors = vectors
    }

    /// Reads what ``encoded()`` wrote; nil when the bytes are anything else.
    init?(decoding bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let version = reader.byte(), version == Self.version || version == Self.versionWithVectors,
            let tags = reader.texts(), let count = reader.count()
        else { return nil }
        var attributes: [ExactName: AttributeValue] = [:]
        for _ in 0..<count {
            guard let name = reader.text(), let value = reader.value() else { return nil }
            attributes[ExactName(name)] = value
        }
        var vectors: [ExactName: [Float]] = [:]
        if version == Self.versionWithVectors {
            guard let count = reader.count(), count > 0 else { return nil }
            for _ in 0..<count {
                guard let name = reader.text(), let vector = reader.vector() else { return nil }
                vectors[ExactName(name)] = vector
            }
        }
        guard reader.isAtEnd else { return nil }
        self.init(tags: tags, attributes: attributes, vectors: vectors)
    }

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = [vectors.isEmpty ? Self.version : Self.versionWithVectors]
        Self.write(tags, to: &bytes)
        Self.write(attributes.count, to: &bytes)
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            Self.write(name.text, to: &bytes)
            Self.write(value, to: &bytes)
        }
        if vectors.isEmpty { return bytes }
        Self.write(vectors.count, to: &bytes)
        for (name, vector) in vectors.sorted(by: { $0.key < $1.key }) {
            Self.write(name.text, to: &bytes)
            Self.write(vector.count, to: &bytes)
            for element in vector { Self.write(element, to: &bytes) }
        }
        return bytes
    }

    private static func write(_ value: AttributeValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text):
            bytes.append(1)
            write(text, to: &bytes)
        case .number(let number):
            bytes.append(2)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
            }
        case .boolean(let flag):
            bytes.append(flag ? 4 : 3)
        case .strings(let texts):
            bytes.append(5)
            write(texts, to: &bytes)
        }
    }

    private static func write(_ element: Float, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: element.bitPattern >> shift))
        }
    }

    private static func write(_ texts: [String], to bytes: inout [UInt8]) {
        write(texts.count, to: &bytes)
        for text in texts { write(text, to: &bytes) }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        write(text.utf8.count, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func write(_ count: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(count)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Walks over the bytes; every step gives nil once they do not make sense.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        /// A count of things that take at least one byte each, so none is greater than the bytes left.
        mutating func count() -> Int? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 35, by: 7) {
                guard let byte = byte() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value <= UInt64(bytes.count - position) ? Int(value) : nil }
            }
            return nil
        }

        mutating func text() -> String? {
            guard let length = count() else { return nil }
            defer { position += length }
            return String(validating: bytes[position..<position + length], as: UTF8.self)
        }

        mutating func texts() -> [String]? {
            guard let count = count() else { return nil }
            var texts: [String] = []
            for _ in 0..<count {
                guard let text = text() else { return nil }
                texts.append(text)
            }
            return texts
        }

        mutating func vector() -> [Float]? {
            guard let count = count(), count <= (bytes.count - position) / 4 else { return nil }
            defer { position += 4 * count }
            return (0..<count).map { element in
                Float(
                    bitPattern: (0..<4).reduce(0) { pattern, byte in
                        pattern | UInt32(bytes[position + 4 * element + byte]) << UInt32(8 * byte)
                    })
            }
        }

        mutating func value() -> AttributeValue? {
            switch byte() {
            case 1: return text().map(AttributeValue.string)
            case 2:
                var pattern: UInt64 = 0
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    guard let byte = byte() else { return nil }
                    pattern |= UInt64(byte) << shift
                }
                return .number(Double(bitPattern: pattern))
            case 3: return .boolean(false)
            case 4: return .boolean(true)
            case 5: return texts().map(AttributeValue.strings)
            default: return nil
            }
        }
    }
}
