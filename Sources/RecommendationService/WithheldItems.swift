import HeapModule
import InteractionStorage

/// Which items may not be recommended just now: those that are hidden, outside of their window of availability, or deleted.
///
/// Kept from change to change, for a shop may have hundreds of thousands that are sold out, and every answer asks. A change takes
/// O(log n), and so does each window that has opened or closed since the last look.
struct WithheldItems: Sendable {
    /// Their names.
    private(set) var names = NameSet()
    /// How often one came or went.
    private(set) var changeCount = 0
    /// The last of these changes.
    private var changes: [Change] = []
    private var windows: [ExactName: Window] = [:]
    /// When windows open and close, later than ``now``; also windows that are others' by now.
    private var turns = Heap<Turn>()
    private var now = Int64.min

    /// An item that came to them, or left them.
    struct Change: Sendable {
        let name: ExactName
        let isWithheld: Bool
    }

    /// When an item is available: from the first on, until the other, in milliseconds since 1970.
    private struct Window: Sendable {
        let from: Int64?
        let until: Int64?

        func contains(_ time: Int64) -> Bool { from.map { $0 <= time } ?? true && until.map { time < $0 } ?? true }
    }

    private struct Turn: Sendable, Comparable {
        let time: Int64
        let name: ExactName

        static func < (left: Turn, right: Turn) -> Bool { left.time < right.time }
    }

    /// Changes that are remembered.
    private static let changesKept = 16_384

    /// An item has this record now.
    mutating func put(_ item: Item) {
        let name = ExactName(item.id)
        guard !item.hidden, item.availableFrom != nil || item.availableUntil != nil else {
            windows[name] = nil
            return set(name, isWithheld: item.hidden)
        }
        let window = Window(from: item.availableFrom, until: item.availableUntil)
        windows[name] = window
        expectTurns(of: name, window)
        set(name, isWithheld: !window.contains(now))
    }

    /// An item was deleted; a model may still know it.
    mutating func withdraw(_ name: ExactName) {
        windows[name] = nil
        set(name, isWithheld: true)
    }

    /// It is so late now, in milliseconds since 1970.
    mutating func advance(to time: Int64) {
        guard time != now else { return }
        guard time > now else { return setBack(to: time) }
        now = time
        while let turn = turns.min, turn.time <= time {
            turns.removeMin()
            if let window = windows[turn.name] { set(turn.name, isWithheld: !window.contains(time)) }
        }
    }

    /// What came and went after so many changes; nil where that is too long ago.
    func changes(after count: Int) -> ArraySlice<Change>? {
        let missed = changeCount - count
        return (0...changes.count).contains(missed) ? changes.suffix(missed) : nil
    }

    /// How many openings and closings of windows are waited for, those of others included; for tests.
    var expectedTurns: Int { turns.count }

    private mutating func set(_ name: ExactName, isWithheld: Bool) {
        guard isWithheld ? names.insert(name) : names.remove(name) else { return }
        changeCount += 1
        changes.append(Change(name: name, isWithheld: isWithheld))
        if changes.count > Self.changesKept { changes.removeFirst(Self.changesKept / 2) }
    }

    private mutating func expectTurns(of name: ExactName, _ window: Window) {
        for time in [window.from, window.until].compactMap(\.self) where time > now {
            turns.insert(Turn(time: time, name: name))
        }
        // Of items that are stored again and again most are past.
        if turns.count > 4 * windows.count + 1000 { expectAllTurns() }
    }

    private mutating func expectAllTurns() {
        turns = Heap(
            windows.flatMap { name, window in
                [window.from, window.until].compactMap(\.self).filter { [now] in $0 > now }
                    .map { Turn(time: $0, name: name) }
            })
    }

    /// The clock was put back.
    private mutating func setBack(to time: Int64) {
        now = time
        expectAllTurns()
        for (name, window) in windows { set(name, isWithheld: !window.contains(time)) }
    }
}
