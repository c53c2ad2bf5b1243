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

    /// Forgets everything and keeps the buffer.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        sent = 0
    }
}

/// The buffers of one loop, which connections have only while something is in flight: a resting one costs none.
struct BufferPool {
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
        if inputs.isEmpty {
            buffer.bytes = [UInt8](repeating: 0, count: inputSize)
        } else {
            swap(&inputs[inputs.count - 1], &buffer.bytes)
            inputs.removeLast()
        }
    }

    /// Takes the memory and leaves an empty buffer.
    mutating func giveBackInput(_ buffer: inout InputBuffer) {
        if buffer.bytes.count == inputSize, inputs.count < Self.keptBuffers {
            inputs.append([])
            swap(&inputs[inputs.count - 1], &buffer.bytes)
        } else {
            buffer.bytes = []
        }
        buffer.clear()
    }

    mutating func borrowOutput(_ buffer: inout OutputBuffer) {
        guard !outputs.isEmpty else { return }
        swap(&outputs[outputs.count - 1], &buffer.bytes)
        outputs.removeLast()
    }

    /// Takes the memory of a buffer that is all sent, and leaves an empty one.
    mutating func giveBackOutput(_ buffer: inout OutputBuffer) {
        if !buffer.bytes.isEmpty { buffer.clear() }
        if buffer.bytes.capacity <= Self.keptCapacity, outputs.count < Self.keptBuffers {
            outputs.append([])
            swap(&outputs[outputs.count - 1], &buffer.bytes)
        } else {
            buffer.bytes = []
        }
    }
}
