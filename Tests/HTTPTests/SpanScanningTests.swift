import Testing

@testable import HTTP

// Macros cannot take a span apart, so the tests compare arrays.
extension [UInt8] {
    fileprivate func isAlike(_ other: [UInt8]) -> Bool { span.equalsIgnoringCase(other.span) }
    fileprivate func isAlike(_ text: StaticString, in range: Range<Int>) -> Bool {
        span.equalsIgnoringCase(text, in: range)
    }
    fileprivate func isText(_ text: StaticString) -> Bool { span.equals(text, in: 0..<count) }
    fileprivate func end<Class: OctetClass>(of octets: Class.Type) -> Int { span.end(of: octets, in: 0..<count) }
}

/// Sixteen octets at a time must find what one at a time finds.
@Suite struct SpanScanningTests {
    /// A class by itself, an octet of it and one that is not of it.
    private func check<Class: OctetClass>(_ octets: Class.Type, _ member: UInt8, _ stranger: UInt8) {
        #expect(Class.contains(member) && !Class.contains(stranger))
        for value in UInt8.min...UInt8.max {
            let lanes = Class.containsAll(of: SIMD16(repeating: value))
            // It may leave out members, never take in others.
            #expect((0..<16).allSatisfy { !lanes[$0] } || Class.contains(value), "\(octets) \(value)")
        }
        let memory = GuardedMemory(capacity: 64)
        for length in 0...50 {
            for position in 0...length {
                var line = [UInt8](repeating: member, count: length)
                if position < length { line[position] = stranger }
                memory.lend(line) { span in
                    let fromStart = span.end(of: octets, in: 0..<length)
                    let fromWithin = span.end(of: octets, in: position / 2..<length)
                    let middle = (position + length) / 2
                    let upToMiddle = span.end(of: octets, in: 0..<middle)
                    #expect(fromStart == position && fromWithin == position && upToMiddle == min(position, middle))
                }
            }
        }
    }

    @Test func `a run ends at the first octet that is not of its class, wherever it stands`() {
        check(FieldContentOctets.self, 0x09, 0x0D)
        check(FieldContentOctets.self, 0xFF, 0x7F)
        check(TokenOctets.self, 0x61, 0x3A)
        check(TokenOctets.self, 0x7E, 0x20)
        check(PathOctets.self, 0x2F, 0x3F)
        check(PathOctets.self, 0x7E, 0x25)
        check(QueryOctets.self, 0x3F, 0x23)
        check(RegisteredNameOctets.self, 0x2E, 0x3A)
        check(OctetsWithoutSpace.self, 0x00, 0x20)
    }

    @Test func `every octet ends a run or goes on with it, as its class says, at every place`() {
        for value in UInt8.min...UInt8.max {
            for position in [0, 1, 7, 8, 15, 16, 31] {
                var octets = [UInt8](repeating: 0x61, count: 40)
                octets[position] = value
                func expected(_ isMember: Bool) -> Int { isMember ? 40 : position }
                #expect(octets.end(of: FieldContentOctets.self) == expected(Octets.isFieldContent(value)))
                #expect(octets.end(of: TokenOctets.self) == expected(Octets.isToken(value)))
                #expect(octets.end(of: PathOctets.self) == expected(Octets.isPath(value)))
                #expect(octets.end(of: QueryOctets.self) == expected(Octets.isQuery(value)))
                let isNamePart = Octets.isRegisteredName(value)
                #expect(octets.end(of: RegisteredNameOctets.self) == expected(isNamePart))
            }
        }
    }

    @Test(arguments: ["", "a", "no", "abc", "host", "expect", "connection", "content-length", "transfer-encoding"])
    func `a text equals itself in any case, and nothing that differs in one octet`(_ text: String) {
        let octets = Array(text.utf8)
        let capitals = Array(text.uppercased().utf8)
        #expect(octets.isAlike(capitals))
        for index in octets.indices {
            var other = capitals
            other[index] ^= 0x01
            #expect(!octets.isAlike(other))
        }
    }

    @Test func `signs that differ like capitals and small letters are not alike`() {
        #expect(!Array("^".utf8).isAlike(Array("~".utf8)))
        #expect(HTTPFieldName("x^") != HTTPFieldName("x~"))
    }

    @Test func `a known text is compared in all its octets and in its place`() {
        let octets = Array("xTransfer-ENCODINGx".utf8)
        #expect(octets.isAlike("transfer-encoding", in: 1..<18))
        #expect(!octets.isAlike("transfer-encoding", in: 0..<17))
        #expect(!octets.isAlike("transfer-encodin", in: 1..<18))
        for index in 1..<18 {
            var other = octets
            other[index] ^= 0x02
            #expect(!other.isAlike("transfer-encoding", in: 1..<18), "\(index)")
        }
        #expect(octets.isText("xTransfer-ENCODINGx"))
        #expect(!octets.isText("xtransfer-ENCODINGx"))
    }
}
