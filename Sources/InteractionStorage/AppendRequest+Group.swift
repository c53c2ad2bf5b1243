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
        var results: [Result<AppendReceipt, StoreError>?] = group.map { request in
            request.fault.map { .failure(.failed(operation: "append", reason: $0)) }
        }
        let sound = results.indices.filter { results[$0] == nil }
        guard !sound.isEmpty else { return results.compactMap(\.self) }
        let requests = sound.map { group[$0] }
        let receipts: [Result<AppendReceipt, StoreError>]
        do {
            receipts = try body(requests, false)
        } catch {
            guard case .failed = error else { throw error }
            receipts = try body(requests, true)
        }
        for (index, receipt) in zip(sound, receipts) { results[index] = receipt }
        return results.compactMap(\.self)
    }
}
