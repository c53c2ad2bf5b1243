import HTTP
import HTTPServer
import JSON

/// The query of a request, every parameter by name; unknown, repeated and ill-formed ones are faults like those of a body.
struct QueryParameters {
    private var values: [String: String] = [:]
    private(set) var faults = JSONFaults()

    /// Reads the query of `request`, which may hold `known` parameters.
    init(_ request: ServerRequest, known: [String]) {
        do {
            for (name, value) in try HTTPQuery(of: request.head) {
                if !known.contains(name) {
                    let nearest = NearestName.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
                    faults.add("?\(name)", "unknown parameter \"\(name)\"\(nearest)")
                } else if values.updateValue(value, forKey: name) != nil {
                    faults.add("?\(name)", "the parameter is given twice")
                }
            }
        } catch {
            faults.add("?", "the query is not percent-encoded as RFC 3986 says")
        }
    }

    /// Throws if `request` has a query at all, on routes that take none: a parameter in the wrong place must not silently do
    /// nothing.
    static func refuse(in request: ServerRequest) throws(Problem) {
        guard request.head.query != nil else { return }
        try QueryParameters(request, known: []).check()
    }

    /// Throws if anything was wrong with the parameters read so far.
    func check() throws(Problem) {
        guard !faults.isEmpty else { return }
        var problem = Problem(.badRequest, "The query is not as this route takes it.")
        problem.faults = faults
        throw problem
    }

    func string(_ name: String) -> String? { values[name] }

    /// A parameter is not as it has to be.
    mutating func add(_ name: String, _ detail: String) { faults.add("?\(name)", detail) }

    /// An ID: 1 to 256 bytes without control characters.
    mutating func identifier(_ name: String) -> String? {
        guard let value = values[name] else { return nil }
        if let problem = JSONIdentifier.problem(in: value) {
            faults.add("?\(name)", problem)
            return nil
        }
        return value
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value), range.contains(number) else {
            faults.add(
                "?\(name)",
                "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \"\(value)\"")
            return nil
        }
        return number
    }

    mutating func bool(_ name: String) -> Bool? {
        switch values[name] {
        case nil: return nil
        case "true", "1": return true
        case "false", "0": return false
        case .some(let value):
            faults.add("?\(name)", "expected true or false, found \"\(value)\"")
            return nil
        }
    }

    /// A duration of whole hours or days, `24h` or `7d`.
    mutating func hours(_ name: String, upTo longest: Int) -> (hours: Int, text: String)? {
        guard let value = values[name] else { return nil }
        let digits = value.utf8.dropLast()
        let unit = value.utf8.last == UInt8(ascii: "h") ? 1 : value.utf8.last == UInt8(ascii: "d") ? 24 : 0
        // Seven digits do not overflow, and are more than any range.
        if unit > 0, (1...7).contains(digits.count), digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = Int(Substring(digits)), (1...longest).contains(number * unit)
        {
            return (number * unit, value)
        }
        faults.add(
            "?\(name)", "expected hours or days from 1h to \(longest)h, such as 24h or 7d, found \"\(value)\"")
        return nil
    }

    /// One of the words that stand for `choices`.
    mutating func choice<Choice: RawRepresentable<String>>(_ name: String, of choices: [Choice]) -> Choice? {
        guard let value = values[name] else { return nil }
        if let choice = choices.first(where: { $0.rawValue == value }) { return choice }
        let words = choices.map(\.rawValue).joined(separator: ", ")
        faults.add("?\(name)", "expected one of \(words), found \"\(value)\"")
        return nil
    }

    /// An ``ItemFilter`` as JSON, whose faults are told by their place in it.
    mutating func filter(_ name: String) -> ItemFilter? {
        guard let value = values[name] else { return nil }
        do {
            let document = try JSONParser().parse(Array(value.utf8))
            var found = JSONFaults()
            var decoder = ItemFilterDecoder()
            let filter = decoder.filter(document.root, &found)
            for fault in found.faults { faults.add("?\(name)\(fault.pointer)", fault.detail) }
            return filter
        } catch {
            faults.add("?\(name)", "is not JSON: \(error.reason)")
            return nil
        }
    }

    /// IDs separated by commas, so none with a comma in it.
    mutating func identifiers(_ name: String) -> [String]? {
        guard let list = list(name) else { return nil }
        for id in list {
            if let problem = JSONIdentifier.problem(in: id) { faults.add("?\(name)", problem) }
        }
        return list
    }

    /// Names separated by commas.
    func list(_ name: String) -> [String]? {
        // Byte by byte: a comma and a combining mark behind it make one character.
        values[name]?.utf8.split(separator: UInt8(ascii: ",")).compactMap { String($0) }
    }
}
