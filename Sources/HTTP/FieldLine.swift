/// One field line: `name ":" OWS value OWS` (RFC 9112, section 5).
enum FieldLine {
    typealias Failure = HTTPRequestParser.Failure

    /// Judges a line whose octets are known to be no controls but tabs.
    static func parse(_ bytes: Span<UInt8>, _ line: Range<Int>, isFirst: Bool) throws(Failure) -> HTTPFields.Line {
        let colon = bytes.end(of: TokenOctets.self, in: line)
        guard colon < line.upperBound, bytes[colon] == Octets.colon, colon > line.lowerBound else {
            throw failure(bytes, line, stoppedAt: colon, isFirst: isFirst)
        }
        let value = bytes.trimmingBlanks(colon + 1..<line.upperBound)
        return HTTPFields.Line(
            name: HTTPFields.Extent(line.lowerBound..<colon),
            value: HTTPFields.Extent(value)
        )
    }

    /// Why a line is refused for a control octet: it stands before or after the colon.
    static func failure(whenControlAt position: Int, _ bytes: Span<UInt8>, from start: Int) -> Failure {
        for index in start..<position where bytes[index] == Octets.colon { return .invalidFieldValue }
        return .invalidFieldName
    }

    private static func failure(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        stoppedAt position: Int,
        isFirst: Bool
    ) -> Failure {
        guard position < line.upperBound else { return .missingColon }
        guard Octets.isBlank(bytes[position]) else { return .invalidFieldName }
        if position == line.lowerBound { return isFirst ? .whitespaceBeforeFirstField : .obsoleteLineFolding }
        var next = position
        while next < line.upperBound, Octets.isBlank(bytes[next]) { next += 1 }
        guard next < line.upperBound else { return .missingColon }
        return bytes[next] == Octets.colon ? .whitespaceBeforeColon : .invalidFieldName
    }
}
