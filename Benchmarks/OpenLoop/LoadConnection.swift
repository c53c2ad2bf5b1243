import Glibc
import Networking

/// One connection, with at most one request on its way; tells the generator when that has come to its end.
final class LoadConnection: EventHandler {
    /// How a request ended, when not in an answer that is a success.
    enum Failure: String, CaseIterable {
        case closed = "connection closed before the answer"
        case malformed = "answer not understood"
        case status = "answer without success"
        case unanswered = "no answer before the end"
    }

    private let transport: Transport
    private let request: [UInt8]
    private unowned let generator: LoadGenerator
    private var registration: EventLoop.Registration?
    private var sent = 0
    private var answer = [UInt8](repeating: 0, count: 1 << 16)
    private var received = 0
    /// When the request on its way should have been sent, by the schedule; nil when none is.
    private(set) var intended: MonotonicInstant?
    private(set) var isClosed = false

    init(_ transport: Transport, request: [UInt8], generator: LoadGenerator) throws {
        self.transport = transport
        self.request = request
        self.generator = generator
        registration = try generator.loop.register(
            transport.descriptorNumber, interest: .readable, handler: self)
    }

    /// Sends the request that was due at this moment.
    func begin(_ intended: MonotonicInstant) {
        self.intended = intended
        sent = 0
        received = 0
        write()
    }

    /// Closes without a word to the generator.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let registration { generator.loop.deregister(registration) }
        transport.close()
    }

    func deadlinePassed() {}

    func descriptorReady(_ readiness: Readiness) {
        if readiness.contains(.writable), sent < request.count { write() }
        guard !isClosed else { return }
        switch transport.read(into: &answer, at: received) {
        case .read(let count):
            received += count
            examine()
        case .wouldBlock: break
        case .endOfStream, .failed: fail(.closed)
        }
    }

    private func write() {
        let (octets, rest) = (request, sent..<request.count)
        switch transport.write(octets.span.extracting(rest)) {
        case .writtenCompletely: sent = request.count
        case .writtenPartially(let count): sent += count
        case .wouldBlock: break
        case .failed: return fail(.closed)
        }
        guard let registration else { return }
        generator.loop.setInterest(sent < request.count ? [.readable, .writable] : .readable, of: registration)
    }

    private func examine() {
        guard let intended else { return fail(.malformed) }
        let octets = answer
        guard let head = AnswerHead(octets.span.extracting(0..<received)) else {
            if received == octets.count { fail(.malformed) }
            return
        }
        // One longer than the buffer, or followed by what nobody has asked for, is not what was measured.
        guard head.length <= octets.count, head.length >= received else { return fail(.malformed) }
        guard head.length == received else { return }
        self.intended = nil
        generator.ended(self, intended, (200..<300).contains(head.status) ? nil : .status)
    }

    private func fail(_ failure: Failure) {
        close()
        guard let intended else { return generator.lost(self) }
        self.intended = nil
        generator.ended(self, intended, failure)
    }
}

/// The status of an answer and how many octets it is in all; only answers with Content-Length are understood.
struct AnswerHead {
    let status: Int
    let length: Int

    /// Nil while the head is not complete.
    init?(_ octets: Span<UInt8>) {
        guard octets.count > 12, let end = Self.end(octets) else { return nil }
        status = (9..<12).reduce(0) { $0 * 10 + Int(octets[$1]) - 0x30 }
        length = end + Self.contentLength(octets.extracting(..<end))
    }

    private static func end(_ octets: Span<UInt8>) -> Int? {
        var index = 3
        while index < octets.count {
            if octets[index] == 10, octets[index - 1] == 13, octets[index - 2] == 10 { return index + 1 }
            index += 1
        }
        return nil
    }

    private static func contentLength(_ head: Span<UInt8>) -> Int {
        let name: StaticString = "\ncontent-length:"
        let count = name.utf8CodeUnitCount
        guard head.count > count else { return 0 }
        for start in 0..<head.count - count where matches(head, start, name) {
            var length = 0
            var index = start + count
            while index < head.count, head[index] != 13 {
                if head[index] != 32 { length = length * 10 + Int(head[index]) - 0x30 }
                index += 1
            }
            return length
        }
        return 0
    }

    private static func matches(_ head: Span<UInt8>, _ start: Int, _ name: StaticString) -> Bool {
        name.withUTF8Buffer { name in
            for index in name.indices {
                let octet = head[start + index]
                let lowered = (0x41...0x5A).contains(octet) ? octet | 0x20 : octet
                guard unsafe lowered == name[index] else { return false }
            }
            return true
        }
    }
}
