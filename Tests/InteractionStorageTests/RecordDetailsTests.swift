import Testing

@testable import InteractionStorage

@Suite("Tags, attributes and vectors as bytes")
struct RecordDetailsTests {
    static let details = RecordDetails(
        tags: ["a", String(repeating: "x", count: 300)],
        attributes: ["n": .number(-0.0), "s": .string("é"), "b": .boolean(true), "l": .strings(["p", ""])])

    static let withVectors = RecordDetails(
        tags: ["a"], attributes: ["n": .number(1)],
        vectors: ["text": [0.25, -.leastNonzeroMagnitude], "image": [3e38]])

    @Test("equal records have equal bytes, and the bytes give the record back")
    func roundTrip() throws {
        let bytes = Self.details.encoded()
        #expect(RecordDetails(decoding: bytes) == Self.details)
        #expect(RecordDetails(decoding: bytes)?.encoded() == bytes)
        #expect(RecordDetails(tags: [], attributes: [:]).encoded() == [1, 0, 0])
        let withVectors = Self.withVectors.encoded()
        #expect(RecordDetails(decoding: withVectors) == Self.withVectors)
        #expect(RecordDetails(decoding: withVectors)?.encoded() == withVectors)
        #expect(withVectors.first == 2)
    }

    @Test("names that only look alike are two attributes")
    func exactNames() {
        let attributes: [ExactName: AttributeValue] = ["caf\u{E9}": .number(1), "cafe\u{301}": .number(2)]
        let details = RecordDetails(decoding: RecordDetails(tags: [], attributes: attributes).encoded())
        #expect(details?.attributes == attributes && details?.attributes.count == 2)
    }

    @Test("bytes that end too soon or too late are refused", arguments: [details, withVectors])
    func lengths(_ details: RecordDetails) {
        let bytes = details.encoded()
        for length in 0..<bytes.count { #expect(RecordDetails(decoding: Array(bytes.prefix(length))) == nil) }
        #expect(RecordDetails(decoding: bytes + [0]) == nil)
    }

    static let foreign: [[UInt8]] = [
        [3, 0, 0],  // another version
        [2, 0, 0, 0],  // the version with vectors, and none
        [2, 0, 0, 1, 1, 97, 2, 0, 0, 0, 0],  // fewer elements than said
        [1, 1, 1, 0xFF, 0],  // not UTF-8
        [1, 0, 1, 0, 9],  // no such type
        [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0],  // a count of more bits than there are
        [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],  // a count of more things than there are bytes
    ]

    @Test("bytes of any other form are refused", arguments: foreign)
    func foreignBytes(_ bytes: [UInt8]) {
        #expect(RecordDetails(decoding: bytes) == nil)
    }
}
