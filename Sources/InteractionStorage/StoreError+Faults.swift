extension StoreError {
    /// Throws where one of `records` is none that a store takes, naming the first: `item 3: …`.
    static func check<Record>(
        _ records: [Record], named noun: String, during operation: String, fault: (Record) -> String?
    ) throws(StoreError) {
        for (index, record) in records.enumerated() {
            if let fault = fault(record) { throw .failed(operation: operation, reason: "\(noun) \(index): \(fault)") }
        }
    }
}
