internal import CSimdJSON
internal import Glibc

/// The immutable words and strings of one document, in simdjson's tape format.
///
/// A word has its type in the top byte and a 56-bit payload below: `{`/`[` the index past the end (32 bits) and the
/// count (24 bits, saturating), `"` the offset of the string, `l`/`u`/`d` nothing, with the number in the next word. One
/// type is Nectar's own: `Z`, an integer beyond 64 bits, with the offset of its decimal text.
@safe
final class JSONTape: Sendable {
    // One allocation: the words, then the strings. Written in init only. Nil where the document holds them.
    private nonisolated(unsafe) let storage: UnsafeMutableRawPointer?
    // What a parser gave away; nil where there is the storage.
    private nonisolated(unsafe) let document: OpaquePointer?
    // Into either.
    private nonisolated(unsafe) let words: UnsafePointer<UInt64>
    // Into either.
    private nonisolated(unsafe) let strings: UnsafePointer<UInt8>
    /// One past the last word of the root value.
    let end: Int

    /// Copies what a parser lends; nil when there is no memory for it.
    ///
    /// - Parameter integers: Which of the strings, ascending, stand for integers beyond 64 bits.
    init?(copying lent: nectar_json_tape, integers: [Int]) {
        let wordBytes = unsafe lent.word_count * 8
        let byteCount = unsafe wordBytes + lent.string_byte_count
        guard let storage = unsafe malloc(byteCount) else { return nil }
        unsafe storage.copyMemory(from: lent.words, byteCount: wordBytes)
        unsafe (storage + wordBytes).copyMemory(from: lent.strings, byteCount: lent.string_byte_count)
        unsafe self.storage = storage
        unsafe document = nil
        unsafe words = UnsafePointer(storage.bindMemory(to: UInt64.self, capacity: lent.word_count))
        unsafe strings = UnsafePointer((storage + wordBytes).assumingMemoryBound(to: UInt8.self))
        unsafe end = lent.word_count
        if !integers.isEmpty { unsafe Self.mark(integers, among: storage, count: lent.word_count) }
    }

    /// Takes what a parser lends out of it, which for a long text costs less than to copy it; nil when there is no memory.
    ///
    /// - Parameter integers: As for a copy.
    init?(taking lent: nectar_json_tape, outOf parser: OpaquePointer, integers: [Int]) {
        guard let document = unsafe nectar_json_take(parser) else { return nil }
        unsafe storage = nil
        unsafe self.document = document
        unsafe words = lent.words
        unsafe strings = lent.strings
        unsafe end = lent.word_count
        if !integers.isEmpty {
            unsafe Self.mark(integers, among: UnsafeMutableRawPointer(mutating: lent.words), count: lent.word_count)
        }
    }

    private static func mark(_ integers: [Int], among storage: UnsafeMutableRawPointer, count: Int) {
        let words = unsafe storage.assumingMemoryBound(to: UInt64.self)
        var remaining = integers[...]
        var strings = 0
        var index = 1
        while index < count {
            let type = unsafe UInt8(truncatingIfNeeded: words[index] >> 56)
            if type == UInt8(ascii: "\"") {
                if remaining.first == strings {
                    unsafe words[index] ^= UInt64(type ^ UInt8(ascii: "Z")) << 56
                    remaining = remaining.dropFirst()
                }
                strings += 1
            }
            // The second word of a number may look like anything.
            let isNumber = type == UInt8(ascii: "l") || type == UInt8(ascii: "u") || type == UInt8(ascii: "d")
            index += isNumber ? 2 : 1
        }
    }

    deinit {
        unsafe free(storage)
        unsafe nectar_json_document_destroy(document)
    }

    @inline(__always)
    func word(_ index: Int) -> UInt64 {
        // Indices come from the tape itself, whose shape simdjson guarantees; the check costs one comparison.
        precondition(index < end)
        return unsafe words[index]
    }

    @inline(__always)
    func type(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word(index) >> 56) }

    @inline(__always)
    func payload(_ index: Int) -> Int { Int(truncatingIfNeeded: word(index) & 0x00FF_FFFF_FFFF_FFFF) }

    /// The index of the word after the value at `index`.
    @inline(__always)
    func next(_ index: Int) -> Int {
        switch type(index) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return Int(word(index) & 0xFFFF_FFFF)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): return index + 2
        default: return index + 1
        }
    }

    /// The UTF-8 of the string, or the digits of the long integer, at `index`, valid while the tape lives.
    @inline(__always)
    func utf8(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let start = unsafe strings + payload(index)
        let length = unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return unsafe UnsafeBufferPointer(start: start + 4, count: Int(length))
    }

    func string(_ index: Int) -> String {
        unsafe String(decoding: utf8(index), as: UTF8.self)
    }

    /// Whether the string at `index` is `text`, by bytes.
    @inline(__always)
    func string(_ index: Int, equals text: String) -> Bool {
        let bytes = unsafe utf8(index)
        var text = text
        guard text.utf8.count == bytes.count else { return false }
        return text.withUTF8 { wanted in
            guard let left = wanted.baseAddress, let right = bytes.baseAddress else { return true }
            return unsafe memcmp(left, right, bytes.count) == 0
        }
    }
}
