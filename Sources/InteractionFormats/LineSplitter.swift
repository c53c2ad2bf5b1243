import Glibc

/// Cuts a stream of bytes into lines, whatever pieces it arrives in.
///
/// A line ends with LF or CRLF, or with the input. Lines that lie within one chunk are named as a range of it and not
/// copied; only a line that straddles chunks is kept, and never more than the limit of it, so memory is bounded.
/// The outcome depends on the bytes alone, not on how they were cut: a line longer than the limit is reported once,
/// at its end, and reading goes on with the line after it.
struct LineSplitter: Sendable {
    /// What ``next(in:from:)`` came upon.
    enum Found: Equatable {
        /// A whole line: this range of the chunk, without its ending.
        case line(Range<Int>)
        /// A whole line that had begun in an earlier chunk: it is in ``carried``.
        case carriedLine
        /// A line over the limit has ended.
        case overlongLine
        /// The chunk is used up.
        case nothing
    }

    /// The longest line in bytes, without its ending.
    let limit: Int
    /// The number of the line found last, counted from 1.
    private(set) var lineNumber = 0
    /// The line that ``Found/carriedLine`` stands for; otherwise the beginning of a line not yet complete.
    private(set) var carried: [UInt8] = []
    /// How the line began that ``Found/overlongLine`` stands for: the first ``beginningLength`` bytes.
    private(set) var beginning: [UInt8] = []
    /// How much is kept of the beginning of a line over the limit.
    let beginningLength: Int

    private var isSkipping = false
    private var carriedIsComplete = false

    init(limit: Int, beginningLength: Int = 0) {
        self.limit = limit
        self.beginningLength = min(beginningLength, limit)
    }

    /// The next line that is not empty, beginning at `position` of `chunk`, which moves on behind it.
    mutating func next(in chunk: Span<UInt8>, from position: inout Int) -> Found {
        if carriedIsComplete { dropCarried() }
        while position < chunk.count {
            let start = position
            let end = indexOfLineFeed(in: chunk, from: start)
            guard let end else {
                position = chunk.count
                carry(chunk, start..<chunk.count)
                return .nothing
            }
            position = end + 1
            lineNumber += 1
            let found = close(chunk, start..<end)
            if found != .nothing { return found }
        }
        return .nothing
    }

    /// The last line, where the input did not end with a line feed.
    mutating func finish() -> Found {
        if carriedIsComplete { dropCarried() }
        guard isSkipping || !carried.isEmpty else { return .nothing }
        lineNumber += 1
        return closeCarried()
    }

    /// The range of `line` without a byte order mark, which only the first line may begin with.
    func content(of line: Span<UInt8>) -> Range<Int> {
        let hasMark = lineNumber == 1 && line.count >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF
        return (hasMark ? 3 : 0)..<line.count
    }

    private mutating func close(_ chunk: Span<UInt8>, _ range: Range<Int>) -> Found {
        if isSkipping || !carried.isEmpty {
            carry(chunk, range)
            return closeCarried()
        }
        let hasReturn = !range.isEmpty && chunk[range.upperBound - 1] == UInt8(ascii: "\r")
        let line = range.lowerBound..<(range.upperBound - (hasReturn ? 1 : 0))
        if line.count > limit {
            keepBeginning(chunk, line)
            return .overlongLine
        }
        return line.isEmpty ? .nothing : .line(line)
    }

    private mutating func closeCarried() -> Found {
        if isSkipping {
            isSkipping = false
            return .overlongLine
        }
        if carried.last == UInt8(ascii: "\r") { carried.removeLast() }
        if carried.count > limit {
            beginning = Array(carried.prefix(beginningLength))
            dropCarried()
            return .overlongLine
        }
        if carried.isEmpty { return .nothing }
        carriedIsComplete = true
        return .carriedLine
    }

    /// Keeps the beginning of a line. One byte over the limit is kept too: it may be the CR of its ending.
    private mutating func carry(_ chunk: Span<UInt8>, _ range: Range<Int>) {
        if isSkipping { return }
        if carried.count + range.count > limit + 1 {
            keepBeginning(chunk, range)
            dropCarried()
            isSkipping = true
            return
        }
        for index in range { carried.append(chunk[index]) }
    }

    /// Notes how a line began that is what was carried and then `range` of the chunk.
    private mutating func keepBeginning(_ chunk: Span<UInt8>, _ range: Range<Int>) {
        beginning = Array(carried.prefix(beginningLength))
        for index in range.prefix(beginningLength - beginning.count) { beginning.append(chunk[index]) }
    }

    private mutating func dropCarried() {
        carried.removeAll(keepingCapacity: true)
        carriedIsComplete = false
    }
}

private func indexOfLineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
    unsafe bytes.withUnsafeBytes { buffer in
        // From `start` on there are so many bytes, and a line feed is found among them or not at all.
        guard start < buffer.count, let base = buffer.baseAddress,
            let found = unsafe memchr(base + start, Int32(UInt8(ascii: "\n")), buffer.count - start)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }
}
