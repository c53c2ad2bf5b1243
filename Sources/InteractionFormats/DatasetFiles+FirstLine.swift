import JSON

extension DatasetFiles {
    /// Judges a file by its first line that is not empty.
    struct FirstLine {
        private let text: String

        init(_ beginning: [UInt8]) {
            var lines = LineSplitter(limit: 4_096)
            var position = 0
            var line: [UInt8] = []
            let found = lines.next(in: beginning.span, from: &position)
            if case .line(let range) = found {
                line = Array(beginning[range])
            } else if lines.finish() == .carriedLine {
                line = lines.carried
            }
            let content = lines.content(of: line.span)
            text = String(decoding: line[content], as: UTF8.self)
        }

        var layout: DatasetLayout? {
            if text.drop(while: { $0 == " " || $0 == "\t" }).first == "{" { return layoutOfObject }
            let tabbed = text.split(separator: "\t", omittingEmptySubsequences: false)
            if tabbed.contains(where: { $0.hasPrefix("user_id:token") }) { return .recBole }
            let commas = text.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("\"") && $0.hasSuffix("\"") && $0.utf8.count >= 2 ? $0.dropFirst().dropLast() : $0 }
            if commas.contains("userId") && commas.contains("movieId") { return .movieLensCSV }
            // One of the two names is enough: the reader then says what is wrong with the other.
            if commas.contains("user_id") || commas.contains("item_id") { return .csv }
            if tabbed.count == 4 && areNumbers(tabbed.dropFirst(2)) { return .movieLens100K }
            let fields = text.split(separator: "::", omittingEmptySubsequences: false)
            if fields.count == 4 && areNumbers(fields.dropFirst(2)) { return .movieLens1M }
            return nil
        }

        /// Whose names its members have; ours where that is not said.
        private var layoutOfObject: DatasetLayout {
            guard let object = try? JSONParser().parse(Array(text.utf8)).root else { return .ndjson }
            func hasAny(_ names: String...) -> Bool { names.contains { object[$0] != nil } }
            if hasAny("user_id", "item_id") { return .ndjson }
            if hasAny("FeedbackType", "UserId", "ItemId") { return .gorse }
            return hasAny("userId", "itemId") ? .recombee : .ndjson
        }

        private func areNumbers(_ fields: ArraySlice<Substring>) -> Bool {
            fields.allSatisfy { field in
                let bytes = Array(field.utf8)
                return DecimalNumber.double(bytes.span) != nil
            }
        }
    }
}
