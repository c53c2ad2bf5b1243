import JSON

/// Points in time as rows hold them: RFC 3339, or Unix seconds with or without a fraction.
enum TimestampText {
    /// Milliseconds since 1970 out of a field, or the sentence that says why not.
    static func milliseconds(_ bytes: Span<UInt8>) throws(FieldText.Fault) -> Int64 {
        if let seconds = DecimalNumber.double(bytes) {
            if let milliseconds = milliseconds(fromSeconds: seconds) { return milliseconds }
            // By far the commonest cause is a clock that counts milliseconds.
            let quoted = FieldText.quotation(of: bytes)
            throw FieldText.Fault(detail: "\(quoted) is outside the years 0000 to 9999; Unix seconds are expected")
        }
        if let milliseconds = RFC3339.parse(bytes) { return milliseconds }
        throw FieldText.Fault(
            detail: "\(FieldText.quotation(of: bytes)) is neither an RFC 3339 time nor a number of Unix seconds")
    }

    /// Milliseconds since 1970 out of Unix seconds, whose fraction is rounded to the millisecond; nil beyond the years
    /// that RFC 3339 can write.
    private static func milliseconds(fromSeconds seconds: Double) -> Int64? {
        let milliseconds = (seconds * 1_000).rounded()
        return Double(RFC3339.earliest)...Double(RFC3339.latest) ~= milliseconds ? Int64(milliseconds) : nil
    }
}
