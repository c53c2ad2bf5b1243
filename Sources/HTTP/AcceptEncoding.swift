extension HTTPFields {
    /// Whether a client that sends these fields takes gzip at least as gladly as the plain content (RFC 9110, section 12.5.3).
    /// One that has no `Accept-Encoding` did not ask for it.
    ///
    /// O(octets of these fields), without allocating: whoever asks sends as many elements as a field section holds.
    public var welcomesGzip: Bool {
        var qualities = CodingQualities()
        var index = firstIndex(of: .acceptEncoding)
        while let found = index {
            withValue(at: found) { qualities.note($0) }
            index = firstIndex(of: .acceptEncoding, from: found + 1)
        }
        let gzip = qualities.gzip ?? qualities.any ?? 0
        return gzip > 0 && gzip >= qualities.identity ?? 0
    }
}

/// What a client thinks of the codings that matter here, in thousandths; nil where it says nothing.
private struct CodingQualities {
    var gzip: Int?
    var identity: Int?
    var any: Int?

    mutating func note(_ value: Span<UInt8>) {
        var elements = FieldList(0..<value.count)
        while let element = elements.next(value) {
            var end = element.lowerBound
            while end < element.upperBound, value[end] != Octets.semicolon { end += 1 }
            let coding = value.trimmingBlanks(element.lowerBound..<end)
            let quality = Self.quality(value, end..<element.upperBound)
            if value.equalsIgnoringCase("gzip", in: coding) || value.equalsIgnoringCase("x-gzip", in: coding) {
                gzip = quality
            } else if value.equalsIgnoringCase("identity", in: coding) {
                identity = quality
            } else if value.equals("*", in: coding) {
                any = quality
            }
        }
    }

    /// The weight among the parameters, each of which begins with a semicolon; 1000 where there is none.
    private static func quality(_ value: Span<UInt8>, _ parameters: Range<Int>) -> Int {
        var start = parameters.lowerBound
        while start < parameters.upperBound {
            var end = start + 1
            while end < parameters.upperBound, value[end] != Octets.semicolon { end += 1 }
            let parameter = value.trimmingBlanks(start + 1..<end)
            if parameter.count >= 2, value.equalsIgnoringCase("q=", in: parameter.lowerBound..<parameter.lowerBound + 2)
            {
                return thousandths(value, parameter.lowerBound + 2..<parameter.upperBound)
            }
            start = end
        }
        return 1000
    }

    /// A qvalue: 0 or 1, and three decimals at most. One that is none counts as a refusal: plain content is right for
    /// everybody.
    private static func thousandths(_ value: Span<UInt8>, _ range: Range<Int>) -> Int {
        guard range.count >= 1, range.count <= 5, range.count == 1 || value[range.lowerBound + 1] == Octets.dot else {
            return 0
        }
        var result = 0
        for place in 0..<5 where place != 1 {
            let index = range.lowerBound + place
            let digit = index < range.upperBound ? Int(value[index]) - 0x30 : 0
            guard (0...9).contains(digit) else { return 0 }
            result = result * 10 + digit
        }
        return result <= 1000 ? result : 0
    }
}
