/// What scoring needs of some items, one row each: of the whole catalogue, of a few gathered ones, or of their mean.
struct ItemRows: Sendable {
    var count: Int
    /// q_G, `count` × d.
    var gmf: FrozenArray<Float>
    /// W_1ᴵ q_M, `count` × the first layer's outputs.
    var halves: FrozenArray<Float>
    /// β_i.
    var bias: FrozenArray<Float>
}

extension ScoringModel {
    /// Every item.
    var catalogue: ItemRows { ItemRows(count: itemCount, gmf: itemGMF, halves: itemHalves, bias: itemBias) }

    /// The rows of `items`, copied next to each other so that the same products run over them.
    func gather(_ items: [Int32]) -> ItemRows {
        let halfWidth = layers.first?.outputs ?? 0
        return ItemRows(
            count: items.count, gmf: gather(items, from: itemGMF, width: gmfWidth),
            halves: gather(items, from: itemHalves, width: halfWidth), bias: gather(items, from: itemBias, width: 1))
    }

    private func gather(_ items: [Int32], from rows: FrozenArray<Float>, width: Int) -> FrozenArray<Float> {
        var gathered: [Float] = []
        gathered.reserveCapacity(items.count * width)
        unsafe rows.withUnsafeBufferPointer { rows in
            for item in items {
                precondition(item >= 0 && item < itemCount, "an item index out of bounds")
                unsafe gathered.append(contentsOf: rows[Int(item) * width..<(Int(item) + 1) * width])
            }
        }
        return FrozenArray(gathered)
    }
}
