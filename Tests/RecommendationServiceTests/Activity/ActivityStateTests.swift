import InteractionStorage
import TestSupport
import Testing

@testable import RecommendationService

@Suite("Counting what comes and goes, in whatever order it is told")
struct ActivityStateTests {
    private static func isCounted(_ kind: String?) -> Bool { kind != "dislike" }

    /// A record and those who tell of it, late.
    private struct Course {
        var random: SeededGenerator
        var state = ActivityState(ItemCounts(firstHour: 80, limit: 10_000))
        var rows: [StoredInteraction] = []
        var lastRow: Int64 = 0
        var hour = 100
        /// Committed, and told later, in this order.
        var untold: [(rows: [Interaction], watermark: Int64)] = []
        /// A reading that has its moment and is not over.
        var tally: RecordTally?

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            commit(isTold: false)
            var arrivals = ArrivalHours()
            arrivals.note(95, from: 1)
            state.start(arrivals, watermark: lastRow, hour: hour)
            begin()
        }

        mutating func commit(isTold: Bool) {
            let new = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let isTimed = Bool.random(using: &random)
                let time = Int64.random(in: 70...105, using: &random) * ArrivalHours.hourLength
                return Interaction(
                    userID: "u", itemID: "i\(Int.random(in: 0..<8, using: &random))",
                    kind: Int.random(in: 0..<5, using: &random) == 0 ? "dislike" : nil,
                    timestamp: isTimed ? time : nil)
            }
            for interaction in new {
                lastRow += 1
                rows.append(StoredInteraction(rowID: lastRow, interaction: interaction))
            }
            if isTold { untold.append((new, lastRow)) }
        }

        mutating func tell() {
            guard !untold.isEmpty else { return }
            let next = untold.removeFirst()
            _ = state.append(next.rows, watermark: next.watermark, hour: hour, isCounted: isCounted)
        }

        mutating func remove() {
            guard !rows.isEmpty else { return }
            let gone = rows.remove(at: Int.random(in: 0..<rows.count, using: &random))
            state.remove([RemovedInteraction(gone)], isCounted: isCounted)
        }

        mutating func begin() {
            let empty = ItemCounts(firstHour: 80, limit: 10_000)
            state.begin(empty, at: lastRow)
            var names = InternedNames()
            for index in 0..<8 { names.insert("i\(index)", for: index + 1) }
            var kinds = InternedNames()
            kinds.insert("dislike", for: 1)
            let snapshot = ScanSnapshot(
                watermark: lastRow, interactionCount: rows.count, userIDs: InternedNames(), itemIDs: names,
                kinds: kinds)
            var tally = RecordTally(snapshot, into: empty, state.arrivals, isCounted: isCounted)
            for row in rows {
                let interaction = row.interaction
                tally.add(
                    ScannedInteraction(
                        rowID: row.rowID, userKey: 1, itemKey: (Int(interaction.itemID.dropFirst()) ?? 0) + 1,
                        kindKey: interaction.kind == nil ? 0 : 1, rating: nil, weight: nil,
                        timestamp: interaction.timestamp))
            }
            self.tally = tally
        }

        mutating func end(isWhole: Bool) {
            guard let tally else { return }
            if isWhole { state.finish(tally.counts) } else { state.abandon() }
            self.tally = nil
        }

        mutating func step() {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7: commit(isTold: true)
            case 7..<13: tell()
            case 13..<16: remove()
            case 16: hour += 1
            case 17: if tally == nil { begin() }
            case 18: end(isWhole: Int.random(in: 0..<4, using: &random) > 0)
            default: if Int.random(in: 0..<4, using: &random) == 0 { commit(isTold: false) }
            }
        }

        /// Everything is told, and where that shows that something was missed the record is read again.
        mutating func settle() {
            end(isWhole: true)
            commit(isTold: true)
            while !untold.isEmpty { tell() }
            guard state.isBehind || !state.isCounted else { return }
            begin()
            end(isWhole: true)
        }

        /// What is left, counted one by one: in all and by the hour.
        func expected() -> (totals: [ExactName: Int], hours: [Int: [ExactName: Int]]) {
            var (totals, hours) = ([ExactName: Int](), [Int: [ExactName: Int]]())
            for row in rows where isCounted(row.interaction.kind) {
                totals[ExactName(row.interaction.itemID), default: 0] += 1
                if let hour = state.arrivals.hour(of: row.rowID, at: row.interaction.timestamp), hour >= 80 {
                    hours[hour, default: [:]][ExactName(row.interaction.itemID), default: 0] += 1
                }
            }
            return (totals, hours)
        }
    }

    @Test(
        "each row that is left is counted once, in all and in its hour, and no other is",
        arguments: 1...200 as ClosedRange<UInt64>)
    func oracle(seed: UInt64) {
        var course = Course(seed: seed)
        for _ in 0..<120 { course.step() }
        course.settle()
        let counts = course.state.counts
        let (totals, hours) = course.expected()
        let found = zip(counts.names, counts.totals).filter { $0.1 != 0 }
        #expect(Dictionary(uniqueKeysWithValues: found) == totals, "seed \(seed)")
        #expect(counts.total == totals.values.reduce(0, +))
        let byHour = counts.hours.mapValues { hour in
            Dictionary(uniqueKeysWithValues: hour.counts.map { (counts.names[Int($0.key)], Int($0.value)) })
        }
        #expect(byHour.filter { !$0.value.isEmpty } == hours, "seed \(seed)")
        #expect(counts.entryCount == hours.values.reduce(0) { $0 + $1.count })
        // And nothing is left of what is taken away.
        while !course.rows.isEmpty { course.remove() }
        #expect(course.state.counts.total == 0 && course.state.counts.entryCount == 0)
        #expect(course.state.counts.totals.allSatisfy { $0 == 0 })
    }

    @Test("what was told before is not counted again, and rows that nobody has told of are noticed")
    func repeated() {
        var state = ActivityState(ItemCounts(firstHour: 0, limit: 100))
        let row = Interaction(userID: "u", itemID: "i")
        func append(_ count: Int, watermark: Int64, hour: Int = 5) -> Bool {
            state.append(
                Array(repeating: row, count: count), watermark: watermark, hour: hour, isCounted: Self.isCounted)
        }
        state.start(ArrivalHours(), watermark: 0, hour: 5)
        state.begin(ItemCounts(firstHour: 0, limit: 100), at: 0)
        state.finish(ItemCounts(firstHour: 0, limit: 100))
        #expect(!append(2, watermark: 2) && !append(2, watermark: 2) && state.counts.total == 2)
        #expect(append(1, watermark: 3, hour: 6) && !state.isBehind && state.counts.total == 3)
        #expect(!append(1, watermark: 5, hour: 6) && state.isBehind)
    }
}
