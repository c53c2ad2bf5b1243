import HTTP

/// What a server makes of the octets of one connection, told line by line: heads, contents, ends and failures.
///
/// It does what a connection does and nothing more: parse a head, decode the body, and so on until the client asks for
/// the close or something fails. Every octet it looks at lies before a guard page.
struct Conversation {
    private var parser: HTTPRequestParser
    private var request = HTTPRequest()
    private var decoder: HTTPBodyDecoder?
    private let limits: HTTPRequestParser.Limits
    private let maximumLength: UInt64?
    private let memory: GuardedMemory
    private var unread: [UInt8] = []
    private var content: [UInt8] = []
    private var isOver = false
    private var lines: [String] = []

    /// The octets of each head that was accepted.
    private(set) var heads: [[UInt8]] = []

    init(
        limits: HTTPRequestParser.Limits = HTTPRequestParser.Limits(),
        maximumLength: UInt64? = nil,
        memory: GuardedMemory = GuardedMemory(capacity: 65536)
    ) {
        self.limits = limits
        self.maximumLength = maximumLength
        self.memory = memory
        parser = HTTPRequestParser(limits: limits)
    }

    /// Everything that `pieces` lead to when no more comes.
    static func transcript(
        _ pieces: some Sequence<ArraySlice<UInt8>>,
        limits: HTTPRequestParser.Limits = HTTPRequestParser.Limits(),
        maximumLength: UInt64? = nil,
        memory: GuardedMemory = GuardedMemory(capacity: 65536)
    ) -> [String] {
        var conversation = Conversation(limits: limits, maximumLength: maximumLength, memory: memory)
        for piece in pieces { conversation.receive(piece) }
        return conversation.finish()
    }

    mutating func receive(_ piece: ArraySlice<UInt8>) {
        unread.append(contentsOf: piece)
        do throws(HTTPRequestParser.Failure) {
            while !isOver, try step() {}
        } catch {
            flushContent()
            lines.append("failure \(error.status.code) \(error)")
            isOver = true
        }
    }

    mutating func finish() -> [String] {
        flushContent()
        if !isOver && (decoder != nil || !unread.isEmpty) { lines.append("incomplete") }
        return lines
    }

    // False when more octets are needed.
    private mutating func step() throws(HTTPRequestParser.Failure) -> Bool {
        guard decoder == nil else { return try stepBody() }
        let outcome = try memory.lend(unread) { (octets) throws(HTTPRequestParser.Failure) in
            try parser.parse(octets, into: &request)
        }
        guard case .head(let consumed) = outcome else { return false }
        heads.append(Array(unread.prefix(consumed)))
        unread.removeFirst(consumed)
        lines.append(describe(request))
        decoder = HTTPBodyDecoder(framing: request.framing, limits: limits, maximumLength: maximumLength)
        return true
    }

    private mutating func stepBody() throws(HTTPRequestParser.Failure) -> Bool {
        guard var current = decoder else { return true }
        var consumed = 0
        let event = try memory.lend(unread) { (octets) throws(HTTPRequestParser.Failure) in
            try current.decode(octets, consumed: &consumed)
        }
        decoder = current
        if case .content(let range) = event { content.append(contentsOf: unread[range]) }
        unread.removeFirst(consumed)
        guard event == .end else { return event != .needsMoreBytes }
        decoder = nil
        flushContent()
        lines.append(request.keepAlive ? "end" : "closed")
        isOver = !request.keepAlive
        return true
    }

    private mutating func flushContent() {
        guard !content.isEmpty else { return }
        let escaped = content.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            default: String(UnicodeScalar(byte))
            }
        }
        lines.append("content " + escaped.joined())
        content = []
    }

    private func describe(_ request: HTTPRequest) -> String {
        let query = request.query.map { "?\($0)" } ?? ""
        let version = "HTTP/\(request.version.major).\(request.version.minor)"
        let connection = request.keepAlive ? "keep-alive" : "close"
        let expects = request.expectsContinue ? " expects-continue" : ""
        let authority = request.authority ?? "-"
        return "head \(request.method.rawValue) \(request.path)\(query) \(version) \(authority) \(connection)\(expects)"
    }
}
