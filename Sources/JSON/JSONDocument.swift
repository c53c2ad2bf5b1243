/// A parsed text: immutable, complete in itself, and free to cross threads.
public struct JSONDocument: Sendable {
    let tape: JSONTape

    /// The value the text holds.
    public var root: JSONValue { JSONValue(tape: tape, index: 1) }

    /// The value that `pointer` names, or nil. An array index has no leading zeros; `-` names nothing.
    public func value(at pointer: JSONPointer) -> JSONValue? {
        guard let steps = pointer.steps else { return nil }
        var value = root
        for step in steps {
            switch value.kind {
            case .object:
                guard let member = value[step] else { return nil }
                value = member
            case .array:
                guard let index = JSONPointer.arrayIndex(step), let element = value[index] else { return nil }
                value = element
            default: return nil
            }
        }
        return value
    }
}
