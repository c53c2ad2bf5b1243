import InteractionStorage
import NCF

/// What a user did with an item since the model was trained; 40 bytes.
struct RecentTouch: Sendable {
    let itemID: ExactName
    /// What it counts, below 0 for a dislike; at its own time, until it is ``faded(at:)``.
    private(set) var evidence: Float
    /// What the item was rated; NaN where it was not.
    let rating: Float
    /// When it happened, in milliseconds since 1970; 0 is unknown.
    let timestamp: Int64
    /// Days after which it counts half; infinity where it does not fade.
    private let halfLifeDays: Float
    /// Tells kinds apart: of one kind the newest touch of an item corrects the older ones.
    let kindMark: Int32

    /// An interaction of a `kind`, which is nil where it is refused: it then counts for nothing.
    init(
        itemID: ExactName, kind: FeedbackKind? = .plain, kindName: String? = nil, weight: Double? = nil,
        rating: Double? = nil, timestamp: Int64? = nil
    ) {
        self.itemID = itemID
        kindMark = kindName.map { Int32(truncatingIfNeeded: ExactName($0).hashValue) } ?? 0
        evidence = kind?.evidence(weight.map(Float.init) ?? 1) ?? 0
        self.rating = rating.map(Float.init) ?? .nan
        self.timestamp = timestamp ?? 0
        halfLifeDays = kind?.halfLifeDays.map(Float.init) ?? .infinity
    }

    /// The same as it counts at the time `now`; what has no time does not fade.
    func faded(at now: Int64) -> RecentTouch {
        guard timestamp != 0, halfLifeDays.isFinite, now > timestamp else { return self }
        var faded = self
        faded.evidence = FeedbackKind.faded(evidence, halfLifeDays: Double(halfLifeDays), after: now - timestamp)
        return faded
    }

    /// `touches`, which are in the order of their arrival, in that of their times; one without a time comes right after all that
    /// had arrived before it.
    static func byTime(_ touches: [RecentTouch]) -> [RecentTouch] {
        var latest = Int64.min
        let keys = touches.map { touch in
            if touch.timestamp == 0 { return latest }
            latest = max(latest, touch.timestamp)
            return touch.timestamp
        }
        return touches.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { touches[$0] }
    }
}
