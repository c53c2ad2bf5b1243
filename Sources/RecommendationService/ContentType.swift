/// What a `Content-Type` declares: a media type, and the charsets among its parameters (RFC 9110, section 8.3).
struct ContentType: Sendable, Equatable {
    /// The media type in small letters, without its parameters.
    var mediaType: String
    /// The values of the parameters called `charset`, in small letters; more than one where they are repeated.
    var charsets: [String] = []

    /// Reads a field's value. What is no media type becomes one that nobody knows.
    init(_ value: String) {
        var parts = Self.split(value)
        mediaType = Self.trimmed(parts.removeFirst()).lowercased()
        for part in parts {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard Self.trimmed(sides[0]).lowercased() == "charset" else { continue }
            charsets.append(sides.count > 1 ? Self.unquoted(Self.trimmed(sides[1])).lowercased() : "")
        }
    }

    /// The first charset that is not UTF-8, nor ASCII, which UTF-8 contains; a parameter without a value is one too.
    var foreignCharset: String? {
        charsets.first { !["utf-8", "utf8", "us-ascii", "ascii"].contains($0) }
    }

    /// The parts between semicolons, those within quotes left alone.
    private static func split(_ value: String) -> [Substring] {
        var parts: [Substring] = []
        var start = value.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in value.indices {
            switch value[index] {
            case _ where isEscaped: isEscaped = false
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case ";" where !isQuoted:
                parts.append(value[start..<index])
                start = value.index(after: index)
            default: break
            }
        }
        return parts + [value[start...]]
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let tail = text.drop { $0 == " " || $0 == "\t" }
        guard let end = tail.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return tail[...end]
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 else { return String(text) }
        var isEscaped = false
        return String(
            text.dropFirst().dropLast().filter { character in
                isEscaped = character == "\\" && !isEscaped
                return !isEscaped
            })
    }
}
