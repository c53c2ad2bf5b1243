/// Whole members in one call.
extension JSONWriter {
    /// Writes a string member.
    public mutating func member(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    /// Writes an integer member.
    public mutating func member(_ name: String, _ number: some FixedWidthInteger) {
        key(name)
        value(number)
    }

    /// Writes a number member, `null` when it is not finite.
    public mutating func member(_ name: String, _ number: Double) {
        key(name)
        value(number)
    }

    /// Writes a number member with the digits a `Float` needs, `null` when it is not finite.
    public mutating func member(_ name: String, _ number: Float) {
        key(name)
        value(number)
    }

    /// Writes a truth member.
    public mutating func member(_ name: String, _ bool: Bool) {
        key(name)
        value(bool)
    }

    /// Writes a member that is a parsed value.
    public mutating func member(_ name: String, _ parsed: JSONValue) {
        key(name)
        value(parsed)
    }

    /// Writes a member that is an array of strings.
    public mutating func member(_ name: String, _ texts: [String]) {
        key(name)
        array { writer in for text in texts { writer.value(text) } }
    }

    /// Writes a member that is a moment, as an RFC 3339 string.
    public mutating func member(_ name: String, milliseconds: Int64) {
        key(name)
        timestamp(milliseconds: milliseconds)
    }

    /// Writes a member that is an object whose members `body` writes.
    public mutating func member<Failure: Error>(
        _ name: String, object body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        key(name)
        try object(body)
    }

    /// Writes a member that is an array whose elements `body` writes.
    public mutating func member<Failure: Error>(
        _ name: String, array body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        key(name)
        try array(body)
    }

    /// Writes a string member unless it is nil.
    public mutating func member(_ name: String, ifPresent text: String?) {
        if let text { member(name, text) }
    }

    /// Writes an integer member unless it is nil.
    public mutating func member(_ name: String, ifPresent number: (some FixedWidthInteger)?) {
        if let number { member(name, number) }
    }

    /// Writes a number member unless it is nil.
    public mutating func member(_ name: String, ifPresent number: Double?) {
        if let number { member(name, number) }
    }

    /// Writes a number member unless it is nil.
    public mutating func member(_ name: String, ifPresent number: Float?) {
        if let number { member(name, number) }
    }

    /// Writes a truth member unless it is nil.
    public mutating func member(_ name: String, ifPresent bool: Bool?) {
        if let bool { member(name, bool) }
    }

    /// Writes a moment as an RFC 3339 string unless it is nil.
    public mutating func member(_ name: String, ifPresentMilliseconds milliseconds: Int64?) {
        if let milliseconds { member(name, milliseconds: milliseconds) }
    }
}
