internal import CSimdJSON
internal import Glibc

/// Reads objects of one shape in place, without a document: known members, each a string or a number, none of them twice.
///
/// For rows by the million. What is of another shape, or unfit in the least, is refused without a reason: read it again with
/// ``JSONParser`` and ``JSONObjectDecoder``, by whose rules the accessors go. For one thread at a time.
@safe
public final class JSONFlatObjectReader {
    /// What a member is.
    public enum Kind: Sendable {
        case missing, string, integer, double
    }

    // Made in init, destroyed in deinit, never handed out.
    private let parser: OpaquePointer
    // Into `text`, which lives as long.
    private let names: UnsafeMutableBufferPointer<nectar_json_name>
    private let text: UnsafeMutableBufferPointer<UInt8>
    // Lent by the parser until the next object, or `own`; nil before the first.
    private var members: UnsafePointer<nectar_json_member>?
    // Members of a value, whose strings lie on its tape, which is kept meanwhile.
    private let own: UnsafeMutableBufferPointer<nectar_json_member>
    private var tape: JSONTape?

    /// A reader of objects with these members, of which there are 16 at most.
    public init(members known: [String]) {
        precondition(known.count <= Int(NECTAR_JSON_FLAT_MEMBERS), "an object may have too many members")
        guard let parser = unsafe nectar_json_parser_create(1) else { fatalError("out of memory") }
        unsafe self.parser = parser
        unsafe text = .allocate(capacity: known.reduce(1) { $0 + $1.utf8.count })
        unsafe names = .allocate(capacity: known.count)
        unsafe own = .allocate(capacity: known.count)
        var start = 0
        for (index, name) in known.enumerated() {
            let end = unsafe text[start...].initialize(fromContentsOf: name.utf8)
            unsafe names.initializeElement(
                at: index, to: nectar_json_name(text: text.baseAddress.map { unsafe $0 + start }, length: end - start))
            start = end
        }
    }

    deinit {
        unsafe nectar_json_parser_destroy(parser)
        unsafe names.deallocate()
        unsafe own.deallocate()
        unsafe text.deallocate()
    }

    /// Reads one complete text; false where it is not an object of this shape.
    public func read(_ bytes: Span<UInt8>) -> Bool {
        let found = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe nectar_json_parse_flat(parser, buffer.baseAddress, buffer.count, names.baseAddress, names.count)
        }
        unsafe members = found
        return unsafe found != nil
    }

    /// Reads one complete text; see ``read(_:)-(Span<UInt8>)``.
    public func read(_ bytes: [UInt8]) -> Bool { read(bytes.span) }

    /// Reads a value of a document; false where it is not an object of this shape.
    public func read(_ value: JSONValue) -> Bool {
        unsafe members = nil
        guard value.kind == .object else { return false }
        let tape = value.tape
        // Elements of one array, one after the other: a reference that stays needs no counting.
        if self.tape !== tape { self.tape = tape }
        unsafe own.initialize(repeating: nectar_json_member())
        let end = value.lastIndex
        var child = value.index + 1
        var expected = 0
        while child < end {
            guard let slot = unsafe slot(of: tape.utf8(child), from: expected), unsafe own[slot].type == 0,
                setMember(at: slot, to: child + 1, of: tape)
            else { return false }
            expected = slot + 1
            child = tape.next(child + 1)
        }
        unsafe members = UnsafePointer(own.baseAddress)
        return true
    }

    private func slot(of name: UnsafeBufferPointer<UInt8>, from expected: Int) -> Int? {
        let count = unsafe names.count
        var slot = expected
        for _ in 0..<count {
            if slot >= count { slot = 0 }
            let known = unsafe names[slot]
            if unsafe known.length == name.count, let left = unsafe known.text, let right = name.baseAddress,
                unsafe memcmp(left, right, name.count) == 0
            {
                return slot
            }
            slot += 1
        }
        return nil
    }

    private func setMember(at slot: Int, to index: Int, of tape: JSONTape) -> Bool {
        let type = tape.type(index)
        switch type {
        case UInt8(ascii: "\""):
            let utf8 = unsafe tape.utf8(index)
            unsafe own[slot] = nectar_json_member(text: utf8.baseAddress, length: utf8.count, bits: 0, type: type)
        case UInt8(ascii: "l"), UInt8(ascii: "d"):
            unsafe own[slot] = nectar_json_member(text: nil, length: 0, bits: tape.word(index + 1), type: type)
        default: return false
        }
        return true
    }

    private func member(_ slot: Int) -> nectar_json_member {
        unsafe precondition(slot >= 0 && slot < names.count, "there is no such member")
        guard let members = unsafe members else { preconditionFailure("there is no object") }
        return unsafe members[slot]
    }

    /// What the member of the name at `slot` is.
    public func kind(_ slot: Int) -> Kind {
        switch unsafe member(slot).type {
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"): .integer
        case UInt8(ascii: "d"): .double
        default: .missing
        }
    }

    /// The member as an ID; nil if missing, or unfit in any way (``JSONValue/decodeIdentifier(_:)``).
    public func identifier(_ slot: Int) -> String? {
        let member = unsafe member(slot)
        switch unsafe member.type {
        case UInt8(ascii: "\""):
            let utf8 = unsafe UnsafeBufferPointer(start: member.text, count: member.length)
            // simdjson has checked the encoding.
            let span = unsafe UTF8Span(unchecked: utf8.span)
            return JSONIdentifier.isFit(span.span) ? String(copying: span) : nil
        case UInt8(ascii: "l"): return unsafe Int64(bitPattern: member.bits).description
        default: return nil
        }
    }

    /// The member as a number; nil if missing or none.
    public func number(_ slot: Int) -> Double? {
        let member = unsafe member(slot)
        switch unsafe member.type {
        case UInt8(ascii: "l"): return unsafe Double(Int64(bitPattern: member.bits))
        case UInt8(ascii: "d"): return unsafe Double(bitPattern: member.bits)
        default: return nil
        }
    }

    /// The member as a moment in Unix milliseconds; nil if missing, or unfit in any way (``JSONValue/decodeTimestamp(_:)``).
    public func milliseconds(_ slot: Int) -> Int64? {
        let member = unsafe member(slot)
        if unsafe member.type == UInt8(ascii: "\"") {
            return unsafe RFC3339.parse(UnsafeBufferPointer(start: member.text, count: member.length).span)
        }
        guard let seconds = number(slot) else { return nil }
        let milliseconds = (seconds * 1000).rounded()
        return Double(RFC3339.earliest)...Double(RFC3339.latest) ~= milliseconds ? Int64(milliseconds) : nil
    }
}
