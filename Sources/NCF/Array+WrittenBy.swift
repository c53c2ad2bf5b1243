extension Array where Element: BitwiseCopyable {
    /// `count` elements, every one of which `body` writes; it is not called for none.
    ///
    /// Made without the standard library's initialiser where there are none: that one writes the number, 0, into a place
    /// that all arrays without elements share, while other threads may read it.
    @unsafe
    init(count: Int, writtenBy body: (UnsafeMutablePointer<Element>) -> Void) {
        guard count > 0 else {
            self = []
            return
        }
        unsafe self.init(unsafeUninitializedCapacity: count) { elements, filled in
            // There is one where the capacity is not 0.
            if let base = elements.baseAddress { unsafe body(base) }
            filled = count
        }
    }
}
