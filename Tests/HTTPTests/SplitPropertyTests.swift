import HTTP
import TestSupport
import Testing

/// For any octets, however cut, the outcome is the same; and what is accepted is what the RFC lets pass.
@Suite struct SplitPropertyTests {
    /// What mutations put in: the octets and words that framing hangs on.
    private static let fragments: [String] = [
        "\r\n", "\n", "\r", " ", "\t", ":", ",", ";", "\0", "\u{7F}", "0", "%00", "%2", "\r\n\r\n", "0\r\n\r\n",
        "chunked",
        "/", "*",
        "Host: a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "HTTP/1.0",
        "Expect: 100-continue\r\n", "GET / HTTP/1.1\r\n", "\"", "ffffffffffffffff", "[::1]", "http://a/",
    ]

    @Test(arguments: 0..<32 as Range<UInt64>)
    func `any split of any mutated file has the outcome of the whole`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let memory = GuardedMemory(capacity: 65536)
        for _ in 0..<60 {
            let octets = Self.mutant(&generator)
            var conversation = Conversation(memory: memory)
            conversation.receive(octets[...])
            let whole = conversation.finish()
            for head in conversation.heads { Self.checkAccepted(head, seed) }
            let single = octets.indices.map { octets[$0...$0] }
            #expect(Conversation.transcript(single, memory: memory) == whole, "seed \(seed): \(octets)")
            let pieces = Self.split(octets, &generator)
            #expect(Conversation.transcript(pieces, memory: memory) == whole, "seed \(seed): \(octets)")
        }
    }

    private static func mutant(_ generator: inout SeededGenerator) -> [UInt8] {
        let files = CorpusFile.all
        var octets = files[Int.random(in: 0..<files.count, using: &generator)].octets
        for _ in 0..<Int.random(in: 1...3, using: &generator) { mutate(&octets, &generator) }
        return octets
    }

    private static func mutate(_ octets: inout [UInt8], _ generator: inout SeededGenerator) {
        let position = Int.random(in: 0...octets.count, using: &generator)
        let end = min(octets.count, position + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: octets.insert(UInt8.random(in: 0...255, using: &generator), at: position)
        case 1: octets.removeSubrange(position..<end)
        case 2: octets.insert(contentsOf: octets[position..<end], at: position)
        case 3:
            let fragment = fragments[Int.random(in: 0..<fragments.count, using: &generator)]
            octets.insert(contentsOf: fragment.utf8, at: position)
        default:
            if position < octets.count { octets[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        }
    }

    private static func split(_ octets: [UInt8], _ generator: inout SeededGenerator) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = octets[...]
        while !rest.isEmpty {
            let count = Int.random(in: 0...min(rest.count, 12), using: &generator)
            pieces.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    // The slow and obvious reading of an accepted head, in text: what no strict recipient may ever have let through.
    private static func checkAccepted(_ head: [UInt8], _ seed: UInt64) {
        let text = String(head.map { Character(UnicodeScalar($0)) })
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if scalar == "\n" { #expect(index > 0 && scalars[index - 1] == "\r", "seed \(seed): \(head)") }
            if scalar == "\r" {
                #expect(index + 1 < scalars.count && scalars[index + 1] == "\n", "seed \(seed): \(head)")
            }
            #expect(scalar.value >= 0x20 && scalar.value != 0x7F || "\r\n\t".unicodeScalars.contains(scalar))
        }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true).map { $0.lowercased() }
        let requestLine = lines.removeFirst()
        #expect(requestLine.split(separator: " ", omittingEmptySubsequences: false).count == 3)
        func count(_ name: String) -> Int { lines.filter { $0.hasPrefix("\(name):") }.count }
        #expect(count("host") == 1 || requestLine.hasSuffix("http/1.0") && count("host") == 0, "seed \(seed): \(head)")
        #expect(count("content-length") + count("transfer-encoding") <= 1, "seed \(seed): \(head)")
        for line in lines {
            #expect(line.first?.isWhitespace == false, "seed \(seed): \(head)")
            #expect(line.prefix { $0 != ":" }.allSatisfy { $0.isASCII && !$0.isWhitespace }, "seed \(seed): \(head)")
        }
        #expect(!text.contains("\u{0}") && head.suffix(4).elementsEqual([13, 10, 13, 10]), "seed \(seed): \(head)")
    }
}
