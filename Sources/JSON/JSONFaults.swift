/// One thing wrong with a document, and where.
public struct JSONFault: Error, Equatable, Sendable {
    /// RFC 6901 pointer to the value, or to where a missing member belongs.
    public var pointer: String
    /// A sentence without its full stop.
    public var detail: String

    /// A fault at `pointer`.
    public init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

/// What is wrong with a document: the first faults in full, all of them counted.
public struct JSONFaults: Equatable, Sendable {
    /// How many faults are kept by default.
    public static let defaultLimit = 100
    /// Bytes of a pointer that are told: the names in it are a caller's, and may be as long as a document.
    private static let pointerLimit = 1_024

    /// The first faults, in the order found.
    public private(set) var faults: [JSONFault] = []
    /// How many were found, kept or not.
    public private(set) var total = 0
    /// How many are kept.
    public let limit: Int
    /// The element that is being read.
    private var place: Place?

    /// Where an element stands, so that what is in it need not be looked for from the root.
    private struct Place: Equatable, Sendable {
        var index: Int
        var lastIndex: Int
        var pointer: JSONPointer
    }

    /// No faults yet; the first `limit` will be kept.
    public init(limit: Int = JSONFaults.defaultLimit) {
        self.limit = limit
    }

    /// Whether nothing is wrong.
    public var isEmpty: Bool { total == 0 }

    /// Runs `body`, which reads `element`: what is wrong in there is found from there, and told under `pointer`.
    ///
    /// For one of many elements: to walk to each from the root makes the reading of all quadratic.
    public mutating func within<Result, Failure>(
        _ element: JSONValue, at pointer: @autoclosure () -> JSONPointer,
        _ body: (inout JSONFaults) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Nothing more is told, so nothing need be found.
        guard faults.count < limit else { return try body(&self) }
        let outer = place
        defer { place = outer }
        place = Place(index: element.index, lastIndex: element.lastIndex, pointer: pointer())
        return try body(&self)
    }

    /// Counts a fault, and keeps it while there is room; otherwise neither text is made.
    public mutating func add(_ pointer: @autoclosure () -> String, _ detail: @autoclosure () -> String) {
        total += 1
        if faults.count < limit { faults.append(JSONFault(pointer: Self.cut(pointer()), detail: detail())) }
    }

    /// Counts a fault of `value`.
    public mutating func add(at value: JSONValue, _ detail: @autoclosure () -> String) {
        let place = place
        add(Self.pointer(to: value, within: place).text, detail())
    }

    /// Counts a fault of the member `name` of `object`, there or not.
    public mutating func add(at object: JSONValue, member name: String, _ detail: @autoclosure () -> String) {
        let place = place
        add(Self.pointer(to: object, within: place).appending(name).text, detail())
    }

    private static func pointer(to value: JSONValue, within place: Place?) -> JSONPointer {
        guard let place, (place.index...place.lastIndex).contains(value.index) else { return value.pointer }
        return value.pointer(from: place.index, at: place.pointer)
    }

    private static func cut(_ pointer: String) -> String {
        guard pointer.utf8.count > pointerLimit else { return pointer }
        var end = pointer.utf8.index(pointer.startIndex, offsetBy: pointerLimit)
        // Not within a scalar, which is longer than a byte.
        while end.samePosition(in: pointer.unicodeScalars) == nil { end = pointer.utf8.index(before: end) }
        return String(pointer[..<end]) + "…"
    }
}
