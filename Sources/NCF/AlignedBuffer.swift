import Glibc

/// Numbers at a fixed address on a cache-line boundary, for kernels and for several threads at once.
///
/// Unlike an array it is shared by reference and never copied, so threads may write to it together; the phases of a
/// training step see to it that no two of them touch the same elements.
@safe
// Unchecked: the address never changes, and the elements are divided among threads by the callers.
final class AlignedBuffer<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int
    // What the allocator gave, of which `base` is the first cache line's beginning.
    private let allocation: UnsafeMutableRawPointer

    private static var lineBytes: Int { 64 }

    /// `count` elements, all `value`. Zeros take no physical memory before they are written to, if they are many: an
    /// optimiser's state none before the first epoch.
    init(count: Int, repeating value: Element) {
        let bytes = max(Self.lineBytes, count * MemoryLayout<Element>.stride)
        guard let allocation = unsafe calloc(1, bytes + Self.lineBytes) else {
            fatalError("there is no memory for \(bytes) bytes more")
        }
        unsafe self.allocation = unsafe allocation
        unsafe base = unsafe allocation.alignedUp(toMultipleOf: Self.lineBytes)
            .bindMemory(to: Element.self, capacity: count)
        let isZero = unsafe withUnsafeBytes(of: value) { unsafe $0.allSatisfy { $0 == 0 } }
        if !isZero { unsafe base.initialize(repeating: value, count: count) }
        self.count = count
    }

    deinit {
        unsafe free(allocation)
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
