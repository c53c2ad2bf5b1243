#if PostgreSQL
    /// A parameter of a statement, as PostgreSQL's binary format has it: big-endian, its type told by an object identifier.
    enum PostgreSQLValue {
        case integer(Int64)
        case text(String)
        case bytes([UInt8])
        case integers([Int64])
        case texts([String])
        case byteStrings([[UInt8]])

        /// The identifiers of PostgreSQL's own types never change (`pg_type.dat`).
        private enum TypeID {
            static let bytea: UInt32 = 17
            static let int8: UInt32 = 20
            static let text: UInt32 = 25
            static let byteaArray: UInt32 = 1001
            static let textArray: UInt32 = 1009
            static let int8Array: UInt32 = 1016
        }

        /// The object identifier of its type.
        var typeID: UInt32 {
            switch self {
            case .integer: TypeID.int8
            case .text: TypeID.text
            case .bytes: TypeID.bytea
            case .integers: TypeID.int8Array
            case .texts: TypeID.textArray
            case .byteStrings: TypeID.byteaArray
            }
        }

        /// Appends its bytes.
        func encode(to bytes: inout [UInt8]) {
            switch self {
            case .integer(let number): bytes.appendBigEndian(number)
            case .text(let text): bytes.append(contentsOf: text.utf8)
            case .bytes(let octets): bytes.append(contentsOf: octets)
            case .integers(let numbers): Self.encode(numbers.map { Self.octets(of: $0) }, of: TypeID.int8, to: &bytes)
            case .texts(let texts): Self.encode(texts.map(\.utf8), of: TypeID.text, to: &bytes)
            case .byteStrings(let strings): Self.encode(strings, of: TypeID.bytea, to: &bytes)
            }
        }

        private static func octets(of number: Int64) -> [UInt8] {
            var octets: [UInt8] = []
            octets.appendBigEndian(number)
            return octets
        }

        /// A one-dimensional array without nulls (`array_recv`): dimensions, whether there are nulls, the type, length and first
        /// index; then each element's length and bytes.
        private static func encode(
            _ elements: [some Collection<UInt8>], of type: UInt32, to bytes: inout [UInt8]
        ) {
            bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
            bytes.appendBigEndian(Int32(0))
            bytes.appendBigEndian(type)
            if elements.isEmpty { return }
            bytes.appendBigEndian(Int32(elements.count))
            bytes.appendBigEndian(Int32(1))
            for element in elements {
                bytes.appendBigEndian(Int32(element.count))
                bytes.append(contentsOf: element)
            }
        }
    }

    extension [UInt8] {
        /// Appends a number, its greatest byte first.
        mutating func appendBigEndian(_ number: some FixedWidthInteger) {
            var shift = number.bitWidth
            while shift > 0 {
                shift -= 8
                append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
    }
#endif
