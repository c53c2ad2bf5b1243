/// How much one item or user may hold.
public struct CatalogueLimits: Sendable {
    /// The longest title, in bytes of UTF-8.
    public var titleLength: Int
    /// The longest text that is the value of an attribute, in bytes of UTF-8.
    public var textLength: Int
    /// The most tags, the most attributes, and the most texts in one attribute.
    public var count: Int
    /// The most vectors of one item.
    public var vectorCount: Int
    /// The most elements of one vector.
    public var vectorDimension: Int
    /// The most bytes of one item or user as a line of NDJSON, as exports write it.
    public var recordLength: Int

    /// Generous for catalogues, and small beside what a request may hold.
    public init(
        titleLength: Int = 4_096, textLength: Int = 65_536, count: Int = 1_000, vectorCount: Int = 16,
        vectorDimension: Int = 4_096, recordLength: Int = 1_048_576
    ) {
        self.titleLength = titleLength
        self.textLength = textLength
        self.count = count
        self.vectorCount = vectorCount
        self.vectorDimension = vectorDimension
        self.recordLength = recordLength
    }
}
