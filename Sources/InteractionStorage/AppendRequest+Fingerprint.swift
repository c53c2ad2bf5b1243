extension AppendRequest {
    /// A number that stands for the interactions and for what came with them: a retry has the same one, another request has
    /// another, but for one in 2^64 by accident. It is kept in files, so that it must never change.
    ///
    /// ``StableHash`` over every member, each with its presence and, where it is text, its length first.
    var fingerprint: Int64 {
        var hash = StableHash()
        for interaction in interactions {
            hash.combine(interaction.userID)
            hash.combine(interaction.itemID)
            hash.combine(interaction.kind)
            hash.combine(interaction.rating?.bitPattern)
            hash.combine(interaction.weight?.bitPattern)
            hash.combine(interaction.timestamp.map { UInt64(bitPattern: $0) })
            hash.combine(interaction.interactionID)
        }
        if let companions { hash.combine(companions) }
        return Int64(bitPattern: hash.value)
    }
}
