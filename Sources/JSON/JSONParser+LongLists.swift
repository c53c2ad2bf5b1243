extension JSONParser {
    /// How much of a text with a long list is parsed at a time: its tape and strings stay in a core's second cache.
    static let pieceLength = 1 << 16

    /// Parses a text like ``parse(_:)-([UInt8])``, and calls `body` with each element, and its position, of the list that its
    /// object's member `name` is; never where it is something else.
    ///
    /// Of a long list a piece is held as a document at a time, unless its elements are longer than some pieces: short ones take half of
    /// the time and a sixth of the memory so. Linear, with at most a few readings of the same bytes. Where this throws, nothing
    /// that `body` was given counts; nor does what came before, should position 0 come again.
    ///
    /// - Returns: The document; of a list in pieces it has the first elements and the last.
    public func parse(
        _ bytes: [UInt8], eachElementOf name: String, _ body: (Int, JSONValue) -> Void
    ) throws(JSONSyntaxError) -> JSONDocument {
        try parse(bytes, inPiecesOf: Self.pieceLength, eachElementOf: name, body)
    }

    func parse(
        _ bytes: [UInt8], inPiecesOf length: Int, eachElementOf name: String, _ body: (Int, JSONValue) -> Void
    ) throws(JSONSyntaxError) -> JSONDocument {
        var list = LongList(name: name, of: bytes, pieceLength: length, parser: self)
        if let document = list.read(body) { return document }
        let document = try parse(bytes)
        // As ``JSONObjectDecoder`` has it, of members of one name the first counts.
        document.root[name]?.forEachElement(body)
        return document
    }
}

/// A list that is a member of the object that a text is, read some thousand elements at a time.
///
/// A piece ends before a comma, and what is read is the piece made whole: `{"list":[1,2` with `]}` behind it, `3,4` with
/// `{"":[` before it too. If that is JSON, the comma stood between two elements: what an opening bracket, a string or a number
/// begun in front of the comma makes of `]}` is no JSON. So a comma is tried, and if it was none of those between elements, the
/// one at the end of a longer piece.
private struct LongList {
    private let name: String
    private let text: [UInt8]
    private let parser: JSONParser
    private var pieceLength: Int
    private let longest: Int
    // A piece made whole.
    private var whole: [UInt8] = []
    private var position = 0

    private static let head = Array(#"{"":["#.utf8)
    private static let tail = Array("]}".utf8)
    /// Commas tried before a piece is made longer.
    private static let tries = 2
    /// What a piece may grow to; where that is too short for an element, the rest is the last piece.
    private static let growth = 8

    init(name: String, of text: [UInt8], pieceLength: Int, parser: JSONParser) {
        self.name = name
        self.text = text
        self.pieceLength = pieceLength
        longest = pieceLength * Self.growth
        self.parser = parser
    }

    /// The text's document but for the elements in the middle of the list, once `body` has had all of them; nil, and nothing
    /// counts that `body` was given, where the text is not long, not known to have the list, or not JSON.
    mutating func read(_ body: (Int, JSONValue) -> Void) -> JSONDocument? {
        // The list is looked for in what a short text would be.
        guard text.count > 2 * pieceLength, let first = firstPiece() else { return nil }
        take(first.list, body)
        let begun = position
        var start = first.end + 1
        while let piece = nextPiece(from: start) {
            take(piece.list, body)
            start = piece.end + 1
        }
        // The beginning again, with the end: if the comma between them is one too many, this says so too.
        whole = Array(text[...first.end] + text[start...])
        guard let document = parser.documentIfAny(whole.span) else { return nil }
        document.root[name]?.forEachElement { index, element in
            guard index >= begun else { return }
            body(position, element)
            position += 1
        }
        return document
    }

    private mutating func take(_ list: JSONValue, _ body: (Int, JSONValue) -> Void) {
        let before = position
        list.forEachElement { index, element in
            body(before + index, element)
            position += 1
        }
    }

    /// Elements and the place of the comma behind them.
    private struct Piece {
        let list: JSONValue
        let end: Int
    }

    private mutating func firstPiece() -> Piece? {
        for end in commas(in: 0..<pieceLength) {
            set([], 0..<end, Self.tail)
            // Of members of one name the first counts, as when the text is read whole.
            guard let root = parser.documentIfAny(whole.span)?.root, let list = root[name], list.hasElements,
                list.isLastMember(of: root)
            else { continue }
            return Piece(list: list, end: end)
        }
        return nil
    }

    /// Nil where the rest of the text is the last piece.
    private mutating func nextPiece(from start: Int) -> Piece? {
        while pieceLength <= longest, start + pieceLength < text.count {
            for end in commas(in: start..<start + pieceLength) {
                set(Self.head, start..<end, Self.tail)
                guard let root = parser.documentIfAny(whole.span)?.root, let list = root[""], list.hasElements
                else { continue }
                // With a second member the list has ended before.
                return list.isLastMember(of: root) ? Piece(list: list, end: end) : nil
            }
            pieceLength *= 2
        }
        return nil
    }

    private mutating func set(_ head: [UInt8], _ piece: Range<Int>, _ tail: [UInt8]) {
        whole.removeAll(keepingCapacity: true)
        whole += head
        whole += text[piece]
        whole += tail
    }

    /// Where a piece may end within `range`, the last first: at commas behind objects, or at any where there are none.
    private func commas(in range: Range<Int>) -> [Int] {
        var found: [Int] = []
        var other: Int?
        var isBehind = false
        var comma = 0
        for place in range.reversed() {
            switch text[place] {
            case UInt8(ascii: ","):
                (isBehind, comma) = (true, place)
                other = other ?? place
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): break
            case UInt8(ascii: "}") where isBehind:
                found.append(comma)
                guard found.count < Self.tries else { return found }
                isBehind = false
            default: isBehind = false
            }
        }
        return found.isEmpty ? [other].compactMap(\.self) : found
    }
}

extension JSONValue {
    fileprivate var hasElements: Bool { kind == .array && lastIndex > index + 1 }

    fileprivate func isLastMember(of object: JSONValue) -> Bool { tape.next(index) == object.lastIndex }
}
