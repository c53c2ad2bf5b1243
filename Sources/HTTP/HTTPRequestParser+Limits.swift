extension HTTPRequestParser {
    /// How much of everything a client may send; a value at the limit is served, one past it refused.
    public struct Limits: Sendable, Equatable {
        /// Octets of the request line without its CRLF; more are answered 414.
        public var requestLine: Int
        /// Octets of all field lines with their CRLFs; more are answered 431.
        public var fieldSection: Int
        /// Field lines; more are answered 431.
        public var fieldCount: Int
        /// Octets of all trailer lines with their CRLFs; more are answered 431.
        public var trailerSection: Int
        /// Octets of all chunk extensions of one message together; more are answered 400.
        public var chunkExtension: Int
        /// Octets of chunk framing (sizes, extensions, CRLFs) of one message beyond as many as it has content; more
        /// are answered 400. It bounds what tiny chunks can cost.
        public var chunkOverhead: Int

        /// Limits of these sizes; each default is the service's own.
        public init(
            requestLine: Int = 8192,
            fieldSection: Int = 32768,
            fieldCount: Int = 100,
            trailerSection: Int = 8192,
            chunkExtension: Int = 4096,
            chunkOverhead: Int = 65536
        ) {
            precondition(
                requestLine >= 0 && fieldSection >= 0 && requestLine < 1 << 30 && fieldSection < 1 << 30,
                "positions in a head are counted in 32 bits")
            self.requestLine = requestLine
            self.fieldSection = fieldSection
            self.fieldCount = fieldCount
            self.trailerSection = trailerSection
            self.chunkExtension = chunkExtension
            self.chunkOverhead = chunkOverhead
        }
    }
}
