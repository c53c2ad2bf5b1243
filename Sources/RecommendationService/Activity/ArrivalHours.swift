/// In which hour each row of the record came, as far as that is known: the store does not note it.
///
/// Rows are given out in order, so that a few numbers say it of all: from which row on it was which hour. Hours are counted
/// from 1970. The same row always gets the same hour, or it would be counted in one and taken away from another.
struct ArrivalHours: Sendable, Equatable {
    /// From this row on, until the next entry, rows came in this hour; nil: it is not known when.
    struct Entry: Sendable, Equatable {
        var firstRow: Int64
        var hour: Int?
    }

    /// Ascending, by rows and by the hours that are known.
    private(set) var entries: [Entry] = []

    /// Milliseconds of an hour.
    static let hourLength: Int64 = 3_600_000

    /// The hour of a time in milliseconds since 1970.
    static func hour(of milliseconds: Int64) -> Int {
        let (hours, rest) = milliseconds.quotientAndRemainder(dividingBy: hourLength)
        return Int(rest < 0 ? hours - 1 : hours)
    }

    /// Rows from `row` on come in `hour`, or at a time that is not known. A clock that was set back changes nothing.
    ///
    /// Returns whether that is news.
    @discardableResult
    mutating func note(_ hour: Int?, from row: Int64) -> Bool {
        if let last = entries.last {
            guard row >= last.firstRow, hour != last.hour else { return false }
            if let hour, let known = entries.last(where: { $0.hour != nil })?.hour, hour < known { return false }
            if row == last.firstRow { entries.removeLast() }
        }
        entries.append(Entry(firstRow: row, hour: hour))
        return true
    }

    /// The hour in which something happened that stands in `row`: what its own time says, but never later than it came; where it
    /// has none, when it came. Nil where neither is known.
    func hour(of row: Int64, at milliseconds: Int64?) -> Int? {
        let arrival = arrival(of: row)
        guard let milliseconds else { return arrival }
        let hour = Self.hour(of: milliseconds)
        // Whatever came before the first hour that is known came no later than in that.
        guard let latest = arrival ?? entries.first(where: { $0.firstRow > row && $0.hour != nil })?.hour else {
            return hour
        }
        return min(hour, latest)
    }

    /// Forgets when rows came that came before `hour`, as far as none is asked for any more: all that is said of them from then on
    /// is that it was long ago.
    mutating func forget(before hour: Int) {
        guard let last = entries.lastIndex(where: { $0.hour.map { $0 < hour } ?? false }) else { return }
        entries.removeFirst(last)
    }

    private func arrival(of row: Int64) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].firstRow <= row { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? entries[low - 1].hour : nil
    }
}
