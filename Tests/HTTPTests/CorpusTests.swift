import HTTP
import Testing

@Suite struct CorpusTests {
    @Test func `the corpus is there`() {
        #expect(CorpusFile.all.count > 350)
        #expect(Set(CorpusFile.all.map(\.folder)).count == 3)
    }

    @Test(arguments: CorpusFile.all)
    func `delivered whole, a file has its outcome`(_ file: CorpusFile) {
        #expect(Conversation.transcript(file.whole) == file.expected)
    }

    @Test(arguments: CorpusFile.all)
    func `delivered octet by octet, a file has the same outcome`(_ file: CorpusFile) {
        #expect(Conversation.transcript(file.single) == file.expected)
    }

    @Test(arguments: CorpusFile.all)
    func `cut at any position, a file has the same outcome`(_ file: CorpusFile) {
        let memory = GuardedMemory(capacity: file.octets.count)
        for cut in 0...file.octets.count {
            let pieces = [file.octets[..<cut], file.octets[cut...]]
            #expect(Conversation.transcript(pieces, memory: memory) == file.expected, "cut at \(cut)")
        }
    }

    @Test(arguments: CorpusFile.all)
    func `a file's outcome begins with the outcome of each of its beginnings`(_ file: CorpusFile) {
        // Nothing is answered that later octets could take back: only content may still grow.
        for end in 0...file.octets.count {
            let lines = Conversation.transcript([file.octets[..<end]]).filter { $0 != "incomplete" }
            for (line, full) in zip(lines, file.expected) { #expect(full.hasPrefix(line), "ended at \(end)") }
            #expect(lines.count <= file.expected.count, "ended at \(end)")
        }
    }

    @Test func `every refused file is named after its status`() {
        for file in CorpusFile.all where file.folder == "rejected" {
            let status = file.name.prefix(3)
            #expect(file.expected.last?.hasPrefix("failure \(status) ") == true, "\(file.name)")
        }
    }

    @Test func `every failure but those of limits has a file`() {
        let told = Set(CorpusFile.all.compactMap { $0.expected.last?.split(separator: " ").last.map(String.init) })
        let ofLimits: Set<HTTPRequestParser.Failure> = [
            .requestLineTooLong, .fieldSectionTooLarge, .tooManyFields, .chunkExtensionsTooLong,
            .tooMuchChunkOverhead, .trailerSectionTooLarge, .contentTooLarge,
        ]
        for failure in HTTPRequestParser.Failure.allCases where !ofLimits.contains(failure) {
            #expect(told.contains("\(failure)"), "\(failure)")
        }
    }
}
