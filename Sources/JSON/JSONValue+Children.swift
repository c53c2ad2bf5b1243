extension JSONValue {
    /// The elements of an array in order; none for a value of another kind.
    public var elements: Elements { Elements(array: self) }

    /// Calls `body` with each element of an array and its position, in order; not at all for a value of another kind.
    ///
    /// For arrays of many elements: one value moves along, where each of ``elements`` is a reference to the document, counted.
    public func forEachElement<Failure>(_ body: (Int, JSONValue) throws(Failure) -> Void) throws(Failure) {
        guard kind == .array else { return }
        var element = JSONValue(tape: tape, index: index + 1)
        let end = lastIndex
        var position = 0
        while element.index < end {
            try body(position, element)
            position += 1
            element.index = tape.next(element.index)
        }
    }

    /// The members of an object in the order written, duplicates included; none for a value of another kind.
    public var members: Members { Members(object: self) }

    /// The first member called `name`, nil when there is none. Linear.
    public subscript(name: String) -> JSONValue? {
        guard kind == .object else { return nil }
        var child = index + 1
        let end = lastIndex
        while child < end {
            if tape.string(child, equals: name) { return JSONValue(tape: tape, index: child + 1) }
            child = tape.next(child + 1)
        }
        return nil
    }

    /// The element at `position`, nil when there is none. Linear.
    public subscript(position: Int) -> JSONValue? {
        guard position >= 0 else { return nil }
        return elements.dropFirst(position).first { _ in true }
    }

    /// The elements of an array, walked along the tape.
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        private let tape: JSONTape
        private var child: Int
        private let end: Int

        init(array: JSONValue) {
            tape = array.tape
            child = array.index + 1
            end = array.kind == .array ? array.lastIndex : array.index
        }

        /// The next element.
        public mutating func next() -> JSONValue? {
            guard child < end else { return nil }
            defer { child = tape.next(child) }
            return JSONValue(tape: tape, index: child)
        }
    }

    /// The members of an object, walked along the tape; each makes a `String` of its name.
    public struct Members: Sequence, IteratorProtocol, Sendable {
        private let tape: JSONTape
        private var child: Int
        private let end: Int

        init(object: JSONValue) {
            tape = object.tape
            child = object.index + 1
            end = object.kind == .object ? object.lastIndex : object.index
        }

        /// The next member.
        public mutating func next() -> (name: String, value: JSONValue)? {
            guard child < end else { return nil }
            defer { child = tape.next(child + 1) }
            return (tape.string(child), JSONValue(tape: tape, index: child + 1))
        }
    }
}
