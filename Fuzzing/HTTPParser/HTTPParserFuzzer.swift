import HTTP

/// Called by libFuzzer with the octets of one connection: whatever they are and however they are cut, the outcome is the
/// same, and what is accepted is well-formed.
///
/// The octets end where their allocation ends, so the address sanitizer sees any look beyond them.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let octets = unsafe UnsafeBufferPointer(start: start, count: count).span
    let whole = Connection.outcome(of: octets) { _ in count }
    precondition(Connection.outcome(of: octets) { $0 + 1 } == whole, "octet by octet the outcome is another")
    // The cuts follow from the octets, so that a finding can be repeated.
    var state = UInt64(truncatingIfNeeded: count) | 1
    for index in 0..<count { state = (state ^ UInt64(octets[index])) &* 0x0000_0100_0000_01B3 }
    let cut = Connection.outcome(of: octets) { end in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return end + 1 + Int(state >> 59)
    }
    precondition(cut == whole, "cut here and there the outcome is another")
    return 0
}

/// What a server makes of the octets of one connection, without its sockets.
struct Connection {
    enum Event: Equatable {
        case head(
            method: HTTPMethod, target: String, path: String, query: String?, authority: String?, version: HTTPVersion,
            fields: [String], framing: HTTPBodyFraming, keepAlive: Bool, expectsContinue: Bool)
        case content([UInt8])
        case end
        case failure(HTTPRequestParser.Failure)
        case incomplete
    }

    private static let limits = HTTPRequestParser.Limits(
        requestLine: 200, fieldSection: 400, fieldCount: 30, trailerSection: 100, chunkExtension: 60, chunkOverhead: 200
    )

    private var parser = HTTPRequestParser(limits: limits)
    private var request = HTTPRequest()
    private var decoder: HTTPBodyDecoder?
    private var events: [Event] = []
    private var isOver = false
    /// How many octets are used up.
    private var used = 0

    /// All that follows from the octets when they come in pieces; `next` tells where the piece ends that begins here.
    static func outcome(of octets: Span<UInt8>, endOfPiece next: (Int) -> Int) -> [Event] {
        var connection = Connection()
        var end = 0
        repeat {
            end = min(next(end), octets.count)
            connection.receive(octets.extracting(..<end))
        } while end < octets.count && !connection.isOver
        if !connection.isOver, connection.decoder != nil || connection.used < octets.count {
            connection.events.append(.incomplete)
        }
        return connection.events
    }

    private mutating func receive(_ octets: Span<UInt8>) {
        do throws(HTTPRequestParser.Failure) {
            while !isOver, try step(octets.extracting(used...)) {}
        } catch {
            events.append(.failure(error))
            isOver = true
        }
    }

    // False when more octets are needed.
    private mutating func step(_ octets: Span<UInt8>) throws(HTTPRequestParser.Failure) -> Bool {
        guard decoder == nil else { return try stepBody(octets) }
        guard case .head(let consumed) = try parser.parse(octets, into: &request) else { return false }
        check(octets.extracting(..<consumed))
        used += consumed
        events.append(description)
        decoder = HTTPBodyDecoder(framing: request.framing, limits: Self.limits, maximumLength: 1000)
        return true
    }

    private mutating func stepBody(_ octets: Span<UInt8>) throws(HTTPRequestParser.Failure) -> Bool {
        var consumed = 0
        defer { used += consumed }
        switch try decoder?.decode(octets, consumed: &consumed) {
        case .content(let range):
            var content: [UInt8] = []
            for index in range { content.append(octets[index]) }
            // Pieces of content are as the octets came; only their sum is an outcome.
            if case .content(let before) = events.last {
                content = before + content
                events.removeLast()
            }
            events.append(.content(content))
            return true
        case .needsMoreBytes: return false
        case .end, nil:
            decoder = nil
            events.append(.end)
            isOver = !request.keepAlive
            return true
        }
    }

    private var description: Event {
        _ = try? HTTPQuery(of: request)
        _ = try? PercentDecoding.decode(request.path)
        return .head(
            method: request.method, target: request.target, path: request.path, query: request.query,
            authority: request.authority, version: request.version,
            fields: request.fields.map { "\($0.name):\($0.value)" },
            framing: request.framing, keepAlive: request.keepAlive, expectsContinue: request.expectsContinue)
    }

    /// What no head may hold that was accepted, told in the slowest way.
    private func check(_ head: Span<UInt8>) {
        for index in 0..<head.count {
            let isLineFeed = head[index] == 10
            precondition(isLineFeed == (index > 0 && head[index - 1] == 13), "CR and LF stand together")
            precondition(head[index] >= 32 && head[index] != 127 || [9, 10, 13].contains(head[index]), "no controls")
        }
        precondition(
            head.count >= 4 && head[head.count - 4] == 13 && head[head.count - 2] == 13, "an empty line ends it")
        let hosts = request.fields.values(of: .host).count
        precondition(hosts == 1 || hosts == 0 && request.version == .http10, "one Host")
        let lengths = request.fields.values(of: .contentLength).count
        precondition(lengths <= 1 && (lengths == 0 || !request.fields.contains(.transferEncoding)), "one framing")
    }
}
