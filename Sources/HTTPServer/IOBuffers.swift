/// Octets that came and are not used up: a buffer borrowed from the loop, and where they lie in it.
struct InputBuffer {
    var bytes: [UInt8] = []
    var start = 0
    var end = 0

    var isEmpty: Bool { start == end }
    var count: Int { end - start }
    /// Room behind the octets.
    var room: Int { bytes.count - end }

    /// Forgets the octets and keeps the buffer.
    mutating func clear() {
        start = 0
        end = 0
    }

    /// Appends the first `count` octets to `content`, and forgets them here.
    mutating func take(_ count: Int, into content: inout [UInt8]) {
        // Safe: the buffer does not outlive the call. A slice would count a reference.
        unsafe bytes.span.extracting(start..<start + count).withUnsafeBufferPointer {
            unsafe content.append(contentsOf: $0)
        }
        start += count
    }

    /// Makes room behind the octets: by moving them to the front, or by doubling the buffer when it is full of them.
    ///
    /// The parser's limits bound what can be unused, and so the doubling.
    mutating func makeRoom() {
        if start == end {
            clear()
        } else if room == 0, start > 0 {
            bytes.replaceSubrange(0..<count, with: bytes[start..<end])
            end -= start
            start = 0
        } else if room == 0 {
            bytes.append(contentsOf: repeatElement(0, count: bytes.count))
        }
    }
}

/// Octets that wait to be sent, and how many of them have been.
struct OutputBuffer {
    var bytes: [UInt8] = []
    var sent = 0

    var pending: Int { bytes.count - sent }
    var isEmpty: Bool { pending == 0 }
    /// So much that was sent may stay in front of what comes next.
    private static let keptOctets = 2048

    /// Forgets everything and keeps the buffer.
    ///
    /// To empty an array costs more than to write a small answer: the next ones are put behind what was sent, until that
    /// has become too much.
    mutating func clear() {
        if bytes.count > Self.keptOctets { bytes.removeAll(keepingCapacity: true) }
        sent = bytes.count
    }
}

/// The buffers of one loop, which connections have only while something is in flight: a resting one costs none.
struct BufferPool {
    // Nearly always a buffer is given back before the next is borrowed: one of each has a place of its own.
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var inputs: [[UInt8]] = []
    private var outputs: [[UInt8]] = []
    private let inputSize: Int
    /// What is kept for later at most, of each kind.
    private static let keptBuffers = 64
    /// An output buffer that has grown beyond this is freed rather than kept.
    private static let keptCapacity = 256 << 10

    init(inputSize: Int) {
        self.inputSize = inputSize
    }

    // Buffers are swapped rather than copied and cleared: no count of references changes on the way.

    mutating func borrowInput(_ buffer: inout InputBuffer) {
        buffer.clear()
        if !input.isEmpty {
            swap(&input, &buffer.bytes)
        } else if inputs.isEmpty {
            buffer.bytes = [UInt8](repeating: 0, count: inputSize)
        } else {
            swap(&inputs[inputs.count - 1], &buffer.bytes)
            inputs.removeLast()
        }
    }

    /// Takes the memory and leaves an empty buffer.
    mutating func giveBackInput(_ buffer: inout InputBuffer) {
        if input.isEmpty, buffer.bytes.count == inputSize {
            swap(&input, &buffer.bytes)
        } else if buffer.bytes.count == inputSize, inputs.count < Self.keptBuffers {
            inputs.append([])
            swap(&inputs[inputs.count - 1], &buffer.bytes)
        } else {
            buffer.bytes = []
        }
        buffer.clear()
    }

    mutating func borrowOutput(_ buffer: inout OutputBuffer) {
        if output.capacity > 0 {
            swap(&output, &buffer.bytes)
        } else if !outputs.isEmpty {
            swap(&outputs[outputs.count - 1], &buffer.bytes)
            outputs.removeLast()
        }
        buffer.sent = buffer.bytes.count
    }

    /// Takes the memory of a buffer that is all sent, and leaves an empty one.
    mutating func giveBackOutput(_ buffer: inout OutputBuffer) {
        buffer.clear()
        if output.capacity == 0, buffer.bytes.capacity <= Self.keptCapacity {
            swap(&output, &buffer.bytes)
        } else if buffer.bytes.capacity <= Self.keptCapacity, outputs.count < Self.keptBuffers {
            outputs.append([])
            swap(&outputs[outputs.count - 1], &buffer.bytes)
        } else {
            buffer.bytes = []
        }
        buffer.sent = 0
    }
}
