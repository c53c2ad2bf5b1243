import TestSupport
import Testing

@testable import NCF

@Suite("The payload's checksum")
struct PayloadChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt64 { unsafe bytes.withUnsafeBytes(PayloadChecksum.of) }

    @Test("sees every flipped bit, and a zero appended", arguments: [0, 1, 7, 8, 31, 32, 33, 100])
    func seesEveryBit(count: Int) {
        var random = SeededGenerator(seed: 5)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let sound = checksum(bytes)
        for bit in 0..<(8 * count) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(checksum(flipped) != sound)
        }
        #expect(checksum(bytes + [0]) != sound)
    }

    @Test("does not depend on how the bytes are cut")
    func cuts() {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for cut in 0...bytes.count {
            var sum = PayloadChecksum()
            unsafe bytes.withUnsafeBytes { unsafe sum.update(UnsafeRawBufferPointer(rebasing: $0[..<cut])) }
            unsafe bytes.withUnsafeBytes { unsafe sum.update(UnsafeRawBufferPointer(rebasing: $0[cut...])) }
            #expect(sum.finalize() == checksum(bytes))
        }
    }

    @Test("is the function that files of format 1 were written with")
    func isStable() {
        #expect(checksum([]) == 8_137_127_007_155_663_885)
        #expect(checksum(Array("nectar".utf8)) == 7_577_717_803_916_620_331)
        #expect(checksum((0..<100).map { UInt8($0) }) == 689_242_935_349_333_236)
    }
}
