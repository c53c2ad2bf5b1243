/// Numbers at a fixed address on a cache-line boundary, for kernels and for several threads at once.
///
/// Unlike an array it is shared by reference and never copied, so threads may write to it together; the phases of a
/// training step see to it that no two of them touch the same elements.
@safe
final class AlignedBuffer<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Sendable because the address never changes and the elements are divided among threads by the callers.
    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// `count` elements, all `value`.
    init(count: Int, repeating value: Element) {
        let bytes = max(64, count * MemoryLayout<Element>.stride)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe base = raw.bindMemory(to: Element.self, capacity: count)
        unsafe base.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit {
        unsafe base.deallocate()
    }

    /// A copy of the elements.
    var array: [Element] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    /// Makes every element `value`.
    func fill(_ value: Element) {
        unsafe base.update(repeating: value, count: count)
    }
}
