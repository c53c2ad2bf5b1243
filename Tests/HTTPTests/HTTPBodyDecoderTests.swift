import HTTP
import Testing

@Suite struct HTTPBodyDecoderTests {
    private typealias Failure = HTTPRequestParser.Failure

    @Test func `content is told as ranges of the input, without a copy`() throws {
        let octets = Array("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext".utf8)
        var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: nil)
        var consumed = 0
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .content(3..<6))
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .content(11..<13))
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .end)
        #expect(octets[consumed...].elementsEqual("next".utf8))
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .end)
    }

    @Test func `a length takes no octet of the next message`() throws {
        let octets = Array("abcdef".utf8)
        var decoder = HTTPBodyDecoder(framing: .contentLength(4), maximumLength: 4)
        var consumed = 0
        #expect(try decoder.decode(guarded: octets[..<1], consumed: &consumed) == .content(0..<1))
        #expect(try decoder.decode(guarded: octets[..<1], consumed: &consumed) == .needsMoreBytes)
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .content(1..<4))
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .end)
        #expect(consumed == 4)
    }

    @Test(arguments: [HTTPBodyFraming.none, .contentLength(0)])
    func `without content the message is over at once`(_ framing: HTTPBodyFraming) throws {
        var decoder = HTTPBodyDecoder(framing: framing, maximumLength: 0)
        var consumed = 0
        #expect(try decoder.decode(guarded: [], consumed: &consumed) == .end)
    }

    @Test func `a length past the maximum is refused before any octet`() {
        var decoder = HTTPBodyDecoder(framing: .contentLength(5), maximumLength: 4)
        var consumed = 0
        #expect(throws: Failure.contentTooLarge) { try decoder.decode(guarded: [], consumed: &consumed) }
    }

    @Test func `a chunk past the maximum is refused by its size alone`() throws {
        var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: 5)
        var consumed = 0
        let octets = Array("3\r\nabc\r\n3\r\n".utf8)
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .content(3..<6))
        #expect(throws: Failure.contentTooLarge) { try decoder.decode(guarded: octets, consumed: &consumed) }
    }

    @Test func `after a failure every call fails alike`() {
        var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: nil)
        var consumed = 0
        #expect(throws: Failure.invalidChunkSize) { try decoder.decode(guarded: "x".utf8, consumed: &consumed) }
        let good = Array("x0\r\n\r\n".utf8)
        #expect(throws: Failure.invalidChunkSize) { try decoder.decode(guarded: good, consumed: &consumed) }
    }

    @Test func `every call consumes all it was given, so nothing is looked at twice`() throws {
        let octets = Array("1;name=value\r\nx\r\n0\r\nTrailer: yes\r\n\r\n".utf8)
        var decoder = HTTPBodyDecoder(framing: .chunked, maximumLength: nil)
        var consumed = 0
        for end in 1..<octets.count {
            var event: HTTPBodyDecoder.Event
            repeat {
                event = try decoder.decode(guarded: octets[..<end], consumed: &consumed)
            } while event != .needsMoreBytes
            #expect(consumed == end)
        }
        #expect(try decoder.decode(guarded: octets, consumed: &consumed) == .end)
    }
}
