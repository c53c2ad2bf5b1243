import JSON

/// Points in time as rows hold them: RFC 3339, or Unix seconds with or without a fraction.
enum TimestampText {
    /// Unix seconds from year 1 to year 9999, the times that RFC 3339 can write.
    static let secondsRange: ClosedRange<Double> = -62_135_596_800...253_402_300_799.999

    /// Milliseconds since 1970 out of a field, or the sentence that says why not.
    static func milliseconds(_ bytes: Span<UInt8>) throws(FieldText.Fault) -> Int64 {
        if let seconds = DecimalNumber.double(bytes) { return try milliseconds(fromSeconds: seconds) }
        if bytes.count >= 20, bytes.count <= 64, let utf8 = try? UTF8Span(validating: bytes),
            let milliseconds = RFC3339.parse(String(copying: utf8))
        {
            return milliseconds
        }
        throw FieldText.Fault(
            detail: "\(FieldText.quotation(of: bytes)) is neither an RFC 3339 time nor a number of Unix seconds")
    }

    /// Milliseconds since 1970 out of Unix seconds.
    static func milliseconds(fromSeconds seconds: Double) throws(FieldText.Fault) -> Int64 {
        guard secondsRange.contains(seconds) else {
            // By far the commonest cause is a clock that counts milliseconds.
            throw FieldText.Fault(detail: "\(seconds) lies outside the years 1 to 9999: it counts seconds, not milliseconds")
        }
        return Int64((seconds * 1_000).rounded())
    }
}
