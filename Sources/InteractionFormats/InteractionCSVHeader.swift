import JSON

/// The header of interactions in CSV: which column is which.
enum InteractionCSVHeader {
    /// What is said where there is none.
    static let expectation =
        "the first line must name the columns, with commas between them, such as user_id,item_id,rating,timestamp"

    /// How much that is wrong with a header is told.
    private static let sentenceLimit = 10

    /// The columns that a header names, or a sentence for everything that is wrong with it, the first ten and how many more.
    static func columns(
        _ bytes: Span<UInt8>, _ ranges: [Range<Int>]
    ) throws(FieldText.Fault) -> [InteractionColumn?] {
        var columns: [InteractionColumn?] = []
        var sentences: [String] = []
        var more = 0
        for range in ranges {
            let name = FieldText.repairedText(bytes.extracting(range))
            if let column = InteractionColumn(rawValue: name) {
                if columns.contains(column) { tell("column \"\(name)\" is there twice", &sentences, &more) }
                columns.append(column)
            } else {
                tell(unknownColumn(name), &sentences, &more)
            }
        }
        for column in InteractionColumn.allCases where column.isRequired && !columns.contains(column) {
            sentences.append("column \"\(column.rawValue)\" is missing")
        }
        if columns.isEmpty, !isMistyped(bytes, ranges) {
            throw FieldText.Fault(detail: "this is no header: \(expectation)")
        }
        if more > 0 { sentences.append("and \(more) more") }
        guard sentences.isEmpty else { throw FieldText.Fault(detail: sentences.joined(separator: "; ")) }
        return columns
    }

    /// Whether all columns that have to be there nearly are; `user1` is a user, not `user_id`.
    private static func isMistyped(_ bytes: Span<UInt8>, _ ranges: [Range<Int>]) -> Bool {
        let nearest = ranges.map { range -> String? in
            let name = FieldText.repairedText(bytes.extracting(range))
            let hasDigit = name.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return hasDigit ? nil : NearestName.of(name, among: InteractionColumn.names)
        }
        return InteractionColumn.allCases.allSatisfy { !$0.isRequired || nearest.contains($0.rawValue) }
    }

    private static func tell(_ sentence: @autoclosure () -> String, _ sentences: inout [String], _ more: inout Int) {
        if sentences.count < sentenceLimit {
            sentences.append(sentence())
        } else {
            more += 1
        }
    }

    /// `unknown column "usr_id"; did you mean "user_id"?`, or what is known where nothing is near.
    private static func unknownColumn(_ name: String) -> String {
        let quoted = FieldText.quotation(of: name)
        if let nearest = NearestName.of(name, among: InteractionColumn.names) {
            return "unknown column \(quoted); did you mean \"\(nearest)\"?"
        }
        return "unknown column \(quoted); known are \(InteractionColumn.names.joined(separator: ", "))"
    }
}
