/// An element type that tensors of a safetensors file can have here; the file's numbers are little-endian, as this
/// machine's are.
protocol SafetensorsElement: BitwiseCopyable, Sendable {
    /// The format's name for it.
    static var safetensorsName: String { get }
}

extension Float: SafetensorsElement {
    static let safetensorsName = "F32"
}

extension Int32: SafetensorsElement {
    static let safetensorsName = "I32"
}

extension UInt64: SafetensorsElement {
    static let safetensorsName = "U64"
}

extension UInt8: SafetensorsElement {
    static let safetensorsName = "U8"
}

/// A named tensor on its way into a file.
struct SafetensorsTensor: Sendable {
    var name: String
    var elementName: String
    var elementSize: Int
    var shape: [Int]
    /// Its bytes, as a view of the same memory.
    var bytes: FrozenArray<UInt8>

    init<Element: SafetensorsElement>(_ name: String, _ elements: FrozenArray<Element>, shape: [Int]) {
        precondition(shape.reduce(1, *) == elements.count, "\(name): \(elements.count) elements are not \(shape)")
        self.name = name
        elementName = Element.safetensorsName
        elementSize = MemoryLayout<Element>.stride
        self.shape = shape
        bytes = elements.bytes
    }
}

extension FrozenArray {
    /// The same memory as bytes.
    var bytes: FrozenArray<UInt8> {
        unsafe withUnsafeBufferPointer { elements in
            let raw = UnsafeRawBufferPointer(elements)
            let bytes = unsafe UnsafeBufferPointer(
                start: raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count: raw.count)
            return unsafe FrozenArray<UInt8>(viewing: bytes, owner: keeper)
        }
    }
}
