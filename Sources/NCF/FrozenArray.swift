/// Elements that never change again, in memory of their own or in a mapped file; copying it copies a reference.
///
/// What a snapshot is made of: a model just trained and a model mapped from disk then serve through the same code.
@safe
struct FrozenArray<Element: BitwiseCopyable & Sendable>: Sendable {
    // The memory outlives the pointer because `owner` is kept beside it, and nobody writes to it.
    private nonisolated(unsafe) let base: UnsafeBufferPointer<Element>
    private let owner: any AnyObject & Sendable

    /// What keeps the memory alive, for another view of it.
    var keeper: any AnyObject & Sendable { owner }

    /// Copies `elements` into memory of its own.
    init(_ elements: some Collection<Element>) {
        let memory = FrozenMemory<Element>(copying: elements)
        unsafe base = memory.buffer
        owner = memory
    }

    /// Memory of its own for `count` elements, all of which `initialize` initialises.
    @unsafe
    init(count: Int, initialize: (UnsafeMutableBufferPointer<Element>) -> Void) {
        let memory = unsafe FrozenMemory<Element>(count: count, initialize)
        unsafe base = memory.buffer
        owner = memory
    }

    /// Views memory that `owner` keeps alive, unchanged and aligned for `Element`.
    @unsafe
    init(viewing base: UnsafeBufferPointer<Element>, owner: any AnyObject & Sendable) {
        unsafe self.base = unsafe base
        self.owner = owner
    }

    /// Runs `body` on the elements; the pointer must not leave it.
    @inline(__always)
    func withUnsafeBufferPointer<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(owner) {} }
        return try unsafe body(base)
    }
}

extension FrozenArray: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { unsafe base.count }

    subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count, "index \(index) of \(count) frozen elements")
        defer { withExtendedLifetime(owner) {} }
        return unsafe base[index]
    }
}

/// The allocation behind a ``FrozenArray`` that is not mapped.
@safe
private final class FrozenMemory<Element: BitwiseCopyable & Sendable>: Sendable {
    // Written in init only.
    nonisolated(unsafe) let buffer: UnsafeBufferPointer<Element>

    init(count: Int, _ initialize: (UnsafeMutableBufferPointer<Element>) -> Void) {
        let raw = unsafe HugePages.allocate(byteCount: count * MemoryLayout<Element>.stride)
        let memory = unsafe raw.bindMemory(to: Element.self)
        unsafe initialize(memory)
        unsafe buffer = UnsafeBufferPointer(memory)
    }

    convenience init(copying elements: some Collection<Element>) {
        unsafe self.init(count: elements.count) { _ = unsafe $0.initialize(fromContentsOf: elements) }
    }

    deinit {
        // Nobody else refers to it any more.
        nonisolated(unsafe) let buffer = unsafe buffer
        unsafe RetiredMemory.retire(byteCount: buffer.count * MemoryLayout<Element>.stride) {
            unsafe buffer.deallocate()
        }
    }
}
