import HTTP

// What the parser and the decoder are given in tests ends at a page that nobody may touch.
extension HTTPRequestParser {
    /// Parses a copy of the octets that ends at a guard page.
    mutating func parse(
        guarded octets: some Collection<UInt8>, into request: inout HTTPRequest
    ) throws(Failure) -> Outcome {
        try GuardedMemory(capacity: octets.count).lend(Array(octets)) { (span) throws(Failure) in
            try parse(span, into: &request)
        }
    }
}

extension HTTPBodyDecoder {
    /// Decodes a copy of the octets that ends at a guard page.
    mutating func decode(
        guarded octets: some Collection<UInt8>, consumed: inout Int
    ) throws(HTTPRequestParser.Failure) -> Event {
        try GuardedMemory(capacity: octets.count).lend(Array(octets)) { (span) throws(HTTPRequestParser.Failure) in
            try decode(span, consumed: &consumed)
        }
    }
}
