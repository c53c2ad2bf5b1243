/// Which samples of a mini-batch touch which row of a table: each touched row once, in the order of first touch, with its
/// samples in their order, so that the sum of its gradient does not depend on who computes it.
@safe
// Unchecked: one thread writes it in one phase of a step, and all read it in the next.
final class RowGroups: @unchecked Sendable {
    private let slots: AlignedBuffer<Int32>
    private let touched: AlignedBuffer<Int32>
    private let ends: AlignedBuffer<Int32>
    private let samples: AlignedBuffer<Int32>
    private(set) var count = 0

    init(rowCount: Int, sampleCapacity: Int) {
        slots = AlignedBuffer(count: rowCount, repeating: -1)
        touched = AlignedBuffer(count: sampleCapacity, repeating: 0)
        ends = AlignedBuffer(count: sampleCapacity + 1, repeating: 0)
        samples = AlignedBuffer(count: sampleCapacity, repeating: 0)
    }

    /// Groups the samples 0 ..< `count` by `rows`; O(count).
    func group(rows: UnsafePointer<Int32>, count sampleCount: Int) {
        precondition(sampleCount <= samples.count)
        let slots = unsafe self.slots.base
        let touched = unsafe self.touched.base
        let ends = unsafe self.ends.base
        let samples = unsafe self.samples.base
        var found: Int32 = 0
        for sample in 0..<sampleCount {
            let row = unsafe Int(rows[sample])
            if unsafe slots[row] < 0 {
                unsafe slots[row] = found
                unsafe touched[Int(found)] = Int32(row)
                unsafe ends[Int(found)] = 0
                found += 1
            }
            unsafe ends[Int(slots[row])] += 1
        }
        count = Int(found)
        // Sizes become beginnings, which the next loop moves on to the ends.
        var total: Int32 = 0
        for slot in 0..<count {
            let size = unsafe ends[slot]
            unsafe ends[slot] = total
            total += size
        }
        for sample in 0..<sampleCount {
            let slot = unsafe Int(slots[Int(rows[sample])])
            unsafe samples[Int(ends[slot])] = Int32(sample)
            unsafe ends[slot] += 1
        }
        for slot in 0..<count { unsafe slots[Int(touched[slot])] = -1 }
    }

    /// The row of `slot`, or of the last one where there are fewer.
    func row(_ slot: Int) -> Int {
        Int(touched[min(slot, count - 1)])
    }

    /// The row of `slot`, and its samples.
    func entry(_ slot: Int) -> (row: Int, samples: UnsafeBufferPointer<Int32>) {
        let start = slot == 0 ? 0 : Int(ends[slot - 1])
        let own = unsafe UnsafeBufferPointer(start: samples.base + start, count: Int(ends[slot]) - start)
        return unsafe (Int(touched[slot]), own)
    }
}
