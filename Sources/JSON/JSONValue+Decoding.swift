/// Typed reading of one value: nil and a fault when it is something else.
extension JSONValue {
    /// The longest UTF-8 an ID may have, in bytes.
    public static let maximumIdentifierLength = 256

    /// The text, of at most `maximumLength` bytes of UTF-8.
    public func decodeString(maximumLength: Int = .max, _ faults: inout JSONFaults) -> String? {
        guard let length = withUTF8({ $0.count }) else { return refuse("a string", &faults) }
        guard length <= maximumLength else {
            faults.add(at: self, "must be at most \(maximumLength) bytes long, not \(length)")
            return nil
        }
        return string
    }

    /// The integer within `range`. `5.0` is the integer 5, as JSON knows one kind of number.
    public func decodeInteger(in range: ClosedRange<Int>? = nil, _ faults: inout JSONFaults) -> Int? {
        guard kind == .integer || kind == .double else { return refuse("an integer", &faults) }
        guard let number = int ?? double.flatMap(Self.exactInteger) else {
            if kind == .integer || abs(double ?? 0) >= Self.exactLimit {
                faults.add(at: self, "is out of range" + (range.map { ": \(Self.bounds($0))" } ?? ""))
                return nil
            }
            return refuse("an integer", &faults, found: "\(numberText)")
        }
        if let range, !range.contains(number) {
            faults.add(at: self, "\(Self.rule(range)), not \(number)")
            return nil
        }
        return number
    }

    // Beyond 2⁵³ a double is no longer the number that was written.
    private static let exactLimit = 9_007_199_254_740_992.0

    private static func exactInteger(_ double: Double) -> Int? {
        abs(double) < exactLimit ? Int(exactly: double) : nil
    }

    /// Both bounds, also one that everything keeps which is a 64-bit number: what is out of range is none.
    private static func bounds(_ range: ClosedRange<Int>) -> String {
        range == .min ... .max ? rule(range) : "must be from \(range.lowerBound) to \(range.upperBound)"
    }

    private static func rule(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "must fit 64 bits"
        case (.min, let upper): "must be at most \(upper)"
        case (let lower, .max): "must be at least \(lower)"
        case (let lower, let upper): "must be from \(lower) to \(upper)"
        }
    }

    /// The number within `range`.
    public func decodeNumber(in range: ClosedRange<Double>? = nil, _ faults: inout JSONFaults) -> Double? {
        guard let number = double else {
            guard kind == .integer else { return refuse("a number", &faults) }
            faults.add(at: self, "is out of range" + (range.map { ": \(Self.rule($0))" } ?? ""))
            return nil
        }
        if let range, !range.contains(number) {
            faults.add(at: self, "\(Self.rule(range)), not \(numberText)")
            return nil
        }
        return number
    }

    private static func rule(_ range: ClosedRange<Double>) -> String {
        let lower = range.lowerBound, upper = range.upperBound
        let isOpenBelow = lower <= -.greatestFiniteMagnitude, isOpenAbove = upper >= .greatestFiniteMagnitude
        if isOpenBelow { return "must be at most \(text(upper))" }
        return isOpenAbove ? "must be at least \(text(lower))" : "must be from \(text(lower)) to \(text(upper))"
    }

    private static func text(_ number: Double) -> String {
        Int(exactly: number).map(\.description) ?? number.description
    }

    private var numberText: String {
        (integerText ?? double?.description ?? "").abbreviatedForFault
    }

    /// The truth value.
    public func decodeBool(_ faults: inout JSONFaults) -> Bool? {
        guard let bool else { return refuse("true or false", &faults) }
        return bool
    }

    /// One of the words `allowed`, exactly as written there.
    public func decodeChoice(of allowed: [String], _ faults: inout JSONFaults) -> String? {
        guard let word = decodeString(&faults) else { return nil }
        if allowed.contains(word) { return word }
        let list = allowed.map { "\"\($0)\"" }.joined(separator: ", ")
        faults.add(at: self, "must be one of \(list), not \"\(word.abbreviatedForFault)\"")
        return nil
    }

    /// The array, with a count within `counts`.
    public func decodeArray(count counts: ClosedRange<Int>? = nil, _ faults: inout JSONFaults) -> JSONValue? {
        guard kind == .array else { return refuse("an array", &faults) }
        if let counts, !counts.contains(count) {
            let rule =
                counts.upperBound == .max
                ? "at least \(counts.lowerBound)"
                : counts.lowerBound == 0
                    ? "at most \(counts.upperBound)" : "from \(counts.lowerBound) to \(counts.upperBound)"
            faults.add(at: self, "must have \(rule) elements, not \(count)")
            return nil
        }
        return self
    }

    /// The object.
    public func decodeObject(_ faults: inout JSONFaults) -> JSONValue? {
        kind == .object ? self : refuse("an object", &faults)
    }

    /// The ID: a string of 1 to 256 bytes of UTF-8 without control characters (C0, DEL, C1), or an integer, which means
    /// its decimal text. A number with a fraction or an exponent is refused: its text is not unique.
    public func decodeIdentifier(_ faults: inout JSONFaults) -> String? {
        guard let text = integerText ?? string else {
            return refuse("a string or an integer", &faults, found: kind == .double ? numberText : nil)
        }
        if let problem = JSONIdentifier.problem(in: text.utf8Span.span) {
            faults.add(at: self, problem)
            return nil
        }
        return text
    }

    /// The moment in Unix milliseconds: an RFC 3339 string, or Unix seconds as a number (fractions down to the
    /// millisecond), within the years 0000 to 9999.
    public func decodeTimestamp(_ faults: inout JSONFaults) -> Int64? {
        if let string {
            if let milliseconds = RFC3339.parse(string) { return milliseconds }
            faults.add(at: self, "is not an RFC 3339 time like \"2026-03-01T12:30:00Z\"")
            return nil
        }
        guard kind == .integer || kind == .double else { return refuse("an RFC 3339 time or Unix seconds", &faults) }
        let milliseconds = ((double ?? .infinity) * 1000).rounded()
        guard Double(RFC3339.earliest)...Double(RFC3339.latest) ~= milliseconds else {
            faults.add(at: self, "is outside the years 0000 to 9999; Unix seconds are expected")
            return nil
        }
        return Int64(milliseconds)
    }

    /// Adds a fault for every member whose name an earlier member of the same object has, here and in all that is
    /// inside: for objects whose names are free, which no ``JSONObjectDecoder`` reads.
    public func refuseDuplicates(_ faults: inout JSONFaults) {
        switch kind {
        case .object:
            // By bytes: texts that only look alike are equal as `String`.
            var seen = Set<[UInt8]>(minimumCapacity: count)
            for (name, value) in members {
                if !seen.insert(Array(name.utf8)).inserted {
                    faults.add(at: value, "member \"\(name.abbreviatedForFault)\" appears more than once")
                }
                value.refuseDuplicates(&faults)
            }
        case .array: for element in elements { element.refuseDuplicates(&faults) }
        default: break
        }
    }

    private func refuse<Result>(_ expected: String, _ faults: inout JSONFaults, found: String? = nil) -> Result? {
        faults.add(at: self, Self.mismatch(expected: expected, self, found: found))
        return nil
    }

    static func mismatch(expected: String, _ value: JSONValue, found: String? = nil) -> String {
        "expected \(expected), found \(found ?? value.kind.noun)"
    }
}

extension JSONValue.Kind {
    var noun: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
