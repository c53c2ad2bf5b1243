/// What the fields of a head mean for the connection: whom it is for, where its content ends, whether to go on.
extension HTTPRequest {
    /// What the fields that matter here say, or where; one walk over the lines finds them all.
    private struct Findings {
        var host: HTTPFields.Extent?
        var contentLength: HTTPFields.Extent?
        var codings = TransferCodings()
        var closes = false
        var asksToKeepAlive = false
        var expectsContinue = false
    }

    /// Judges the fields together and fills in what follows from them; the octets are those of the whole head.
    mutating func resolve(_ octets: Span<UInt8>) throws(HTTPRequestParser.Failure) {
        let findings = try Self.examine(fields.lines.span, octets)
        try resolveHost(octets, findings)
        framing = try resolvedFraming(octets, findings)
        keepAlive = !findings.closes && (version >= .http11 || findings.asksToKeepAlive)
        // Nobody waits for a 100 in HTTP/1.0 (RFC 9110, section 10.1.1), nor without content to send.
        expectsContinue = findings.expectsContinue && version >= .http11 && framing.hasBody
    }

    private static func examine(
        _ lines: Span<HTTPFields.Line>, _ octets: Span<UInt8>
    ) throws(HTTPRequestParser.Failure) -> Findings {
        var findings = Findings()
        for index in 0..<lines.count { try examine(lines[index], octets, &findings) }
        return findings
    }

    @inline(__always)
    private static func examine(
        _ line: HTTPFields.Line, _ octets: Span<UInt8>, _ findings: inout Findings
    ) throws(HTTPRequestParser.Failure) {
        let name = line.name.range
        // The length of the name rules out nearly every field that is not looked for.
        switch name.count {
        case 4 where octets.equalsIgnoringCase("host", in: name):
            guard findings.host == nil else { throw .duplicateHost }
            findings.host = line.value
        case 6 where octets.equalsIgnoringCase("expect", in: name):
            try examineExpect(line.value.range, octets, &findings)
        case 10 where octets.equalsIgnoringCase("connection", in: name):
            examineConnection(line.value.range, octets, &findings)
        case 14 where octets.equalsIgnoringCase("content-length", in: name):
            guard findings.contentLength == nil else { throw .duplicateContentLength }
            findings.contentLength = line.value
        case 17 where octets.equalsIgnoringCase("transfer-encoding", in: name):
            try findings.codings.add(octets, line.value.range)
        default: break
        }
    }

    private static func examineExpect(
        _ value: Range<Int>, _ octets: Span<UInt8>, _ findings: inout Findings
    ) throws(HTTPRequestParser.Failure) {
        var list = FieldList(value)
        while let element = list.next(octets) {
            if element.isEmpty { continue }
            guard octets.equalsIgnoringCase("100-continue", in: element) else { throw .unknownExpectation }
            findings.expectsContinue = true
        }
    }

    private static func examineConnection(_ value: Range<Int>, _ octets: Span<UInt8>, _ findings: inout Findings) {
        var list = FieldList(value)
        while let element = list.next(octets) {
            if octets.equalsIgnoringCase("close", in: element) { findings.closes = true }
            if octets.equalsIgnoringCase("keep-alive", in: element) { findings.asksToKeepAlive = true }
        }
    }

    private mutating func resolveHost(
        _ octets: Span<UInt8>, _ findings: Findings
    ) throws(HTTPRequestParser.Failure) {
        guard let host = findings.host else {
            guard version < .http11 else { throw .missingHost }
            return
        }
        guard Authority.isValid(octets, host.range, portRequired: false) else { throw .invalidHost }
        // The authority of the target itself goes before Host (RFC 9112, section 3.2.2).
        authorityExtent = authorityExtent ?? host
    }

    private func resolvedFraming(
        _ octets: Span<UInt8>, _ findings: Findings
    ) throws(HTTPRequestParser.Failure) -> HTTPBodyFraming {
        if findings.codings.areGiven {
            // Whoever sends both, or codings to an old version, may be heard differently by somebody on the way.
            guard version >= .http11 else { throw .transferEncodingInHTTP10 }
            guard findings.contentLength == nil else { throw .contentLengthWithTransferEncoding }
            try findings.codings.validate()
            return .chunked
        }
        guard let length = findings.contentLength else { return .none }
        return .contentLength(try ContentLength.parse(octets.extracting(length.range)))
    }

    /// Copies the octets of the whole head, which all the ranges refer to.
    mutating func store(_ octets: Span<UInt8>) {
        fields.store(octets)
        guard pathExtent.count == 0, method != .connect else { return }
        // `http://host` alone names the path `/`, and with OPTIONS the server itself (RFC 9112, section 3.2.4). The
        // octet is added behind the head, where no other range reaches.
        fields.storage.append(method == .options && queryExtent == nil ? Octets.asterisk : Octets.slash)
        pathExtent = HTTPFields.Extent(octets.count..<octets.count + 1)
    }
}
