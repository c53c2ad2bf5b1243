extension AppendRequest {
    /// Carries out a group of appends, those that no store takes aside.
    ///
    /// The group is tried as a whole first: after the checks made here, a request can fail on its own only for reasons no one
    /// has foreseen. Should that happen, it is tried again, each request by itself.
    ///
    /// - Parameter body: Carries out requests in one transaction, isolated from each other or not.
    static func carryOut(
        _ group: [AppendRequest],
        by body: ([AppendRequest], _ isolated: Bool) throws(StoreError) -> [Result<AppendReceipt, StoreError>]
    ) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        // As a rule.
        if !group.contains(where: { $0.fault != nil }) { return try carryOut(sound: group, by: body) }
        var results: [Result<AppendReceipt, StoreError>?] = group.map { request in
            request.fault.map { .failure(.failed(operation: "append", reason: $0)) }
        }
        let sound = results.indices.filter { results[$0] == nil }
        let receipts = try carryOut(sound: sound.map { group[$0] }, by: body)
        for (index, receipt) in zip(sound, receipts) { results[index] = receipt }
        return results.compactMap(\.self)
    }

    private static func carryOut(
        sound requests: [AppendRequest],
        by body: ([AppendRequest], _ isolated: Bool) throws(StoreError) -> [Result<AppendReceipt, StoreError>]
    ) throws(StoreError) -> [Result<AppendReceipt, StoreError>] {
        guard !requests.isEmpty else { return [] }
        do {
            return try body(requests, false)
        } catch {
            guard case .failed = error else { throw error }
            return try body(requests, true)
        }
    }
}
