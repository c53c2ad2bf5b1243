/// A number that stands for what was put into it: the same on every machine and in every version, for it is kept in files.
///
/// FNV-1a (Fowler, Noll and Vo) with 64 bits. Two inputs have the same one by accident once in 2^64; who wants to can make two.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Of nothing yet.
    public init() {}

    /// What stands for all that was put in.
    public var value: UInt64 { state }

    /// Takes a text and its length, or that there is none.
    public mutating func combine(_ text: String?) {
        combine(text.map { UInt64($0.utf8.count) })
        for byte in text?.utf8 ?? "".utf8 { combine(byte) }
    }

    /// Takes a number, or that there is none.
    public mutating func combine(_ number: UInt64?) {
        combine(number == nil ? UInt8(0) : 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            if let number { combine(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
        }
    }

    /// Takes bytes and how many they are.
    public mutating func combine(_ bytes: [UInt8]) {
        combine(UInt64(bytes.count))
        for byte in bytes { combine(byte) }
    }

    private mutating func combine(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
