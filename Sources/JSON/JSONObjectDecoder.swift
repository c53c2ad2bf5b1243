/// Reads one object whose members are known by name, and finds everything that is wrong with it.
///
/// Making it walks the members once: unknown names (with the nearest known one) and duplicates become faults there.
/// The accessors then add ill-typed and out-of-range members. A member that is `null` counts as absent.
/// Nothing throws: a caller collects all faults, then looks at `faults.isEmpty`.
public struct JSONObjectDecoder {
    /// The object being read.
    public let object: JSONValue
    private let names: [String]
    // For each name the tape index of its value, or 0 (the root word, never a value) when absent.
    private var slots: [Int]

    /// Starts reading `value`; nil, and a fault, when it is not an object.
    public init?(_ value: JSONValue, knownMembers: [String], faults: inout JSONFaults) {
        guard value.kind == .object else {
            faults.add(at: value, JSONValue.mismatch(expected: "an object", value))
            return nil
        }
        object = value
        names = knownMembers
        slots = [Int](repeating: 0, count: knownMembers.count)
        let tape = value.tape
        let end = value.lastIndex
        var child = value.index + 1
        var expected = 0
        while child < end {
            // Members mostly come in the order they are known in, so the search starts after the last one found.
            if let slot = slot(of: child, in: tape, from: expected) {
                expected = slot + 1
                if slots[slot] == 0 {
                    slots[slot] = child + 1
                } else {
                    let member = JSONValue(tape: tape, index: child + 1)
                    faults.add(at: member, "member \"\(names[slot])\" appears more than once")
                }
            } else {
                reportUnknown(child, in: tape, &faults)
            }
            child = tape.next(child + 1)
        }
    }

    private func slot(of nameIndex: Int, in tape: JSONTape, from expected: Int) -> Int? {
        let count = names.count
        var slot = expected
        for _ in 0..<count {
            if slot >= count { slot = 0 }
            if tape.string(nameIndex, equals: names[slot]) { return slot }
            slot += 1
        }
        return nil
    }

    private func reportUnknown(_ nameIndex: Int, in tape: JSONTape, _ faults: inout JSONFaults) {
        let member = JSONValue(tape: tape, index: nameIndex + 1)
        faults.add(at: member, unknownMember(tape.string(nameIndex)))
    }

    private func unknownMember(_ name: String) -> String {
        let quoted = name.abbreviatedForFault
        guard let nearest = NearestName.of(name, among: names) else { return "unknown member \"\(quoted)\"" }
        return "unknown member \"\(quoted)\"; did you mean \"\(nearest)\"?"
    }

    private func index(_ name: String) -> Int {
        guard let slot = names.firstIndex(of: name) else {
            preconditionFailure("\"\(name)\" is not among the known members")
        }
        return slots[slot]
    }

    /// Whether the member is there, `null` included.
    public func contains(_ name: String) -> Bool { index(name) != 0 }

    /// The member's value, nil if absent or null.
    public func value(_ name: String) -> JSONValue? {
        let index = index(name)
        guard index != 0 else { return nil }
        let value = JSONValue(tape: object.tape, index: index)
        return value.isNull ? nil : value
    }

    /// The member's value; a fault if absent or null.
    public func require(_ name: String, _ faults: inout JSONFaults) -> JSONValue? {
        if let value = value(name) { return value }
        faults.add(at: object, member: name, "member \"\(name)\" is required")
        return nil
    }
}

extension JSONObjectDecoder {
    /// The member as text; a fault if there but of another kind, or if its UTF-8 is longer than `maximumLength`.
    public func string(_ name: String, maximumLength: Int = .max, _ faults: inout JSONFaults) -> String? {
        value(name)?.decodeString(maximumLength: maximumLength, &faults)
    }

    /// The member as an integer within `range`; a fault if there but something else.
    public func integer(_ name: String, in range: ClosedRange<Int>? = nil, _ faults: inout JSONFaults) -> Int? {
        value(name)?.decodeInteger(in: range, &faults)
    }

    /// The member as a number within `range`; a fault if there but something else.
    public func number(_ name: String, in range: ClosedRange<Double>? = nil, _ faults: inout JSONFaults) -> Double? {
        value(name)?.decodeNumber(in: range, &faults)
    }

    /// The member as a truth value; a fault if there but of another kind.
    public func bool(_ name: String, _ faults: inout JSONFaults) -> Bool? {
        value(name)?.decodeBool(&faults)
    }

    /// The member as an ID; a fault if there but no ID (see ``JSONValue/decodeIdentifier(_:)``).
    public func identifier(_ name: String, _ faults: inout JSONFaults) -> String? {
        value(name)?.decodeIdentifier(&faults)
    }

    /// The member as a moment in Unix milliseconds (see ``JSONValue/decodeTimestamp(_:)``); a fault if there but none.
    public func timestamp(_ name: String, _ faults: inout JSONFaults) -> Int64? {
        value(name)?.decodeTimestamp(&faults)
    }

    /// The member as one of the words `allowed`; a fault that lists them if there but something else.
    public func choice(_ name: String, of allowed: [String], _ faults: inout JSONFaults) -> String? {
        value(name)?.decodeChoice(of: allowed, &faults)
    }

    /// The member as an array with a count within `counts`; a fault if there but something else.
    public func array(_ name: String, count counts: ClosedRange<Int>? = nil, _ faults: inout JSONFaults) -> JSONValue? {
        value(name)?.decodeArray(count: counts, &faults)
    }

    /// The member as an object; a fault if there but of another kind.
    public func object(_ name: String, _ faults: inout JSONFaults) -> JSONValue? {
        value(name)?.decodeObject(&faults)
    }

    /// The member as an array of objects; a fault for each element of another kind, which is left out.
    public func objects(
        _ name: String, count counts: ClosedRange<Int>? = nil, _ faults: inout JSONFaults
    ) -> [JSONValue]? {
        array(name, count: counts, &faults)?.elements.compactMap { $0.decodeObject(&faults) }
    }

    /// The member as an array of texts; a fault for each element of another kind, which is left out.
    public func strings(
        _ name: String, count counts: ClosedRange<Int>? = nil, _ faults: inout JSONFaults
    ) -> [String]? {
        array(name, count: counts, &faults)?.elements.compactMap { $0.decodeString(&faults) }
    }

    /// The member as an array of IDs; a fault for each element that is none, which is left out.
    public func identifiers(
        _ name: String, count counts: ClosedRange<Int>? = nil, _ faults: inout JSONFaults
    ) -> [String]? {
        array(name, count: counts, &faults)?.elements.compactMap { $0.decodeIdentifier(&faults) }
    }
}
