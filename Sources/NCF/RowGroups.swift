import CKernels

/// Which samples of a mini-batch touch which row of a table: each touched row once, with its samples in their order, so that the
/// sum of its gradient does not depend on who computes it.
///
/// Rows stand roughly in the table's order, so that who takes the same part of them in every step has them in the cache.
@safe
// Unchecked: one thread writes it in one phase of a step, and all read it in the next.
final class RowGroups: @unchecked Sendable {
    private let slots: AlignedBuffer<Int32>
    private let touched: AlignedBuffer<Int32>
    // One before the first slot's, 0, and then the slots'.
    private let bounds: AlignedBuffer<Int32>
    private let samples: AlignedBuffer<Int32>
    // As they were found: rows, and how often.
    private let found: (rows: AlignedBuffer<Int32>, sizes: AlignedBuffer<Int32>)
    private static let stretches = 64
    private let stretchBits: Int
    /// The groups, for kernels.
    let kernelGroups: nectar_row_groups
    private(set) var count = 0

    init(rowCount: Int, sampleCapacity: Int) {
        slots = AlignedBuffer(count: rowCount, repeating: -1)
        touched = AlignedBuffer(count: sampleCapacity, repeating: 0)
        bounds = AlignedBuffer(count: sampleCapacity + 1, repeating: 0)
        samples = AlignedBuffer(count: sampleCapacity, repeating: 0)
        found = (
            AlignedBuffer(count: sampleCapacity, repeating: 0), AlignedBuffer(count: sampleCapacity, repeating: 0)
        )
        var bits = 0
        while max(0, rowCount - 1) >> bits >= Self.stretches { bits += 1 }
        stretchBits = bits
        unsafe kernelGroups = unsafe nectar_row_groups(
            rows: touched.base, ends: bounds.base + 1, samples: samples.base)
    }

    /// Groups the samples 0 ..< `count` by `rows`; O(count).
    func group(rows: UnsafePointer<Int32>, count sampleCount: Int) {
        precondition(sampleCount <= samples.count)
        let slots = unsafe self.slots.base
        let (rowsFound, sizes) = unsafe (found.rows.base, found.sizes.base)
        let ends = unsafe bounds.base + 1
        let samples = unsafe self.samples.base
        var count = 0
        for sample in 0..<sampleCount {
            let row = unsafe Int(rows[sample])
            if unsafe slots[row] < 0 {
                unsafe slots[row] = Int32(count)
                unsafe rowsFound[count] = Int32(row)
                unsafe sizes[count] = 0
                count += 1
            }
            unsafe sizes[Int(slots[row])] += 1
        }
        self.count = count
        unsafe order(rowsFound, sizes, count: count)
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

    /// Gives the rows found their slots, by stretches of the table.
    private func order(_ rows: UnsafePointer<Int32>, _ sizes: UnsafePointer<Int32>, count: Int) {
        let (slots, touched, ends) = unsafe (self.slots.base, self.touched.base, bounds.base + 1)
        unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.stretches + 1) { next in
            unsafe next.initialize(repeating: 0)
            for place in 0..<count { unsafe next[Int(rows[place]) >> stretchBits + 1] += 1 }
            for stretch in 0..<Self.stretches { unsafe next[stretch + 1] += next[stretch] }
            for place in 0..<count {
                let row = unsafe Int(rows[place])
                let slot = unsafe next[row >> stretchBits]
                unsafe next[row >> stretchBits] += 1
                unsafe slots[row] = Int32(slot)
                unsafe touched[slot] = Int32(row)
                unsafe ends[slot] = sizes[place]
            }
        }
    }

    /// The row of `slot`, and its samples.
    func entry(_ slot: Int) -> (row: Int, samples: UnsafeBufferPointer<Int32>) {
        let start = Int(bounds[slot])
        let own = unsafe UnsafeBufferPointer(start: samples.base + start, count: Int(bounds[slot + 1]) - start)
        return unsafe (Int(touched[slot]), own)
    }
}
