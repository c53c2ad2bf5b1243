/// The deadlines of many slots, of which each has at most one, kept so that moving one later costs two stores.
///
/// A binary heap of wake-up times with lazy re-arming. Invariant: a slot with a deadline has a heap entry that is not
/// later than it (`armed`). Putting a deadline off (what every request on a busy connection does) only changes
/// `wanted`; when the early entry comes up, it is pushed again at the wanted time. Only a deadline that moves before
/// its entry pushes a new one, and leaves the old one behind to be ignored. Rejected: one timer descriptor per
/// connection (a system call per request) and removal from the middle of the heap (O(log n) per request).
struct DeadlineQueue {
    private struct Entry {
        var instant: Int64
        var slot: Int32
    }

    private var heap: [Entry] = []
    private var wanted: [Int64] = []
    private var armed: [Int64] = []
    private static let never = Int64.max

    /// How many heap entries there are, the ignorable ones included.
    var entryCount: Int { heap.count }

    /// When to look next: not later than the earliest deadline, possibly earlier. Nil when nothing is armed.
    var earliestWakeUp: MonotonicInstant? {
        heap.first.map { MonotonicInstant(nanoseconds: $0.instant) }
    }

    /// Sets, moves or (with nil) removes the deadline of `slot`. O(1) unless it moves before the armed time.
    mutating func set(_ deadline: MonotonicInstant?, for slot: Int) {
        while slot >= wanted.count {
            wanted.append(Self.never)
            armed.append(Self.never)
        }
        let instant = deadline?.nanoseconds ?? Self.never
        wanted[slot] = instant
        guard instant < armed[slot] else { return }
        armed[slot] = instant
        push(Entry(instant: instant, slot: Int32(slot)))
    }

    /// Takes one slot whose deadline is `now` or earlier; its deadline is then removed. O(log n).
    mutating func popExpired(now: MonotonicInstant) -> Int? {
        while let first = heap.first, first.instant <= now.nanoseconds {
            removeFirst()
            let slot = Int(first.slot)
            guard armed[slot] == first.instant else { continue }
            armed[slot] = Self.never
            if wanted[slot] <= now.nanoseconds {
                wanted[slot] = Self.never
                return slot
            }
            if wanted[slot] != Self.never {
                armed[slot] = wanted[slot]
                push(Entry(instant: wanted[slot], slot: first.slot))
            }
        }
        return nil
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].instant < heap[parent].instant else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].instant < heap[smallest].instant {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
