/// A model as a safetensors file that others can read, and that ``ImportedModel`` takes: piece by piece, out of the
/// memory that it is served from, which stays alive meanwhile.
public struct WeightsExport: Sendable {
    /// Bytes of the whole file.
    public let byteCount: Int
    /// The header, then the tensors, without gaps.
    private let segments: [FrozenArray<UInt8>]

    init(_ snapshot: ModelSnapshot) {
        // How the users are distributed follows from their rows, unless they carry histories.
        let hasHistory = snapshot.model.history != nil
        let tensors = snapshot.tensors().filter { tensor in
            let isPrior = hasHistory && tensor.name.hasPrefix("prior.user")
            // Without the branch that the architecture lacks, whose matrices have no columns.
            let isEmpty = tensor.shape.count == 2 ? tensor.shape[1] == 0 : isPrior && tensor.shape == [0]
            return !isEmpty && (isPrior || !ModelSnapshot.isDerived(tensor: tensor.name))
        }
        let ordered = SafetensorsFile.laidDown(tensors)
        let header = SafetensorsHeader.encode(ordered, metadata: WeightsMetadata(of: snapshot).encoded)
        segments = [FrozenArray(header)] + ordered.map(\.bytes)
        byteCount = segments.reduce(0) { $0 + $1.count }
    }

    /// Up to `limit` bytes of the file from `offset` on; fewer only at its end.
    public func bytes(from offset: Int, limit: Int) -> [UInt8] {
        var piece: [UInt8] = []
        piece.reserveCapacity(min(limit, max(0, byteCount - offset)))
        var start = 0
        for segment in segments where piece.count < limit {
            let first = offset + piece.count - start
            if first < segment.count {
                let count = min(limit - piece.count, segment.count - first)
                unsafe segment.withUnsafeBufferPointer { unsafe piece.append(contentsOf: $0[first..<first + count]) }
            }
            start += segment.count
        }
        return piece
    }
}

extension ModelSnapshot {
    /// The weights and everything that must come with them to be served elsewhere, without users who are hidden; see
    /// docs/model-format.md.
    public func exportedWeights() -> WeightsExport {
        let hidden = Set(hidden.all)
        return WeightsExport(hidden.isEmpty ? self : removing(users: hidden))
    }

    /// Whether a tensor of a snapshot's payload follows from the others, or means nothing without the catalogue that it was
    /// trained beside: it is not given out, and not read when it comes.
    static func isDerived(tensor name: String) -> Bool {
        ["item_halves", "popularity", "popularity_order"].contains(name) || name.hasPrefix("prior.")
            || name.hasPrefix("features.")
    }
}
