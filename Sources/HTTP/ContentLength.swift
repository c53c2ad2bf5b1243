/// The value of a Content-Length: digits and nothing else (RFC 9110, section 8.6).
enum ContentLength {
    /// The number, which always fits into an `Int` too, so that no arithmetic behind it can overflow.
    static func parse(_ digits: Span<UInt8>) throws(HTTPRequestParser.Failure) -> UInt64 {
        guard digits.count > 0 else { throw .invalidContentLength }
        for index in 0..<digits.count where !Octets.isDigit(digits[index]) { throw .invalidContentLength }
        var length: Int64 = 0
        for index in 0..<digits.count {
            let (tens, overflowsTens) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(Int64(digits[index] - 0x30))
            guard !overflowsTens, !overflows else { throw .contentLengthOverflow }
            length = sum
        }
        return UInt64(length)
    }
}
