import Synchronization
import Testing

@testable import NCF

@Suite("Parallel loop")
struct ParallelLoopTests {
    @Test("every task runs once, and no worker does two at a time", arguments: [1, 2, 3, 8], [0, 1, 2, 7, 100])
    func everyTaskOnce(threads: Int, tasks: Int) {
        let runs = AlignedBuffer<Int32>(count: max(1, tasks), repeating: 0)
        let busy = AlignedBuffer<Int32>(count: threads, repeating: 0)
        let overlaps = Atomic<Int>(0)
        ParallelLoop(threads: threads).run(tasks: tasks) { worker, task in
            if busy[worker] != 0 { overlaps.wrappingAdd(1, ordering: .relaxed) }
            busy[worker] = 1
            runs[task] += 1
            busy[worker] = 0
        }
        #expect(overlaps.load(ordering: .relaxed) == 0)
        #expect(runs.array.prefix(tasks).allSatisfy { $0 == 1 })
    }
}

@Suite("Grouping samples by row")
struct RowGroupsTests {
    @Test("each touched row comes once, with its samples in order")
    func grouping() {
        let groups = RowGroups(rowCount: 6, sampleCapacity: 8)
        for rows: [Int32] in [[4, 1, 4, 4, 0, 1], [], [5], [2, 2, 2, 2, 2, 2, 2, 2]] {
            unsafe rows.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe groups.group(rows: base, count: rows.count)
            }
            guard !rows.isEmpty else { continue }
            var expected: [(row: Int, samples: [Int32])] = []
            for (sample, row) in rows.enumerated() {
                if let index = expected.firstIndex(where: { $0.row == Int(row) }) {
                    expected[index].samples.append(Int32(sample))
                } else {
                    expected.append((Int(row), [Int32(sample)]))
                }
            }
            expected.sort { $0.row < $1.row }
            #expect(groups.count == expected.count)
            for slot in 0..<groups.count {
                let entry = unsafe groups.entry(slot)
                let (row, samples) = unsafe (entry.row, Array(entry.samples))
                #expect(row == expected[slot].row)
                #expect(samples == expected[slot].samples)
            }
        }
    }

    @Test("of many rows those of a stretch of the table stand together, stretch after stretch")
    func stretches() {
        let rows: [Int32] = [9_999, 3, 5_000, 0, 9_998, 5_001, 3, 1]
        let groups = RowGroups(rowCount: 10_000, sampleCapacity: 8)
        unsafe rows.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe groups.group(rows: base, count: rows.count)
        }
        #expect((0..<groups.count).map { unsafe groups.entry($0).row } == [3, 0, 1, 5_000, 5_001, 9_999, 9_998])
    }
}
