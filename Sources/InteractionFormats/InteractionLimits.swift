/// How large the numbers of an interaction may be, of which kind it may be, and how long the row that holds it.
public struct InteractionLimits: Sendable {
    /// The longest row of NDJSON or CSV, in bytes without its ending.
    public var rowLength: Int
    /// The ratings taken. Ratings are trained on in single precision and their squares are summed, so that a finite
    /// number is not enough.
    public var rating: ClosedRange<Double>
    /// The weights taken. A weight says how much an interaction counts; what counts against an item is said by its kind.
    public var weight: ClosedRange<Double>
    /// The kinds taken; nil for any.
    public var kinds: KnownKinds?
    /// How many bytes of a row with a fault go with the fault (``RowFault/row``); 0: there is no row with it.
    public var refusedTextLength = 0

    /// The limits of the HTTP interface, unless others are given.
    public init(
        rowLength: Int = 65_536, rating: ClosedRange<Double> = -1e9...1e9, weight: ClosedRange<Double> = 0...1e9,
        kinds: KnownKinds? = nil
    ) {
        self.rowLength = rowLength
        self.rating = rating
        self.weight = weight
        self.kinds = kinds
    }
}
