internal import CKernels

/// What scoring needs of some items, one row each: of the whole catalogue, of a few gathered ones, or of their mean.
struct ItemRows: Sendable {
    var count: Int
    /// q_G, `count` × d.
    var gmf: FrozenArray<Float>
    /// W_1ᴵ q_M, `count` × the first layer's outputs.
    var halves: FrozenArray<Float>
    /// β_i.
    var bias: FrozenArray<Float>
    /// Which items of the catalogue they are.
    var meaning = Meaning.others

    /// Which items of a catalogue some rows are.
    enum Meaning: Sendable, Equatable {
        /// All, in their order.
        case catalogue
        /// These.
        case items([Int32])
        /// None of it: a mean item, or some that the model does not know.
        case others
    }

    /// Where the rows lie.
    @unsafe
    struct Pointers {
        var count: Int
        var gmf: UnsafePointer<Float>
        var halves: UnsafePointer<Float>
        var bias: UnsafePointer<Float>

        /// The GMF rows `items` with their biases, as the kernels take them.
        @inline(__always)
        func gmf(_ items: Range<Int>, width: Int) -> ServingKernels.Rows {
            unsafe ServingKernels.Rows(
                count: items.count, width: width, base: gmf + items.lowerBound * width, bias: bias + items.lowerBound)
        }
    }

    /// Runs `body` on the rows where they lie; the pointers must not leave it. Where a branch is missing, its pointer is
    /// to something else, of which no element may be read.
    @unsafe @inline(__always)
    func withPointers(_ body: (Pointers) -> Void) {
        unsafe gmf.withUnsafeBufferPointer { gmf in
            unsafe halves.withUnsafeBufferPointer { halves in
                unsafe bias.withUnsafeBufferPointer { bias in
                    guard let own = bias.baseAddress else { return }
                    unsafe body(
                        Pointers(
                            count: count, gmf: gmf.baseAddress ?? own, halves: halves.baseAddress ?? own, bias: own))
                }
            }
        }
    }
}

extension ScoringModel {
    /// Every item.
    var catalogue: ItemRows {
        ItemRows(count: itemCount, gmf: itemGMF, halves: itemHalves, bias: itemBias, meaning: .catalogue)
    }

    /// The rows of `items`, copied next to each other so that the same products run over them.
    func gather(_ items: [Int32]) -> ItemRows {
        precondition(items.allSatisfy { $0 >= 0 && $0 < itemCount }, "an item index out of bounds")
        let halfWidth = layers.first?.outputs ?? 0
        return ItemRows(
            count: items.count, gmf: gather(items, from: itemGMF, width: gmfWidth),
            halves: gather(items, from: itemHalves, width: halfWidth), bias: gather(items, from: itemBias, width: 1),
            meaning: .items(items))
    }

    private func gather(_ items: [Int32], from rows: FrozenArray<Float>, width: Int) -> FrozenArray<Float> {
        // Rows that are far apart come from memory, so some are always on their way.
        let ahead = 16
        return unsafe rows.withUnsafeBufferPointer { rows in
            unsafe FrozenArray(count: items.count * width) { gathered in
                guard let rows = rows.baseAddress, let gathered = gathered.baseAddress else { return }
                for (index, item) in items.enumerated() {
                    if index + ahead < items.count {
                        let next = Int(items[index + ahead]) * width
                        unsafe nectar_prefetch(rows + next, Int64(width * MemoryLayout<Float>.stride))
                    }
                    unsafe (gathered + index * width).initialize(from: rows + Int(item) * width, count: width)
                }
            }
        }
    }
}
