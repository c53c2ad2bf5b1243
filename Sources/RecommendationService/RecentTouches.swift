/// What one user did since the model was trained, in the order of arrival; of too much the newest.
///
/// The bound is for the one name that stands for many, such as a shop's guest: whoever answers such a user goes through all that is
/// held. Adding and dropping the oldest take O(1) on average.
struct RecentTouches: Sendable {
    /// One touch, with its row in the store.
    struct Element: Sendable {
        let row: Int64
        let touch: RecentTouch
    }

    private var elements: [Element] = []
    /// Elements before this one are dropped; they are cut off when they make up half of the array.
    private var first = 0
    /// Whether there was more than is held.
    private(set) var isCut = false

    /// Those held, oldest first.
    var held: ArraySlice<Element> { elements[first...] }

    /// Nothing is held, nor was there more.
    var isOver: Bool { held.isEmpty && !isCut }

    /// Adds the newest one, in place of the oldest where there are `limit`.
    mutating func append(_ row: Int64, _ touch: RecentTouch, limit: Int) {
        if held.count >= limit {
            dropOldest()
            isCut = true
        }
        elements.append(Element(row: row, touch: touch))
    }

    /// Drops the oldest one, should it be that of `row`.
    mutating func dropOldest(if row: Int64) {
        if held.first?.row == row { dropOldest() }
    }

    /// Drops those of which `isGone` says so; O(held).
    mutating func removeAll(where isGone: (Element) -> Bool) {
        elements = held.filter { !isGone($0) }
        first = 0
    }

    private mutating func dropOldest() {
        first += 1
        if first * 2 > elements.count {
            elements.removeFirst(first)
            first = 0
        }
    }
}
