import HTTP
import Networking
import Testing

@testable import HTTPServer

@Suite("Buffers and small values")
struct IOBuffersTests {
    @Test("room is made by moving first, and by growing only when all is unused")
    func makesRoom() {
        var buffer = InputBuffer(bytes: [1, 2, 3, 4], start: 2, end: 4)
        buffer.makeRoom()
        #expect(buffer.bytes.count == 4 && buffer.start == 0 && buffer.end == 2)
        #expect(Array(buffer.bytes[0..<2]) == [3, 4])
        buffer.end = 4
        buffer.makeRoom()
        #expect(buffer.bytes.count == 8 && buffer.room == 4 && buffer.count == 4)
        buffer.start = 4
        buffer.makeRoom()
        #expect(buffer.room == 8)
    }

    @Test("a buffer comes back from the pool, a grown one does not")
    func pool() {
        var pool = BufferPool(inputSize: 4)
        for bytes in [[9, 9, 9, 9], [1, 2, 3, 4, 5, 6, 7, 8]] as [[UInt8]] {
            var buffer = InputBuffer(bytes: bytes, start: 1, end: 1)
            pool.giveBackInput(&buffer)
            #expect(buffer.bytes.isEmpty && buffer.end == 0)
        }
        var buffer = InputBuffer()
        pool.borrowInput(&buffer)
        #expect(buffer.bytes == [9, 9, 9, 9] && buffer.isEmpty)
        pool.borrowInput(&buffer)
        #expect(buffer.bytes == [0, 0, 0, 0])
    }

    @Test("an output buffer keeps its memory in the pool, unless it is too much")
    func outputPool() {
        var pool = BufferPool(inputSize: 4)
        for capacity in [1 << 20, 1000] {
            var buffer = OutputBuffer()
            buffer.bytes.reserveCapacity(capacity)
            buffer.bytes.append(1)
            pool.giveBackOutput(&buffer)
            #expect(buffer.bytes.capacity == 0)
        }
        var buffer = OutputBuffer()
        pool.borrowOutput(&buffer)
        #expect(buffer.isEmpty && buffer.bytes.capacity >= 1000 && buffer.bytes.capacity < 1 << 20)
    }

    @Test("a generated identifier is its two numbers in sixteen hexadecimal digits each")
    func identifierText() {
        #expect(
            RequestID.generated(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210).text == "0123456789abcdeffedcba9876543210"
        )
    }

    @Test("generated identifiers differ and are 32 hexadecimal digits")
    func identifiers() {
        var generator = RequestIDGenerator(seed: 0)
        let identifiers = (0..<1_000).map { _ in RequestID(generator: &generator).text }
        #expect(Set(identifiers).count == 1_000)
        #expect(identifiers.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }

    @Test("the date changes with the second")
    func date() {
        var date = DateField()
        date.set(second: 784_111_777)
        let first = answer(date)
        #expect(first.contains("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        date.set(second: 784_111_778)
        #expect(answer(date).contains("Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"))
    }

    @Test("the date is the wall clock's, and looked up again when the loop's time has come to its next second")
    func dateIsRefreshed() {
        var date = DateField()
        date.set(second: 0)
        date.refresh(now: MonotonicInstant(nanoseconds: 5))
        let now = answer(date)
        #expect(!now.contains("1970"))
        date.set(second: 0)
        // At the same moment of the loop's the second cannot have ended.
        date.refresh(now: MonotonicInstant(nanoseconds: 5))
        #expect(answer(date).contains("1970"))
        date.refresh(now: MonotonicInstant(nanoseconds: 1_000_000_005))
        #expect(!answer(date).contains("1970"))
    }

    private func answer(_ date: DateField) -> String {
        var output: [UInt8] = []
        _ = HTTPResponseWriter.write(
            HTTPResponse(status: .ok), to: .get, version: .http11, keepAlive: true, common: date.common,
            requestID: [0x61].span, into: &output)
        return String(decoding: output, as: UTF8.self)
    }
}
