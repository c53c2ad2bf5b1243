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

    /// The first faults, in the order found.
    public private(set) var faults: [JSONFault] = []
    /// How many were found, kept or not.
    public private(set) var total = 0
    /// How many are kept.
    public let limit: Int

    /// No faults yet; the first `limit` will be kept.
    public init(limit: Int = JSONFaults.defaultLimit) {
        self.limit = limit
    }

    /// Whether nothing is wrong.
    public var isEmpty: Bool { total == 0 }

    /// Counts a fault, and keeps it while there is room; otherwise neither text is made.
    public mutating func add(_ pointer: @autoclosure () -> String, _ detail: @autoclosure () -> String) {
        total += 1
        if faults.count < limit { faults.append(JSONFault(pointer: pointer(), detail: detail())) }
    }

    /// Counts a fault of `value`.
    public mutating func add(at value: JSONValue, _ detail: @autoclosure () -> String) {
        add(value.pointer.text, detail())
    }

    /// Counts a fault of the member `name` of `object`, there or not.
    public mutating func add(at object: JSONValue, member name: String, _ detail: @autoclosure () -> String) {
        add(object.pointer.appending(name).text, detail())
    }
}
